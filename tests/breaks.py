"""Ten ways to break a live link by hand, and what verify has to say of each.

The breaking functions take boto3 clients and names, so that they work on any backend: the embedded cloud, a real
Ceph, two accounts of AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ELSEWHERE = "999988887777"
"""An account that has nothing to do with the link."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A live link, seen with the administrators' clients of both accounts.

    ``a`` and ``b`` are IAM clients, ``s3`` is B's; ``user`` of A is in ``group``, which has the grant. ``path`` is
    the user's path. ``network_off`` cuts the consumer off from the service, and is None where that cannot be.
    """

    a: Any
    b: Any
    s3: Any
    account_a: str
    account_b: str
    user: str
    group: str
    role: str
    bucket: str
    path: str = "/"
    network_off: Callable[[], None] | None = None

    @property
    def user_arn(self) -> str:
        return f"arn:aws:iam::{self.account_a}:user{self.path}{self.user}"

    def trust(self, *principals: str) -> str:
        return document(
            {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
        )

    def policies(self) -> dict[str, str]:
        """The role's inline policies."""
        names = self.b.list_role_policies(RoleName=self.role)["PolicyNames"]
        found = {name: self.b.get_role_policy(RoleName=self.role, PolicyName=name) for name in names}
        return {name: json.dumps(answer["PolicyDocument"]) for name, answer in found.items()}

    def make_role(self, path: str = "/") -> None:
        """The role anew with its trust, without any policy."""
        for name in self.policies():
            self.b.delete_role_policy(RoleName=self.role, PolicyName=name)
        self.b.delete_role(RoleName=self.role)
        self.b.create_role(RoleName=self.role, Path=path, AssumeRolePolicyDocument=self.trust(self.user_arn))


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust_changed(link: Target) -> None:
    """The trust names somebody else of A."""
    other = f"{link.user}-other"
    link.a.create_user(UserName=other)
    trust = link.trust(f"arn:aws:iam::{link.account_a}:user/{other}")
    link.b.update_assume_role_policy(RoleName=link.role, PolicyDocument=trust)


def grant_removed(link: Target) -> None:
    for name in link.a.list_group_policies(GroupName=link.group)["PolicyNames"]:
        link.a.delete_group_policy(GroupName=link.group, PolicyName=name)


def policy_narrowed(link: Target) -> None:
    (name,) = link.policies()
    only = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{link.bucket}"}
    link.b.put_role_policy(RoleName=link.role, PolicyName=name, PolicyDocument=document(only))


def bucket_denies(link: Target) -> None:
    deny = {
        "Sid": "NobodyReads",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{link.bucket}/*",
    }
    link.s3.put_bucket_policy(Bucket=link.bucket, Policy=document(deny))


def user_renamed(link: Target) -> None:
    link.a.update_user(UserName=link.user, NewUserName=f"{link.user}-renamed")


def role_made_again(link: Target) -> None:
    """Deleted and made again by hand: the trust is right, the policies are forgotten."""
    link.make_role()


def wrong_account(link: Target) -> None:
    """The right name in the wrong account: here B, which has such a user of its own."""
    link.b.create_user(UserName=link.user)
    trust = link.trust(f"arn:aws:iam::{link.account_b}:user/{link.user}")
    link.b.update_assume_role_policy(RoleName=link.role, PolicyDocument=trust)


def path_changed(link: Target) -> None:
    """The role is made again under a path, so that its ARN is another one."""
    link.make_role("/moved/")


def session_too_long(link: Target) -> None:
    """The role's longest session is cut to the hour; the manifest declares more."""
    link.b.update_role(RoleName=link.role, MaxSessionDuration=3600)


def network_off(link: Target) -> None:
    assert link.network_off is not None
    link.network_off()


@dataclass(frozen=True, kw_only=True)
class Break:
    """One way, and what comes of it.

    ``verb`` is in the name of the first check that fails, ``layer`` the one that verify has to name, ``says`` a
    part of its explanation. ``code`` is the exit code where nobody gets in instead; ``wide`` is the end of the ARN
    of who does, whom nobody declares, by platform: then it is 4. ``not_on`` are platforms that do not enforce it:
    there the link goes on working.
    """

    way: Callable[[Target], None]
    verb: str
    layer: str
    says: str
    code: int = 3
    wide: Mapping[str, str] = field(default_factory=dict)
    not_on: frozenset[str] = frozenset()


BREAKS = {
    "trust changed": Break(
        way=trust_changed,
        verb="assumes",
        layer="trust",
        says="does not let",
        wide={"ceph": "user/user01-other"},  # who has no grant, but there grants are not judged
    ),
    "grant removed": Break(
        way=grant_removed,
        verb="assumes",
        layer="grant",
        says="The grant is missing",
        not_on=frozenset({"ceph"}),
    ),
    "policy narrowed": Break(
        way=policy_narrowed, verb="can read", layer="role policy", says="do not allow s3:GetObject"
    ),
    "bucket policy denies": Break(
        way=bucket_denies, verb="can read", layer="bucket policy", says='"NobodyReads"'
    ),
    "user renamed": Break(
        way=user_renamed,
        verb="assumes",
        layer="principal",
        says="renamed or deleted",
        wide={
            "sandbox": "user/user01-renamed",
            "aws": "user/user01-renamed",
        },  # principals are kept by id there
    ),
    "role made again": Break(
        way=role_made_again, verb="can list", layer="role policy", says="deleted and made again"
    ),
    "wrong account": Break(
        way=wrong_account,
        verb="assumes",
        layer="trust",
        says="the same name in account",
        wide=dict.fromkeys(("sandbox", "aws", "ceph"), "user/user01"),  # B's own user of that name
    ),
    "path changed": Break(way=path_changed, verb="assumes", layer="role", says="its path changed"),
    "session too long": Break(
        way=session_too_long, verb="assumes", layer="session length", says="shorter than the 7200 seconds"
    ),
    "network off": Break(way=network_off, verb="assumes", layer="network", says="", code=7),
}
"""By name; the first check that fails names the layer."""
