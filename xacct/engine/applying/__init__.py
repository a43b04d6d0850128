"""Carrying a plan out, written down before each call, and taking it back."""
