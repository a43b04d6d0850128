"""What a manifest asks of the accounts: the state that they should have."""
