"""What a manifest asks for, spelled out: documents, conditions, existence, sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from immutabledict import immutabledict

from xacct.account import Account
from xacct.manifest.desired.desire import Desired, desire
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.problem import Severity
from xacct.snapshot import BucketRecord, GroupRecord, Snapshot, Unread, UserRecord

MANIFESTS = Path(__file__).parents[4] / "manifests"
HEAD = """
version: 1
name: demo
accounts:
  data: {id: "111122223333", profile: b}
  apps: {id: "444455556666", profile: a}
"""
LINK = """
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
    access: [list, read, write, delete]
"""
DATA = Account(name="data", id="111122223333")
APPS = Account(name="apps", id="444455556666")


def desired(text: str, folder: Path, snapshots: dict[str, Snapshot] | None = None) -> Desired:
    path = folder / "xacct.yaml"
    path.write_text(text)
    return desire(load_manifest([path]), snapshots or {})


def documents(found: Desired) -> dict[str, Any]:
    """By address: what the document says, without its Sids."""
    said: dict[str, Any] = {}
    for address, resource in found.state.resources.items():
        for _, document in resource.shown():
            if isinstance(document, Document):
                body = json.loads(document.source)
                for statement in body["Statement"]:
                    statement.pop("Sid", None)
                said[str(address)] = body["Statement"]
    return said


def test_a_link_is_a_role_a_policy_and_a_grant(tmp_path: Path) -> None:
    assert documents(desired(HEAD + LINK, tmp_path)) == {
        "data/role/reader": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::444455556666:user/anna"},
                "Action": "sts:AssumeRole",
            }
        ],
        "data/role-policy/reader/xacct-demo-reader": [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"},
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": "arn:aws:s3:::logs/*",
            },
        ],
        "apps/group-policy/Testers/xacct-demo-reader": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": "arn:aws:iam::111122223333:role/reader",
            }
        ],
    }


def test_every_generated_document_says_the_version_that_knows_variables(tmp_path: Path) -> None:
    """Trap 22."""
    for resource in desired(HEAD + LINK, tmp_path).state.resources.values():
        for _, document in resource.shown():
            if isinstance(document, Document):
                assert json.loads(document.source)["Version"] == "2012-10-17"


def test_a_prefix_limits_listing_by_condition_and_objects_by_their_names(tmp_path: Path) -> None:
    """Never ``prefix*``: that would reach other prefixes that begin alike."""
    said = documents(desired(HEAD + LINK + "    prefixes: [reports, in/box/]\n", tmp_path))
    assert said["data/role-policy/reader/xacct-demo-reader"] == [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::logs",
            "Condition": {"StringLike": {"s3:prefix": ["reports/", "reports/*", "in/box/", "in/box/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": ["arn:aws:s3:::logs/reports/*", "arn:aws:s3:::logs/in/box/*"],
        },
    ]


def test_conditions_stand_where_they_belong(tmp_path: Path) -> None:
    more = """    external_id: id-7f
    mfa: true
    source_ip: [192.0.2.0/24]
    expires: "2031-01-31"
"""
    said = documents(desired(HEAD + LINK + more, tmp_path))
    limits = {
        "DateLessThan": {"aws:CurrentTime": "2031-01-31T00:00:00Z"},
        "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
    }
    assert said["data/role/reader"][0]["Condition"] == {
        **limits,
        "StringEquals": {"sts:ExternalId": "id-7f"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
    }
    for statement in said["data/role-policy/reader/xacct-demo-reader"]:
        assert statement["Condition"] == limits
    grant = said["apps/group-policy/Testers/xacct-demo-reader"][0]
    assert grant["Condition"] == {"DateLessThan": limits["DateLessThan"]}


def test_further_actions_stand_on_what_they_apply_to(tmp_path: Path) -> None:
    text = HEAD + LINK.replace(
        "access: [list, read, write, delete]", "actions: [s3:GetBucketTagging, s3:GetObjectAcl]"
    )
    assert documents(desired(text, tmp_path))["data/role-policy/reader/xacct-demo-reader"] == [
        {"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": "arn:aws:s3:::logs"},
        {"Effect": "Allow", "Action": "s3:GetObjectAcl", "Resource": "arn:aws:s3:::logs/*"},
    ]


def test_links_through_one_role_share_its_trust_and_keep_their_policies(tmp_path: Path) -> None:
    second = LINK.replace("\nlinks:\n", "").replace("- role", "- name: second\n    role")
    second = second.replace("user/anna", "user/bert").replace("bucket: logs", "bucket: more")
    said = documents(desired(HEAD + LINK + second, tmp_path))
    assert said["data/role/reader"] == [
        {
            "Effect": "Allow",
            "Principal": {
                "AWS": ["arn:aws:iam::444455556666:user/anna", "arn:aws:iam::444455556666:user/bert"]
            },
            "Action": "sts:AssumeRole",
        }
    ]
    assert {"data/role-policy/reader/xacct-demo-reader", "data/role-policy/reader/xacct-demo-second"} <= set(
        said
    )


def test_conditions_of_one_link_do_not_loosen_those_of_another(tmp_path: Path) -> None:
    second = LINK.replace("\nlinks:\n", "").replace("- role", "- name: second\n    role")
    second = second.replace("user/anna", "user/bert") + "    external_id: id-7f\n"
    trust = documents(desired(HEAD + LINK + second, tmp_path))["data/role/reader"]
    assert [(one["Principal"]["AWS"].rpartition("/")[2], "Condition" in one) for one in trust] == [
        ("anna", False),
        ("bert", True),
    ]


def user(name: str, *groups: str, path: str = "/") -> UserRecord:
    arn = APPS.iam_arn(f"user{path}{name}")
    return UserRecord(name=name, path=path, arn=arn, id=f"AIDA{name}", groups=frozenset(groups))


def snapshots(*users: UserRecord, groups: tuple[str, ...] = ("Testers",), **more: Any) -> dict[str, Snapshot]:
    records = {
        name: GroupRecord(name=name, path="/", arn=APPS.iam_arn(f"group/{name}"), id=f"AGPA{name}")
        for name in groups
    }
    return {
        "apps": Snapshot(
            account=APPS,
            users=immutabledict({one.name: one for one in users}),
            groups=immutabledict(records),
            **more,
        ),
        "data": Snapshot(account=DATA, buckets=immutabledict(logs=BucketRecord(name="logs"))),
    }


MEMBERS = HEAD + LINK.replace("apps/user/anna", "{group: apps/group/Testers, by: members}")


def test_members_of_a_group_are_named_one_by_one(tmp_path: Path) -> None:
    live = snapshots(user("anna", "Testers"), user("bert", "Testers"), user("carl", "Others"))
    trust = documents(desired(MEMBERS, tmp_path, live))["data/role/reader"]
    assert trust[0]["Principal"]["AWS"] == [
        "arn:aws:iam::444455556666:user/anna",
        "arn:aws:iam::444455556666:user/bert",
    ]


def test_a_role_whose_members_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    gap = Unread(account="apps", what="users", reason="it was refused")
    found = desired(MEMBERS, tmp_path, snapshots(unread=frozenset({gap})))
    assert [str(address) for address, _ in found.unknown] == ["data/role/reader"]
    assert "data/role/reader" not in documents(found)


def test_a_group_by_account_trusts_the_root_and_says_whom_that_means(tmp_path: Path) -> None:
    live = snapshots(user("anna", "Testers"))
    found = desired(MEMBERS.replace("by: members", "by: account"), tmp_path, live)
    assert documents(found)["data/role/reader"][0]["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    assert [note.severity for note in found.notes] == [Severity.INFO]
    assert "1 members today" in found.notes[0].detail


def problems(found: Desired) -> list[str]:
    return [problem.summary for problem in found.problems]


def test_what_is_named_and_there_is_no_problem(tmp_path: Path) -> None:
    assert problems(desired(HEAD + LINK, tmp_path, snapshots(user("anna")))) == []


def test_a_user_that_is_not_there_is_told_with_its_place_and_its_neighbours(tmp_path: Path) -> None:
    found = desired(HEAD + LINK, tmp_path, snapshots(user("hanna")))
    assert problems(found) == ["Unknown user"]
    assert found.problems[0].place is not None
    assert (found.problems[0].place.line, found.problems[0].place.column) == (10, 13)
    assert "hanna" in found.problems[0].fix


def test_names_are_case_sensitive(tmp_path: Path) -> None:
    found = desired(HEAD + LINK, tmp_path, snapshots(user("Anna")))
    assert problems(found) == ["Unknown user"]
    assert 'write "Anna"' in found.problems[0].fix


def test_a_user_at_another_path_is_another_arn(tmp_path: Path) -> None:
    """An ARN holds the path: one that is written without it never matches."""
    found = desired(HEAD + LINK, tmp_path, snapshots(user("anna", path="/qa/")))
    assert problems(found) == ["User at another path"]
    assert "apps/user/qa/anna" in found.problems[0].fix


def test_a_bucket_that_the_account_does_not_have_is_a_problem(tmp_path: Path) -> None:
    live = snapshots(user("anna"))
    live["data"] = Snapshot(account=DATA, buckets=immutabledict(logs=BucketRecord(name="logs", exists=False)))
    assert problems(desired(HEAD + LINK, tmp_path, live)) == ["Unknown bucket"]


def test_what_could_not_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    live = snapshots(unread=frozenset({Unread(account="apps", what="*", reason="no credentials")}))
    found = desired(HEAD + LINK, tmp_path, live)
    assert problems(found) == []
    assert {note.summary for note in found.notes} == {"Existence not checked"}


def test_a_trust_document_is_checked_for_existence_too(tmp_path: Path) -> None:
    text = (MANIFESTS / "seed-plain" / "xacct.yaml").read_text()
    for document in (MANIFESTS / "seed-plain").glob("*.json"):
        (tmp_path / document.name).write_text(document.read_text())
    account = Account(name="analytics", id="290122656840")
    live = {"analytics": Snapshot(account=account)}
    assert "Unknown user" in problems(desired(text, tmp_path, live))


@pytest.mark.parametrize(("principals", "expected"), [(30, []), (60, ["warning"]), (200, ["error"])])
def test_a_trust_policy_that_iam_would_not_take_is_found_before_it_is_sent(
    principals: int, expected: list[str], tmp_path: Path
) -> None:
    """Trap 23: 2,048 characters by default, and 8,192 at the very most; white space does not count."""
    names = ", ".join(f"apps/user/somebody-{number:03}" for number in range(principals))
    found = desired(HEAD + LINK.replace("apps/user/anna", names), tmp_path)
    assert [problem.severity.value for problem in found.problems] == expected


def test_grants_of_one_group_are_counted_together(tmp_path: Path) -> None:
    """Trap 24: several policies do not get round the limit of the group."""
    links = "".join(
        f"""
  - role: data/role/very/long/path/of/a/role/to/fill/the/group/reader-{number:03}
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
    access: [read]
"""
        for number in range(30)
    )
    found = desired(HEAD + "links:" + links, tmp_path)
    assert problems(found) == ["Larger than the service takes"]
    assert found.problems[0].severity is Severity.ERROR
    assert "5,120" in found.problems[0].detail
