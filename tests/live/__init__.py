"""Tests on services that enforce: the same ones on the sandbox, on Ceph, and on AWS where accounts are named."""
