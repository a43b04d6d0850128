"""What reads and changes accounts: snapshots, apply, verify, drift."""
