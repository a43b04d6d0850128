"""What must work and what must not, if a manifest is true."""
