"""A Ceph gateway of one's own for the length of a command: ``python -m tests.live.ceph COMMAND...``."""
