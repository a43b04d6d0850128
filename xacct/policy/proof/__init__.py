"""Proofs over all requests: not samples, but the languages of patterns and the ranges of values themselves."""
