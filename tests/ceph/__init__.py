"""Against a real Ceph gateway: ``make test-ceph``, with XACCT_CEPH naming the JSON file that describes it.

The file holds ``endpoint``, ``region``, and for the accounts ``A`` and ``B`` the ``account_id`` with
``root_access_key`` and ``root_secret_key``. Everything in both accounts is taken for throw-away.
"""
