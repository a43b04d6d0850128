"""An embedded cloud in this process, without a server; a fork of the process is a fork of the cloud."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from moto.kms.models import kms_backends

from tests.faults.wire import Wire
from xacct.sandbox.answer import Answer
from xacct.sandbox.cloud import Sandbox
from xacct.sandbox.request import Incoming
from xacct.sandbox.store import PARTITION_REGION
from xacct.sandbox.world import Key, World


class Cloud:
    """The accounts of one scenario; a process has one of them and is not used for another one."""

    def __init__(self, accounts: list[str]) -> None:
        sandbox = Sandbox(accounts)
        sandbox.__enter__()
        assert sandbox._server is not None
        assert sandbox._gate is not None
        # Requests come from this process or through a socket of ours, and a thread would not survive a fork.
        sandbox._server.stop()
        self._gate = sandbox._gate
        self.store = self._gate._store
        self.hooks = sandbox.hooks
        self.wire = Wire(self.handle)
        self.wire.take_over()
        keys = sandbox.credentials.items()
        self.world = World(
            "http://127.0.0.1:1",
            {account: Key(key.access_key_id, key.secret_access_key) for account, key in keys},
            sandbox,
        )
        self.world.client = cache(self.world.client)  # type: ignore[method-assign]

    def handle(self, incoming: Incoming) -> Answer:
        return self._gate.handle(incoming)

    def print(self) -> str:
        """What stands for all documents, members and tags as they are, byte for byte.

        A unique id stands for whom it names now, so that what was made in another fork has the same print; one
        that names nobody stays what it is.
        """
        held = {account: self._account(account) for account in self.store.accounts}
        text = json.dumps(held, sort_keys=True, default=str)
        for entity in self.store.entities():
            text = text.replace(entity.id, f"<{entity.arn}>")
        return hashlib.sha256(text.encode()).hexdigest()

    def _account(self, account: str) -> dict[str, Any]:
        iam, s3 = self.store.iam(account), self.store.s3(account)
        return {
            "roles": {
                role.name: [
                    role.path,
                    role.assume_role_policy_document,
                    role.description,
                    role.max_session_duration,
                    role.policies,
                    sorted(role.managed_policies),
                    role.tags,
                    role.permissions_boundary_arn,
                ]
                for role in iam.roles.values()
            },
            "groups": {
                name: [
                    group.policies,
                    sorted(group.managed_policies),
                    sorted(user.name for user in group.users),
                ]
                for name, group in iam.groups.items()
            },
            "users": {
                name: [user.policies, sorted(user.managed_policies)] for name, user in iam.users.items()
            },
            "policies": {
                arn: [version.document for version in policy.versions if version.is_default]
                for arn, policy in iam.managed_policies.items()
                if f"::{account}:" in arn
            },
            "buckets": {name: str(bucket.policy) for name, bucket in s3.buckets.items()},
            "keys": {key.arn: key.policy for key in kms_backends[account][PARTITION_REGION].keys.values()},
        }
