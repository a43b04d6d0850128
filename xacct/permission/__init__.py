"""What a request needs to be allowed: the one table that the sandbox enforces and our own policies come from."""
