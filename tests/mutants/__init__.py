"""Mutation testing of ``xacct/policy``: ``make mutants``."""
