"""Over random documents with wildcards: the access delta is what asking every single action would say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.unit.access.accounts import ANNA, BUCKET, READER, allow, estate, group, role, trusting, user
from xacct.access.delta import Access, delta, ways
from xacct.access.estate import Estate
from xacct.access.questions import Question
from xacct.policy.catalogue import actions, resource_patterns
from xacct.policy.document import Document

SEEDS = 60
PATTERNS = ("*", "s3:*", "s3:Get*", "s3:Put*", "s3:*Acl", "s3:*Object*", "s3:List*", "s3:?etBucket*")
NAMES = ("s3:GetObject", "s3:PutObjectAcl", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:ListBucket")
RESOURCES = ("*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/in/*", "arn:aws:s3:::other/*", "arn:aws:s3:::lo*")
LISTINGS = ("s3:ListBucket", "s3:ListBucketVersions")
OF_BUCKETS, OF_OBJECTS = (
    "arn:${Partition}:s3:::${BucketName}",
    "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
)
Told = set[tuple[str, tuple[str, ...], str, str]]


def statement(chance: random.Random) -> dict[str, Any]:
    element = "NotAction" if chance.random() < 0.2 else "Action"
    about = "NotResource" if chance.random() < 0.1 else "Resource"
    return {
        "Effect": "Deny" if chance.random() < 0.25 else "Allow",
        element: [chance.choice(chance.choice((PATTERNS, NAMES))) for _ in range(chance.randint(1, 2))],
        about: chance.sample(RESOURCES, chance.randint(1, 2)),
    }


def world(chance: random.Random, held: list[dict[str, Any]]) -> Estate:
    """Anna enters a role that holds these, and Bob holds something himself; the bucket has a policy of its own."""
    return estate(
        role("reader", trusting(ANNA), path="/app/", **{f"p{n}": one for n, one in enumerate(held)}),
        group("Testers", grant=allow("sts:AssumeRole", READER)),
        user("anna", "Testers"),
        user("bob", own=statement(chance)),
        policy=Document.of({**statement(chance), "Principal": "*"}) if chance.random() < 0.5 else None,
    )


def speaks(one: dict[str, Any], action: str) -> bool:
    fits = any(fnmatchcase(action.lower(), text.lower()) for text in one.get("Action", one.get("NotAction")))
    return fits is ("Action" in one)


def asked_of(action: str) -> str:
    """The kind of resource that an action is about: a bucket, an object, or something else."""
    if OF_BUCKETS in resource_patterns(action):
        return BUCKET
    return f"{BUCKET}/" if OF_OBJECTS in resource_patterns(action) else "*"


def every_question(held: list[dict[str, Any]]) -> Iterator[Question]:
    """Each action by itself on each resource of a statement that speaks of it."""
    for one in held:
        patterns = set(one.get("Resource", ("*", *one.get("NotResource", ()))))
        if patterns & {"*", "arn:aws:s3:::lo*"}:
            patterns |= {BUCKET, f"{BUCKET}/*"}
        for action in (action for action in actions() if action.startswith("s3:") and speaks(one, action)):
            context = (("s3:prefix", ()),) if action in LISTINGS else ()
            for pattern in patterns:
                kind = "*" if pattern == "*" else f"{BUCKET}/" if "/" in pattern else BUCKET
                if kind == asked_of(action):
                    yield Question(
                        action, pattern.replace("/*", "/any").replace("lo*", "lolly"), pattern, context
                    )


def told(some: tuple[Access, ...]) -> Told:
    return {
        (one.who, one.roles, action, one.resource) for one in some for action in (*one.actions, *one.others)
    }


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_action_of_a_class_speaks_for_all_and_none_is_passed_over(seed: int) -> None:
    chance = random.Random(seed)
    had = [statement(chance) for _ in range(chance.randint(1, 3))]
    has = [*had[1:], *(statement(chance) for _ in range(chance.randint(0, 2)))]
    around = chance.getrandbits(32)
    before, after = world(random.Random(around), had), world(random.Random(around), has)
    questions = list(dict.fromkeys((*every_question(had), *every_question(has))))
    old, new = (
        {(way.who, way.roles, way.action, way.shown) for way in ways(where, questions)}
        for where in (before, after)
    )
    found = delta(before, after, [READER], [])
    assert (told(found.gained), told(found.lost)) == (new - old, old - new)
