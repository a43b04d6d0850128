"""What the platform of an account makes of the documents of its own people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.access.accounts import BUCKET, DATA, PEOPLE, allow, estate, role, trusting
from xacct.access.estate import Estate
from xacct.access.explain import ask
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome


def naming(*accounts: str, effect: str = "Allow") -> Document:
    return Document.of(
        {
            "Sid": "Whole",
            "Effect": effect,
            "Principal": {"AWS": list(accounts)},
            "Action": "s3:GetObject",
            "Resource": f"{BUCKET}/*",
        }
    )


def outcome(platform: str, policy: Document, *, action: str = "s3:GetObject", **policies: object) -> Outcome:
    plain = estate(role("reader", trusting(PEOPLE.root), **policies), policy=policy)
    where = Estate.of(replace(one, platform=platform) for one in plain.snapshots.values())
    return ask(where, where.principal(DATA.iam_arn("role/reader")), action, f"{BUCKET}/a", {}).outcome


@pytest.mark.parametrize("name", [DATA.root, DATA.id])
def test_a_bucket_policy_that_names_the_account_only_delegates_except_on_ceph(name: str) -> None:
    assert outcome("aws", naming(name)) is Outcome.IMPLICITLY_DENIED
    assert outcome("ceph", naming(name)) is Outcome.ALLOWED
    assert outcome("ceph", naming(name, PEOPLE.root)) is Outcome.ALLOWED


def test_only_what_it_says_and_only_for_that_account() -> None:
    assert outcome("ceph", naming(DATA.root), action="s3:PutObject") is Outcome.IMPLICITLY_DENIED
    assert outcome("ceph", naming(PEOPLE.root)) is Outcome.IMPLICITLY_DENIED
    assert outcome("ceph", naming(DATA.root, effect="Deny")) is Outcome.EXPLICITLY_DENIED


def test_a_deny_of_one_s_own_stays_stronger() -> None:
    own = {**allow("s3:GetObject", f"{BUCKET}/*"), "Effect": "Deny"}
    assert outcome("ceph", naming(DATA.root), own=own) is Outcome.EXPLICITLY_DENIED
