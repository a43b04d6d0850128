"""Random documents and requests over a small world, so that they meet often: for holding answers against each other."""

from __future__ import annotations

import random
from typing import Any

from xacct.policy.document import Document
from xacct.policy.principal import Anonymous, Principal, parse_principal
from xacct.policy.request import Request

A, B = "111111111111", "222222222222"
ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:DeleteObject",
    "s3:ListAllMyBuckets",
    "sts:AssumeRole",
]
OBJECTS = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/anna/k",
    "arn:aws:s3:::bb/k",
    "arn:aws:s3:::c/a:b",
    "arn:aws:s3:::b/*",
]
ON: dict[str, list[str]] = {
    "s3:GetObject": OBJECTS,
    "s3:PutObject": OBJECTS,
    "s3:DeleteObject": OBJECTS,
    "s3:ListBucket": ["arn:aws:s3:::b", "arn:aws:s3:::bb"],
    "s3:ListAllMyBuckets": ["*"],
    "sts:AssumeRole": [f"arn:aws:iam::{B}:role/r", f"arn:aws:iam::{A}:role/p/r"],
}
"""What services take these actions on; a request for anything else cannot be made."""

ACTION_PATTERNS = [*ACTIONS, "s3:*", "s3:Get*", "s3:*Object", "*", "S3:LISTBUCKET", "s3:?etObject", "sts:*"]
RESOURCES = [
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/anna/k",
    "arn:aws:s3:::bb/k",
    "arn:aws:s3:::c/a:b",
    f"arn:aws:iam::{B}:role/r",
    "*",
]
RESOURCE_PATTERNS = [
    *RESOURCES,
    "arn:aws:s3:::b*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*/k",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team, 'anna'}/*",
    "arn:aws:s3:::b/${*}",
    "arn:aws:*:::?/*",
    "arn:aws:iam::*:role/*",
]
VALUES: dict[str, list[str]] = {
    "s3:prefix": ["", "a", "a/", "a/b", "b", "A"],
    "aws:SourceIp": ["10.0.0.1", "10.1.0.1", "192.0.2.7", "2001:db8::1"],
    "aws:SecureTransport": ["true", "false"],
    "s3:max-keys": ["0", "5", "10", "11", "1000"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    "aws:PrincipalTag/team": ["anna", "ops", "*"],
    "aws:TagKeys": ["a", "b", "c"],
    "aws:SourceArn": [f"arn:aws:sns:eu:{A}:t", f"arn:aws:sns:us:{B}:t"],
}
CONDITIONS: list[tuple[str, str, list[str]]] = [
    ("StringEquals", "s3:prefix", ["a", "b", "a/"]),
    ("StringNotEquals", "s3:prefix", ["a", "b"]),
    ("StringEqualsIgnoreCase", "s3:prefix", ["a", "B"]),
    ("StringLike", "s3:prefix", ["a/*", "a*", "?", "", "${aws:username}*"]),
    ("StringNotLikeIfExists", "s3:prefix", ["a/*"]),
    ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "192.0.2.7"]),
    ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "10.1.0.0/16"]),
    ("Bool", "aws:SecureTransport", ["true", "false"]),
    ("BoolIfExists", "aws:SecureTransport", ["true", "false"]),
    ("NumericLessThan", "s3:max-keys", ["10", "11"]),
    ("NumericGreaterThanEquals", "s3:max-keys", ["5", "10"]),
    ("NumericNotEquals", "s3:max-keys", ["5"]),
    ("DateLessThan", "aws:CurrentTime", ["2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
    ("DateGreaterThan", "aws:CurrentTime", ["2026-01-01T00:00:00Z"]),
    ("StringEquals", "aws:PrincipalTag/team", ["anna", "ops", "${aws:username}"]),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"]),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["a", "c"]),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["a", "b"]),
    ("ArnLike", "aws:SourceArn", [f"arn:aws:sns:*:{A}:*", "arn:aws:sns:us:*:*"]),
    ("ArnNotLike", "aws:SourceArn", [f"arn:aws:sns:*:{A}:*"]),
    ("Null", "aws:TagKeys", ["true", "false"]),
    ("StringEquals", "aws:PrincipalAccount", [A, B, "999999999999"]),
    ("StringNotEquals", "aws:PrincipalAccount", [A, B]),
    (
        "ArnLike",
        "aws:PrincipalArn",
        [f"arn:aws:iam::{A}:*", "arn:aws:iam::*:user/anna", f"arn:aws:iam::{A}:role/*"],
    ),
    ("ArnNotLikeIfExists", "aws:PrincipalArn", [f"arn:aws:iam::{A}:role/r"]),
    ("StringEquals", "aws:PrincipalType", ["User", "AssumedRole", "Anonymous"]),
    ("StringLike", "aws:userid", ["AIDA*", "anonymous"]),
    ("Null", "s3:prefix", ["true", "false"]),
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": A},
    {"AWS": f"arn:aws:iam::{A}:user/anna"},
    {"AWS": [f"arn:aws:iam::{A}:role/r", B]},
    {"AWS": f"arn:aws:sts::{A}:assumed-role/r/s"},
    {"Service": "ec2.amazonaws.com"},
]
ASKERS: list[Principal] = [
    parse_principal(one)
    for one in (
        f"arn:aws:iam::{A}:user/anna",
        f"arn:aws:iam::{A}:user/bob",
        f"arn:aws:sts::{A}:assumed-role/r/s",
        f"arn:aws:sts::{A}:assumed-role/r/other",
        f"arn:aws:iam::{B}:user/anna",
        "arn:aws:iam::999999999999:user/anna",
        "ec2.amazonaws.com",
        {"type": "Anonymous"},
    )
]


def statement(chance: random.Random, *, principals: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow" if chance.random() < 0.65 else "Deny"}
    made["NotAction" if chance.random() < 0.1 else "Action"] = chance.sample(
        ACTION_PATTERNS, chance.choice([1, 1, 2])
    )
    made["NotResource" if chance.random() < 0.1 else "Resource"] = chance.sample(
        RESOURCE_PATTERNS, chance.choice([1, 1, 2])
    )
    for operator, key, values in chance.sample(CONDITIONS, chance.choice([0, 0, 1, 1, 2])):
        block = made.setdefault("Condition", {}).setdefault(operator, {})
        block[key] = chance.sample(values, chance.randint(1, min(2, len(values))))
    if principals:
        made["NotPrincipal" if chance.random() < 0.1 else "Principal"] = chance.choice(PRINCIPALS)
    return made


def document(chance: random.Random, *, principals: bool = False) -> Document:
    version = "2008-10-17" if chance.random() < 0.1 else "2012-10-17"
    many = chance.choice([1, 1, 2, 2, 3])
    return Document.of(*(statement(chance, principals=principals) for _ in range(many)), version=version)


def near(chance: random.Random, old: Document, *, principals: bool) -> Document:
    """A document that differs a little from another: a statement more, less, or with one element changed."""
    import json

    bodies = [json.loads(one.source) for one in old.statements]
    turn = chance.random()
    if turn < 0.25:
        bodies.append(statement(chance, principals=principals))
    elif turn < 0.45 and len(bodies) > 1:
        bodies.pop(chance.randrange(len(bodies)))
    else:
        chosen, other = chance.choice(bodies), statement(chance, principals=principals)
        name = chance.choice(["Action", "Resource", "Condition", "Principal"])
        if name in other:
            chosen[name] = other[name]
            chosen.pop(f"Not{name}", None)
        else:
            chosen.pop("Condition", None)
    return Document.of(*bodies, version=old.version)


def request(chance: random.Random, principal: Principal | None = None) -> Request:
    context: dict[str, object] = {}
    for key, values in VALUES.items():
        if chance.random() < 0.5:
            many = chance.randint(1, 2) if key == "aws:TagKeys" else 1
            context[key] = chance.sample(values, many)
    action = chance.choice(ACTIONS)
    who = principal or chance.choice(ASKERS)
    if isinstance(who, Anonymous):
        context.pop("aws:PrincipalTag/team", None)  # nobody has no tags
    return Request.of(
        who,
        action,
        chance.choice(ON[action]),
        resource_account=B,
        context=context,
    )
