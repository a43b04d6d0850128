"""Asking the accounts: everything that a snapshot is made of."""
