"""Trying what must work and what must not, and finding out why."""
