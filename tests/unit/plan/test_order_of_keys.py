"""Keys in the order: what is encrypted asks for two rights, and a key's policy may leave its right to IAM.

Sources: KMS Developer Guide, "Default key policy" (a statement on the account gives nobody anything by itself, it
lets IAM policies decide) and "Allowing users in other accounts to use a KMS key" (both sides must allow); S3 User
Guide, "Using server-side encryption with AWS KMS keys" (the caller's own rights on the key are used).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plan.states import APPS, DATA, MARKER, NAME, plan, role, role_policy
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.key_policy import KeyPolicy
from xacct.kinds.user_policy import UserPolicy
from xacct.policy.document import Document
from xacct.resource import Resource

KEY = "arn:aws:kms:eu-west-1:111122223333:key/k"
READER = "arn:aws:iam::111122223333:role/reader"
ANNA = "arn:aws:iam::444455556666:user/anna"
BOB = "arn:aws:iam::444455556666:user/bob"
OBJECTS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
USE = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}


def key(*who: str) -> KeyPolicy:
    statements = [{**USE, "Resource": "*", "Principal": {"AWS": one}} for one in who]
    return KeyPolicy.of(DATA, "eu-west-1/k", MARKER, NAME, Document.of(*statements))


def bucket(*who: str) -> BucketPolicy:
    statements = [{**OBJECTS, "Principal": {"AWS": one}} for one in who]
    return BucketPolicy.of(DATA, "logs", MARKER, NAME, Document.of(*statements))


def of_role(name: str, *statements: dict[str, Any]) -> Resource:
    return role_policy(name, document=Document.of(*statements))


def of_anna(name: str, *statements: dict[str, Any]) -> Resource:
    return UserPolicy(account=APPS, owner="anna", name=name, document=Document.of(*statements))


WAYS: dict[str, tuple[Resource, Resource, bool]] = {
    "the role's objects go before its use of the key comes": (
        of_role("objects", OBJECTS),
        of_role("use", USE),
        True,
    ),
    "the role's use of the key goes before its objects come": (
        of_role("use", USE),
        of_role("objects", OBJECTS),
        True,
    ),
    "the role's objects go before the key's policy names it": (
        of_role("objects", OBJECTS),
        key(READER),
        True,
    ),
    "the key's policy lets go of the role before its objects come": (
        key(READER),
        of_role("objects", OBJECTS),
        True,
    ),
    "the bucket lets go of someone before the key lets them in": (bucket(ANNA), key(ANNA), True),
    "the key lets go of someone before the bucket lets them in": (key(ANNA), bucket(ANNA), True),
    "the key lets go of an account before the bucket lets one of it in": (key(APPS.root), bucket(ANNA), True),
    "somebody else's place in the bucket does not matter": (bucket(BOB), key(ANNA), False),
    "somebody else's objects do not matter": (of_anna("objects", OBJECTS), key(READER), False),
    "the key leaves it to IAM no more before the role may by IAM": (
        key(DATA.root),
        of_role("use", USE),
        True,
    ),
    "the role may no more by IAM before the key leaves it to IAM": (
        of_role("use", USE),
        key(DATA.root),
        True,
    ),
    "at home one of both is enough, so neither waits": (of_role("use", USE), key(READER), False),
    "across accounts the key lets go before one's own policy comes": (key(ANNA), of_anna("use", USE), True),
    "across accounts one's own policy goes before the key lets in": (of_anna("use", USE), key(ANNA), True),
    "what one may do with another key does not matter": (
        of_anna("use", {**USE, "Resource": f"{KEY}2"}),
        key(ANNA),
        False,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_leaves_goes_before_what_comes(way: str) -> None:
    leaving, coming, ordered = WAYS[way]
    made = plan([role(), coming], [role(), leaving], was=[role(), leaving])
    first = next(step for step in made.steps if step.address == leaving.address)
    then = next(step for step in made.steps if step.address == coming.address)
    assert (first.number in then.after) is ordered
    assert first.number not in then.after or then.number not in first.after


def test_a_key_policy_in_which_one_comes_and_another_goes_is_put_twice_where_both_matter() -> None:
    """Bob had the objects and Anna the key; now she has the objects and he the key: never one of them both."""
    made = plan(
        [bucket(ANNA), key(BOB)],
        [bucket(BOB), key(ANNA)],
        was=[bucket(BOB), key(ANNA)],
    )
    puts = [(step.address.kind, getattr(step.change, "part", "")) for step in made.steps]
    assert len(puts) > 2
    assert ("key-policy", "narrow") in puts or ("bucket-policy", "narrow") in puts
