"""What the live documents say of a check, to the layer and the statement."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from immutabledict import immutabledict

from tests.unit.access.accounts import (
    ANNA,
    BOB,
    BUCKET,
    DATA,
    PEOPLE,
    READER,
    allow,
    estate,
    group,
    role,
    trusting,
    user,
)
from xacct.access.estate import Estate
from xacct.check import Caller, Check, Decision, Layer, Want
from xacct.engine.verifying.diagnose import Judge, judge
from xacct.errors import Refused
from xacct.policy.document import Document
from xacct.snapshot import BucketRecord, Unread

HOP = Check(
    name="anna assumes reader",
    link="logs",
    caller=Caller(account=PEOPLE, arn=ANNA, profile="anna"),
    owner=DATA,
    role=READER,
    action="sts:AssumeRole",
    resource=READER,
    want=Want.ALLOWED,
)
LIST = replace(HOP, action="s3:ListBucket", resource=BUCKET)
READ = replace(LIST, action="s3:GetObject", prefix="in/")
DIRECT = replace(LIST, role="", want=Want.DENIED)
GRANT = allow("sts:AssumeRole", READER)
RIGHTS = {"p": {**allow(["s3:ListBucket", "s3:GetObject"], [BUCKET, f"{BUCKET}/*"])}}
ROLE = role("reader", trusting(ANNA), path="/app/", **RIGHTS)
FRIEND = user("anna", grant=GRANT)


def live(
    *, role: Any = ROLE, user: Any = FRIEND, policy: Document | None = None, more: tuple[Any, ...] = ()
) -> Estate:
    return estate(*([role] if role else []), *([user] if user else []), *more, policy=policy)


def deny(action: str, resource: str, **more: Any) -> Document:
    return Document.of(
        {"Sid": "Stop", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, **more}
    )


def trust(**more: Any) -> Any:
    return replace(ROLE, trust=trusting(ANNA, **more))


def principals(*arns: str) -> Any:
    return replace(ROLE, trust=trusting(*arns))


OTHER = PEOPLE.iam_arn("user/team/anna")
FAR = "arn:aws:iam::999988887777:user/anna"
IN_GROUP = group("testers", grant=GRANT)
BOUNDED = replace(FRIEND, boundary="arn:aws:iam::444455556666:policy/none")

NO_READ = {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}
DENYING = role("reader", trusting(ANNA), path="/app/", **RIGHTS, no=NO_READ)

DENIED: dict[str, tuple[Check, Estate, Layer, str]] = {
    "no role": (HOP, live(role=None), Layer.ROLE, "There is no role"),
    "role under another path": (
        HOP,
        live(role=replace(ROLE, path="/", arn=DATA.iam_arn("role/reader"))),
        Layer.ROLE,
        f"The role is {DATA.iam_arn('role/reader')} now: its path changed",
    ),
    "no user": (HOP, live(user=None), Layer.PRINCIPAL, "Account people has no user anna any more"),
    "user in another case": (
        HOP,
        live(user=user("Anna", grant=GRANT)),
        Layer.PRINCIPAL,
        "There is Anna: names are compared with their case.",
    ),
    "user under another path": (
        HOP,
        live(user=replace(FRIEND, path="/team/", arn=OTHER)),
        Layer.PRINCIPAL,
        f"The user anna of account people is {OTHER} now",
    ),
    "no grant": (HOP, live(user=user("anna")), Layer.GRANT, "The grant is missing"),
    "grant in a group of others": (
        HOP,
        live(user=user("anna"), more=(IN_GROUP,)),
        Layer.GRANT,
        "The group testers has it, but anna is not in that group.",
    ),
    "grant for another role": (
        HOP,
        live(user=user("anna", grant=allow("sts:AssumeRole", DATA.iam_arn("role/reader")))),
        Layer.GRANT,
        f"user/anna is granted {DATA.iam_arn('role/reader')} instead.",
    ),
    "grant denied": (
        HOP,
        live(user=user("anna", grant=GRANT, no={"Effect": "Deny", "Action": "sts:*", "Resource": "*"})),
        Layer.GRANT,
        "Statement 1 of no of user anna",
    ),
    "trust names somebody else": (HOP, live(role=principals(BOB)), Layer.TRUST, f"It lets in {BOB}."),
    "trust names another path": (
        HOP,
        live(role=principals(OTHER)),
        Layer.TRUST,
        f"It names {OTHER}: the same name under another path.",
    ),
    "trust names another account": (
        HOP,
        live(role=principals(FAR)),
        Layer.TRUST,
        f"It names {FAR}: the same name in account 999988887777, which is not {PEOPLE.id}.",
    ),
    "trust names a deleted principal": (
        HOP,
        live(role=principals("AIDAQWERTYUIOPASDFGHJ")),
        Layer.TRUST,
        "It names AIDAQWERTYUIOPASDFGHJ, which is what is left of a principal that was deleted",
    ),
    "trust asks for an external id": (
        HOP,
        live(role=trust(Condition={"StringEquals": {"sts:ExternalId": "abc"}})),
        Layer.TRUST,
        "It names the caller, but asks for sts:externalid stringequals abc.",
    ),
    "trust denies": (
        HOP,
        live(
            role=replace(
                ROLE,
                trust=Document.of(
                    *(json.loads(one.source) for one in trusting(ANNA).statements),
                    {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
                ),
            )
        ),
        Layer.TRUST,
        'Statement 2 "No" of the trust',
    ),
    "session too long": (
        replace(HOP, session_seconds=7200),
        live(),
        Layer.SESSION_LENGTH,
        "The role's longest session (3600 seconds) is shorter than the 7200 seconds declared.",
    ),
    "role policy lacks it": (
        replace(LIST, action="s3:PutObject"),
        live(),
        Layer.ROLE_POLICY,
        "do not allow s3:PutObject here.",
    ),
    "role without any policy": (
        LIST,
        live(role=replace(ROLE, inline=immutabledict())),
        Layer.ROLE_POLICY,
        "it was deleted and made again, or never was ours.",
    ),
    "role policy denies": (
        READ,
        live(role=DENYING),
        Layer.ROLE_POLICY,
        "Statement 1 of no of role reader",
    ),
    "bucket policy denies": (
        READ,
        live(policy=deny("s3:GetObject", f"{BUCKET}/in/*")),
        Layer.BUCKET_POLICY,
        f'Statement 1 "Stop" of the policy of {BUCKET}/in/xacct-sample',
    ),
    "no bucket": (
        LIST,
        estate(ROLE, FRIEND, bucket=BucketRecord(name="logs", exists=False)),
        Layer.BUCKET,
        "Account data has no bucket logs.",
    ),
}


@pytest.mark.parametrize("case", DENIED)
def test_what_stands_in_the_way_is_named(case: str) -> None:
    check, accounts, layer, text = DENIED[case]
    ruling, why = judge(check, accounts)
    assert ruling.decision is Decision.DENIED
    assert why is not None
    assert why.layer is layer
    assert text in why.text
    assert why.fix.endswith(".")
    if why.paste:
        assert isinstance(json.loads(why.paste), dict)


@pytest.mark.parametrize("check", [HOP, LIST, READ], ids=["hop", "list", "read"])
def test_what_is_well_is_allowed(check: Check) -> None:
    ruling, _ = judge(check, live())
    assert ruling.decision is Decision.ALLOWED


def test_the_right_external_id_is_let_in_and_none_or_a_wrong_one_is_not() -> None:
    accounts = live(role=trust(Condition={"StringEquals": {"sts:ExternalId": "abc"}}))
    given = {
        text: judge(replace(HOP, external_id=text), accounts)[0].decision for text in ("abc", "wrong", "")
    }
    assert given == {"abc": Decision.ALLOWED, "wrong": Decision.DENIED, "": Decision.DENIED}


def test_a_second_factor_is_taken_for_there_where_the_check_has_one() -> None:
    accounts = live(role=trust(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    given = {mfa: judge(replace(HOP, mfa=mfa), accounts)[0].decision for mfa in (True, False)}
    assert given == {True: Decision.ALLOWED, False: Decision.DENIED}


def test_time_is_that_of_the_question() -> None:
    accounts = live(role=trust(Condition={"DateLessThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}}))
    assert judge(HOP, accounts, "2026-05-31T00:00:00Z")[0].decision is Decision.ALLOWED
    assert judge(HOP, accounts, "2026-06-02T00:00:00Z")[0].decision is Decision.DENIED


def test_a_listing_without_a_prefix_is_not_one_with_it() -> None:
    prefixed = allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": ["in/", "in/*"]}})
    accounts = live(role=role("reader", trusting(ANNA), path="/app/", p=prefixed))
    assert judge(replace(LIST, prefix="in/"), accounts)[0].decision is Decision.ALLOWED
    assert judge(LIST, accounts)[0].decision is Decision.DENIED
    assert judge(replace(LIST, prefix="in-xacct/"), accounts)[0].decision is Decision.DENIED


def test_what_lets_through_what_must_not_work_is_named() -> None:
    policy = Document.of(
        {
            "Sid": "Open",
            "Effect": "Allow",
            "Principal": {"AWS": ANNA},
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
        }
    )
    own = user("anna", grant=GRANT, s3=allow("s3:ListBucket", BUCKET))
    ruling, why = judge(DIRECT, live(user=own, policy=policy))
    assert ruling.decision is Decision.ALLOWED
    assert why is not None
    assert why.layer is Layer.BUCKET_POLICY
    assert f'Statement 1 "Open" of the policy of {BUCKET}' in why.text


UNREAD: dict[str, tuple[Check, Unread]] = {
    "users": (HOP, Unread(account="people", what="users", reason="refused")),
    "roles": (HOP, Unread(account="data", what="roles", reason="refused")),
    "buckets": (DIRECT, Unread(account="data", what="bucket/logs", reason="refused")),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_was_not_read_decides_nothing(case: str) -> None:
    check, gap = UNREAD[case]
    records = {"users": (ROLE,), "roles": (FRIEND,), "buckets": (user("anna", s3=allow("s3:*")), ROLE)}[case]
    ruling, why = judge(check, estate(*records, unread=(gap,)))
    assert (ruling.decision, why) == (Decision.OPEN, None)
    assert "refused" in ruling.doubt


@pytest.mark.parametrize("arn", ["arn:aws:iam::444455556666:group/Testers", "Testers"])
def test_of_whom_no_request_can_be_made_up_nothing_is_decided(arn: str) -> None:
    check = replace(HOP, caller=Caller(account=PEOPLE, arn=arn))
    assert judge(check, live())[0].decision is Decision.OPEN


# ---- reading once, and only if asked


def test_the_accounts_are_read_once_and_only_if_somebody_asks() -> None:
    reads: list[int] = []

    def read() -> Estate:
        reads.append(1)
        return live()

    judging = Judge(read)
    assert reads == []
    assert [judging(HOP).decision, judging(LIST).decision] == [Decision.ALLOWED, Decision.ALLOWED]
    assert reads == [1]


def test_where_nothing_can_be_read_nothing_is_decided_and_the_reason_is_given() -> None:
    def read() -> Estate:
        raise Refused("the credentials of account data belong to another one")

    judging = Judge(read)
    found = judging(HOP)
    assert (found.decision, found.why) == (Decision.OPEN, None)
    assert "belong to another one" in found.doubt
    assert judging.estate is None


def test_a_denial_of_the_way_in_is_told_from_one_of_what_comes_after() -> None:
    assert Judge(lambda: live(user=user("anna")))(LIST).entered is False
    assert Judge(lambda: live(user=user("anna")))(HOP).entered is True
    assert Judge(lambda: live(role=replace(ROLE, inline=immutabledict())))(LIST).entered is True
    assert Judge(lambda: live(role=None))(LIST).entered is False
