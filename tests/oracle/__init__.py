"""A second reading of the documentation, to hold the first one against."""
