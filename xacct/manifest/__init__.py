"""The manifest: loading it, checking it, and what it asks of the accounts."""
