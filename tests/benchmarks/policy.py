"""What documents cost, on one thread: ``make bench`` prints each figure beside the least that is asked of it.

Ends with 1 where a figure falls short. Nothing is warmed up but the catalogue of actions; texts that are
compared have not been read before.
"""

from __future__ import annotations

import gc
import json
import random
import resource
import sys
import time
from collections.abc import Callable

from xacct.access.estate import Estate
from xacct.access.who import who_can
from xacct.account import Account
from xacct.policy.catalogue import actions
from xacct.policy.document import Document, same_text
from xacct.policy.evaluate import Named, Policies, decide
from xacct.policy.principal import parse_principal
from xacct.policy.proof.prove import Proven, no_more_than
from xacct.policy.request import Request
from xacct.snapshot import BucketRecord, RoleRecord, Snapshot, UserRecord

A, B = "111111111111", "222222222222"


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """The best of some rounds, in processor time: what one thread can do, whatever else the machine is busy with."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def policies() -> Policies:
    """Identity, resource and boundary, three statements each; conditions where one writes them."""
    identity = Document.of(
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::logs/*", "arn:aws:s3:::data/*"],
            "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        },
        {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"},
        {"Sid": "Keep", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
    )
    bucket = Document.of(
        {
            "Sid": "Named",
            "Effect": "Allow",
            "Principal": {
                "AWS": [f"arn:aws:iam::{A}:role/r{i}" for i in range(5)] + [f"arn:aws:iam::{A}:user/anna"]
            },
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        },
        {
            "Sid": "Tls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::logs/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{A}:root"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::logs/*",
        },
    )
    boundary = Document.of(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    )
    return Policies(identity=(Named("own", identity),), resource=bucket, boundary=boundary)


def decisions() -> float:
    """Decisions a second, over 20,000 different requests."""
    chance = random.Random(1)
    against = policies()
    requests = [
        Request.of(
            parse_principal(f"arn:aws:iam::{A}:{chance.choice(['user/anna', 'role/r1', 'user/bob'])}"),
            chance.choice(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"]),
            f"arn:aws:s3:::logs/{number}",
            resource_account=chance.choice([A, B]),
            context={
                "aws:SourceIp": f"192.0.{chance.choice([2, 3])}.{number % 256}",
                "aws:SecureTransport": "true",
            },
        )
        for number in range(20_000)
    ]

    def work() -> None:
        for request in requests:
            decide(request, against)

    return len(requests) / seconds(work)


def comparisons() -> float:
    """Comparisons a second of two texts that were not read before: a trust policy in two notations."""

    def text(number: int, other: bool) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": A if other else f"arn:aws:iam::{A}:root"},
            "Action": ["sts:AssumeRole"] if other else "sts:assumerole",
            "Condition": {"StringEquals": {"sts:ExternalId": f"acme-{number}"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": statement if other else [statement]})

    pairs = [(text(number, False), text(number, True)) for number in range(20_000)]

    def work() -> None:
        assert all(same_text(one, other) for one, other in pairs)

    return len(pairs) / seconds(work)


def proof() -> float:
    """Milliseconds to prove that a document of 20 statements allows no more than another of 20."""

    def statements(wide: bool) -> list[dict[str, object]]:
        return [
            {
                "Effect": "Deny" if number % 7 == 6 else "Allow",
                "Action": ["s3:Get*", "s3:List*"] if wide else ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::b{number}", f"arn:aws:s3:::b{number}/{'' if wide else 'in/'}*"],
                **(
                    {"Condition": {"IpAddress": {"aws:SourceIp": f"10.{number}.0.0/{8 if wide else 16}"}}}
                    if number % 3 == 0
                    else {}
                ),
            }
            for number in range(20)
            if number % 7 != 6
        ] + [{"Effect": "Deny", "Action": "s3:Delete*", "Resource": f"arn:aws:s3:::b{n}/*"} for n in (6, 13)]

    old, new = Document.of(*statements(True)), Document.of(*statements(False))
    gc.collect()  # of what the figures before have left
    start = time.process_time()
    assert isinstance(no_more_than(new, old), Proven)
    return (time.process_time() - start) * 1000


def estate(size: int) -> list[Snapshot]:
    """Two accounts: ``size`` roles and buckets in one, ``size`` users in the other, one link for each."""
    data, people = Account(name="data", id=B), Account(name="people", id=A)
    roles, users, buckets = {}, {}, {}
    for number in range(size):
        arn = data.iam_arn(f"role/reader-{number}")
        user = people.iam_arn(f"user/user-{number}")
        access = Document.of(
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::bucket-{number}"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::bucket-{number}/*"},
        )
        trust = Document.of({"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"})
        grant = Document.of({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
        policy = Document.of(
            {
                "Effect": "Allow",
                "Principal": {"AWS": arn},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::bucket-{number}/*",
            }
        )
        name = f"reader-{number}"
        roles[name] = RoleRecord(
            name=name, path="/", arn=arn, id=f"AROA{number:017}", trust=trust, inline={"a": access}
        )  # type: ignore[arg-type]
        name = f"user-{number}"
        users[name] = UserRecord(name=name, path="/", arn=user, id=f"AIDA{number:017}", inline={"g": grant})  # type: ignore[arg-type]
        buckets[f"bucket-{number}"] = BucketRecord(name=f"bucket-{number}", policy=policy)
    return [
        Snapshot(account=data, roles=roles, buckets=buckets),  # type: ignore[arg-type]
        Snapshot(account=people, users=users),  # type: ignore[arg-type]
    ]


def reach(size: int) -> float:
    """Seconds to say who else can read one bucket, everything but the parsing of documents in the time."""
    snapshots = estate(size)

    def work() -> None:
        found = who_can(Estate.of(snapshots), "s3:GetObject", "arn:aws:s3:::bucket-7/k")
        assert {len(one.roles) for one in found} == {0, 1}
        assert len(found) == 2

    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    """Print every figure; 1 where one falls short."""
    actions()
    no_more_than(Document.of({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}), Document.of())
    short = False
    for title, figure, bound, more, unit in (
        ("decisions", decisions(), 100_000, True, "a second"),
        ("comparisons of two texts", comparisons(), 50_000, True, "a second"),
        ("no more than, 20 statements", proof(), 40, False, "ms"),
        ("who can, 500 roles and buckets", reach(500) * 1000, 50, False, "ms"),
        ("who can, 5,000 roles and buckets", reach(5000) * 1000, 3000, False, "ms"),
        ("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 300, False, "MB"),
    ):
        good = figure >= bound if more else figure <= bound
        short = short or not good
        word = "at least" if more else "at most"
        print(f"{'ok   ' if good else 'SHORT'} {title:36} {figure:12,.1f} {unit} ({word} {bound:,})")
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
