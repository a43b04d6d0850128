"""One module per kind of resource, and the registry of them."""
