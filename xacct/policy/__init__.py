"""What policy documents mean: parsing, equality, decisions. Pure: no files, clocks, environment or log."""
