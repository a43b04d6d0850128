"""The embedded cloud: an enforcing gate in front of moto as a store."""
