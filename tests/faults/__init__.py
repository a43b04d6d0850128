"""Every apply of every example, broken at every call in every way: ``make test-faults`` runs all of it.

A scenario is one manifest and one thing to do with it, on an embedded cloud inside one process. Each case forks
twice: a process that holds the cloud as it is at that moment, and in it a process that runs xacct against it
through a socket. The first one breaks the second: kills it (SIGKILL) before or after a call, answers with an
error, throttles, cuts the connection, or answers the next reads from before the call. Then a new xacct goes on,
and the cloud has to be what it is without the fault.
"""
