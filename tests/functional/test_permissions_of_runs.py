"""The rights for what runs keep in buckets, a lock and a journal: enough, and not one of them is too much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functional.conftest import Cloud
from tests.functional.test_journal import failing, healed
from tests.functional.test_permissions import listed
from xacct.errors import ExitCode
from xacct.sandbox.world import EVERYTHING, Extra

DATA, ANALYTICS = "325271821652", "290122656840"
MANIFEST = f"""
version: 1
name: kept
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
links:
  - role: data/role/reader
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: logs
    access: [list]
limits:
  lock: {{bucket: data/bucket/locks, key: team/lock}}
"""
JOURNAL = "s3://journals/ci/main"
Policies = list[dict[str, Any]]


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(made.write("xacct.yaml", MANIFEST))
    for bucket in ("locks", "journals"):
        made.world.client("s3", DATA).create_bucket(Bucket=bucket)
    return made


def printed(cloud: Cloud, *, sealed: bool = False) -> Policies:
    """What is printed for the account of the data; with ``sealed`` the keys of buckets too."""
    ran = cloud.xacct("permissions", "--account", "data", "--journal", JOURNAL, "--format", "json")
    assert ran.code == ExitCode.DONE, ran.err
    return [
        policy
        for one in json.loads(ran.out)
        for policy in one["policies"]
        if sealed or "encrypted with a key" not in one["who"]
    ]


def without(policies: Policies, action: str, place: str) -> Policies:
    """The same, except for an action on what is in a bucket or is the bucket."""
    found: Policies = json.loads(json.dumps(policies))
    taken = 0
    for document in found:
        for statement in [one for one in document["Statement"] if action in listed(one["Action"])]:
            kept = [one for one in listed(statement["Resource"]) if f":{place}" not in one]
            taken += len(listed(statement["Resource"])) - len(kept)
            document["Statement"].remove(statement)
            others = [one for one in listed(statement["Action"]) if one != action]
            document["Statement"] += [{**statement, "Action": others}] if others else []
            document["Statement"] += [{**statement, "Action": action, "Resource": kept}] if kept else []
    assert taken == 1
    return found


def allow(cloud: Cloud, policies: Policies) -> None:
    """Run as somebody of the data's account with these rights and no others."""
    for account, profile in ((DATA, "acct-b"), (ANALYTICS, "acct-a")):
        cloud.world.add(Extra(account, "least", profile))
    cloud.world.write_config(cloud.config)
    for account, documents in ((DATA, policies), (ANALYTICS, [EVERYTHING])):
        for number, document in enumerate(documents):
            cloud.world.client("iam", account).put_user_policy(
                UserName="least", PolicyName=f"rights-{number}", PolicyDocument=json.dumps(document)
            )


def story(cloud: Cloud) -> Iterator[tuple[str, bool]]:
    """An apply that breaks off, its end, and the way back: each with whether it went as it should."""
    failing(cloud, "PutGroupPolicy")
    ran = cloud.xacct("apply", "--yes", "--journal", JOURNAL)
    yield f"apply\n{ran.err}", ran.code == ExitCode.PARTLY_APPLIED
    healed(cloud)
    for words in (("apply", "--resume"), ("undo", "--yes")):
        ran = cloud.xacct(*words, "--journal", JOURNAL)
        yield f"{' '.join(words)}\n{ran.err}", ran.code == ExitCode.DONE
    yield "lock", "is free" in cloud.xacct("lock").out


def seal(cloud: Cloud, bucket: str) -> None:
    """Encrypt what will be written there with a key of its owner."""
    key = cloud.world.client("kms", DATA).create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    cloud.world.client("s3", DATA).put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def test_with_exactly_these_lock_and_journal_work(cloud: Cloud) -> None:
    allow(cloud, printed(cloud))
    for said, well in story(cloud):
        assert well, said


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("s3:GetObject", "journals"),
        ("s3:PutObject", "journals"),
        ("s3:ListBucket", "journals"),
        ("s3:GetObject", "locks"),
        ("s3:PutObject", "locks"),
        ("s3:DeleteObject", "locks"),
        ("s3:ListBucket", "locks"),
    ],
)
def test_without_any_one_of_them_something_fails(cloud: Cloud, action: str, place: str) -> None:
    allow(cloud, without(printed(cloud), action, place))
    assert not all(well for _, well in story(cloud))


def test_there_is_nothing_in_them_that_only_looks_needed(cloud: Cloud) -> None:
    """The table above has every action on the two buckets that is printed."""
    found = {
        (action, resource)
        for document in printed(cloud)
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if ":locks" in resource or ":journals" in resource
    }
    objects = {"journals/ci/main/*/*.json": ("Get", "Put"), "locks/team/lock": ("Get", "Put", "Delete")}
    assert found == {
        *((f"s3:{verb}Object", f"arn:aws:s3:::{key}") for key, verbs in objects.items() for verb in verbs),
        *(("s3:ListBucket", f"arn:aws:s3:::{bucket}") for bucket in ("journals", "locks")),
    }


@pytest.mark.parametrize("bucket", ["journals", "locks"])
def test_a_key_of_the_bucket_is_needed_where_there_is_one(cloud: Cloud, bucket: str) -> None:
    seal(cloud, bucket)
    allow(cloud, printed(cloud))
    assert not all(well for _, well in story(cloud))
    healed(cloud)
    allow(cloud, printed(cloud, sealed=True))
    for said, well in story(cloud):
        assert well, said


def test_whose_bucket_it_is_is_only_said_where_it_is_known(cloud: Cloud) -> None:
    def who(place: str) -> list[tuple[str, str]]:
        ran = cloud.xacct("permissions", "--journal", place, "--format", "json")
        return [
            (one["account"], one["who"])
            for one in json.loads(ran.out)
            if f"{place.split('/')[2]}/ci" in json.dumps(one["policies"])
        ]

    told = "the same, if the bucket of s3://journals/ci is one of this account"
    assert who("s3://journals/ci") == [("analytics", told), ("data", told)]
    for known in ("locks", "logs"):
        assert who(f"s3://{known}/ci") == [("data", "the credentials of the account")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--journal", "runs"), "is a folder"),
        (("--journal", "s3://No"), "is no place for journals"),
        (("--for", "plan", "--journal", JOURNAL), "--for plan writes no journal"),
    ],
)
def test_a_place_that_needs_no_rights_is_no_answer(cloud: Cloud, words: tuple[str, ...], told: str) -> None:
    ran = cloud.xacct("permissions", *words)
    assert ran.code == ExitCode.USAGE
    assert told in ran.err
