"""verify with rights to try and none to read: what was not looked for is said, and the exit code stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.functional.conftest import Cloud
from xacct.errors import ExitCode
from xacct.sandbox.world import Extra

LEAST = Path(__file__).parent / "manifests" / "least.yaml"
DATA, ANALYTICS, STRANGER = "325271821652", "290122656840", "999988887777"
PROFILES = {"data": (DATA, "acct-b"), "analytics": (ANALYTICS, "acct-a")}


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    """All is applied, a stranger is let in by hand, and the owners' credentials may do nothing any more."""
    made = make_cloud(DATA, ANALYTICS, STRANGER)
    made.furnish(LEAST)
    for account in (DATA, ANALYTICS):
        nothing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        made.world.client("iam", account).create_policy(
            PolicyName="given", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
        )
    assert made.xacct("apply", "--yes", "-f", LEAST).code == ExitCode.DONE
    iam = made.world.client("iam", DATA)
    trust = iam.get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"}, "Action": "sts:AssumeRole"}
    )
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(trust))
    for account, profile in PROFILES.values():
        made.world.add(Extra(account, "least", profile))
    made.world.write_config(made.config)
    return made


def may_read(cloud: Cloud, *accounts: str) -> None:
    """The rights that ``permissions --for plan`` prints for these accounts."""
    printed = json.loads(cloud.xacct("permissions", "--for", "plan", "-f", LEAST, "--format", "json").out)
    for number, one in enumerate(printed):
        if one["account"] in accounts:
            iam = cloud.world.client("iam", PROFILES[one["account"]][0])
            for part, document in enumerate(one["policies"]):
                made = iam.create_policy(
                    PolicyName=f"least-{number}-{part}", PolicyDocument=json.dumps(document), Path="/rights/"
                )
                iam.attach_user_policy(UserName="least", PolicyArn=made["Policy"]["Arn"])


def report(cloud: Cloud, code: ExitCode) -> Mapping[str, Any]:
    ran = cloud.xacct("verify", "-f", LEAST, "--wait", "0", "--format", "json")
    assert ran.code == code, ran.out + ran.err
    found = json.loads(ran.out)
    assert isinstance(found, dict)
    return found


def test_nothing_read_is_said_of_every_account_and_the_code_stays(cloud: Cloud) -> None:
    analytics, data = report(cloud, ExitCode.DONE)["notes"]
    for account, note in (("analytics", analytics), ("data", data)):
        assert f"documents of account {account} " in note
        for words in ("strangers", "further rights of the roles", "other ways to the buckets"):
            assert words in note
        assert "xacct permissions --for plan" in note
        assert "xacct drift" in note
    text = cloud.xacct("verify", "-f", LEAST, "--wait", "0")
    assert data in text.out
    junit = ElementTree.fromstring(cloud.xacct("verify", "-f", LEAST, "--wait", "0", "--format", "junit").out)
    assert data in (junit.findtext("system-out") or "")


def test_who_may_read_one_account_is_told_of_the_other_alone(cloud: Cloud) -> None:
    may_read(cloud, "analytics")
    (note,) = report(cloud, ExitCode.DONE)["notes"]
    assert "account data " in note


def test_with_the_reads_of_plan_the_stranger_is_found_and_nothing_is_left_to_say(cloud: Cloud) -> None:
    may_read(cloud, "data", "analytics")
    found = report(cloud, ExitCode.TOO_WIDE)
    assert found["notes"] == []
    assert any(STRANGER in one["caller"] for one in found["findings"] if one["outcome"] == "too wide")


def test_an_account_without_credentials_is_told_too(cloud: Cloud) -> None:
    may_read(cloud, "data", "analytics")
    cloud.config.write_text(cloud.config.read_text().replace("[profile acct-a]", "[profile gone]"))
    (note,) = report(cloud, ExitCode.TOO_WIDE)["notes"]
    assert note.startswith("The documents of account analytics could not be read")


def test_permissions_for_verify_say_what_they_do_not_reach(cloud: Cloud) -> None:
    verify = cloud.xacct("permissions", "--for", "verify", "-f", LEAST).out
    assert "strangers" in verify.splitlines()[-1]
    assert verify.splitlines()[-1].startswith("# ")
    assert "strangers" not in cloud.xacct("permissions", "--for", "plan", "-f", LEAST).out
