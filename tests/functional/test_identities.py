"""CI jobs and people of Identity Center on the embedded cloud: what a plan says of them, and what verify finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode
from xacct.sandbox.issuer import Issuer

OWNER, USERS = "111122223333", "444455556666"
GITHUB = "token.actions.githubusercontent.com"
JOBS, PEOPLE = MANIFESTS / "ci-jobs.yaml", MANIFESTS / "identity-center.yaml"
HEAD = f"""
version: 1
name: release-artifacts
accounts:
  artifacts: {{id: "{OWNER}", profile: artifacts-admin}}
links:
  - role: artifacts/role/ci/publisher
    trust: [TRUST]
    bucket: release-artifacts
    prefixes: [builds/]
    access: [list, write]
"""
MAIN = "{github: acme@9919/web@1296269, branch: main, profile: ci-github}"


@pytest.fixture
def jobs(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(OWNER)
    made.furnish(JOBS)
    return made


@pytest.fixture
def people(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(OWNER, USERS)
    made.furnish(PEOPLE)
    return made


def manifest(cloud: Cloud, *trust: str) -> str:
    return str(cloud.write("xacct.yaml", HEAD.replace("TRUST", ", ".join(trust))))


def access(cloud: Cloud, *words: str) -> dict[str, list[str]]:
    ran = cloud.xacct("plan", *words, "--format", "json")
    found: list[dict[str, str]] = json.loads(ran.out)["access"]
    return {
        weight: [one["text"] for one in found if one["weight"] == weight]
        for weight in ("gain", "loss", "alarm")
    }


def trust(cloud: Cloud, **condition: Any) -> None:
    """Change the trust of the role by hand."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{OWNER}:oidc-provider/{GITHUB}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.world.client("iam", OWNER).update_assume_role_policy(RoleName="publisher", PolicyDocument=document)


def test_a_second_branch_is_a_gain_of_its_own_and_the_first_is_not(jobs: Cloud) -> None:
    path = manifest(jobs, MAIN)
    assert access(jobs, "-f", path)["gain"] == [
        f"artifacts/oidc-provider/{GITHUB} as repo:acme@9919/web@1296269:ref:refs/heads/main gains list on "
        "release-artifacts (prefix builds/*) through artifacts/role/ci/publisher",
        f"artifacts/oidc-provider/{GITHUB} as repo:acme@9919/web@1296269:ref:refs/heads/main gains write on "
        "release-artifacts/builds/* through artifacts/role/ci/publisher",
    ]
    assert jobs.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    path = manifest(jobs, MAIN, "{github: acme@9919/web@1296269, branch: next}")
    changed = access(jobs, "-f", path)
    assert len(changed["gain"]) == 2
    assert all("refs/heads/next" in text for text in changed["gain"])
    assert changed["loss"] == changed["alarm"] == []


def test_a_role_that_lost_its_branch_is_missing_and_drift_tells_it(jobs: Cloud) -> None:
    path = manifest(jobs, MAIN)
    assert jobs.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    trust(
        jobs,
        StringEquals={
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": "repo:acme@9919/web@1:ref:refs/heads/x",
        },
    )
    verified = jobs.xacct("verify", "-f", path, "--wait", "0")
    assert verified.code == ExitCode.MISSING
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in verified.out
    assert jobs.xacct("drift", "-f", path).code == ExitCode.DIFFERENCES


def test_a_token_for_somebody_else_teaches_nothing_and_is_never_shown(jobs: Cloud) -> None:
    path = manifest(jobs, MAIN)
    assert jobs.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    other = Issuer(f"https://{GITHUB}")
    file = jobs.folder / "ci-github.token"
    for token, words, outcome in (
        (
            other.token("repo:acme@9919/web@1296269:pull_request", "sts.amazonaws.com"),
            "pull_request, not",
            "not tried",
        ),
        (
            other.token("repo:acme@9919/web@1296269:ref:refs/heads/main", "sts.amazonaws.com"),
            "is not valid",
            "UNKNOWN",
        ),
        ("no token at all", "holds no token", "not tried"),
    ):
        file.write_text(token)
        for debug in ([], ["--debug"]):
            ran = jobs.xacct(*debug, "verify", "-f", path, "--wait", "0")
            assert ran.code == ExitCode.UNKNOWN
            assert words in " ".join(ran.out.split())
            assert outcome in ran.out
            assert " ok " not in ran.out
            assert token.split(".")[-1] not in ran.out + ran.err
    file.unlink()
    assert "cannot be read" in " ".join(jobs.xacct("verify", "-f", path, "--wait", "0").out.split())


def test_use_runs_a_command_with_the_session_of_a_job(jobs: Cloud) -> None:
    path = manifest(jobs, MAIN)
    assert jobs.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    told = jobs.xacct("use", "-f", path, "publisher")
    assert "web_identity_token_file = FILE-WITH-THE-TOKEN" in told.out
    assert "source_profile" not in told.out
    ran = jobs.xacct("use", "-f", path, "publisher", "--", "sh", "-c", 'test -n "$AWS_SESSION_TOKEN"')
    assert ran.code == 0


def test_a_provider_that_is_not_there_stops_the_plan(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud(OWNER)
    cloud.furnish(JOBS)
    iam = cloud.world.client("iam", OWNER)
    iam.delete_open_id_connect_provider(
        OpenIDConnectProviderArn=f"arn:aws:iam::{OWNER}:oidc-provider/{GITHUB}"
    )
    path = manifest(cloud, MAIN)
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes", "-f", path)
    assert ran.code == ExitCode.PROBLEM
    assert "xacct.yaml:8:" in ran.err
    assert "aws iam create-open-id-connect-provider" in ran.err
    assert all(one.operation.startswith(("Get", "List", "Head")) for one in cloud.sandbox.requests[before:])


def test_a_permission_set_that_is_provisioned_again_changes_nothing(people: Cloud) -> None:
    """Trap 10: the role has another name afterwards, and the trust was never about its name."""
    assert people.xacct("apply", "--yes", "-f", PEOPLE).code == ExitCode.DONE
    role = people.sandbox.assign_permission_set(
        USERS,
        "Analyst",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Resource": f"arn:aws:iam::{OWNER}:role/report-readers",
                },
            }
        ),
        region="us-east-1",
    )
    assert people.xacct("plan", "--detailed-exitcode", "-f", PEOPLE).code == ExitCode.DONE
    text = people.config.read_text()
    old = next(line for line in text.splitlines() if "AWSReservedSSO_" in line)
    people.config.write_text(text.replace(old, f"role_arn = {role}"))
    verified = people.xacct("verify", "-f", PEOPLE)
    assert verified.code == ExitCode.DONE, verified.out


def test_a_permission_set_is_told_as_people_and_not_as_a_way(people: Cloud) -> None:
    found = access(people, "-f", str(PEOPLE))
    assert len(found["gain"]) == 2
    assert all(
        text.startswith("analytics/role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Analyst_")
        for text in found["gain"]
    )
    assert "Left alone" not in people.xacct("plan", "-f", PEOPLE).out


def test_a_permission_set_that_may_not_assume_is_said_not_to_work(people: Cloud) -> None:
    nothing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    people.sandbox.assign_permission_set(
        USERS, "Analyst", json.dumps({"Version": "2012-10-17", "Statement": nothing})
    )
    (alarm,) = access(people, "-f", str(PEOPLE))["alarm"]
    assert alarm.startswith(
        "permission set Analyst of analytics assumes report-readers: because no identity-based"
    )


@pytest.mark.parametrize("name", ["saml-users", "aws-service"])
def test_those_whose_credentials_nobody_has_are_not_tried(
    name: str, make_cloud: Callable[..., Cloud]
) -> None:
    path = MANIFESTS / f"{name}.yaml"
    cloud = make_cloud(OWNER, USERS)
    cloud.furnish(path)
    assert not access(cloud, "-f", str(path))["alarm"]
    assert cloud.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    ran = cloud.xacct("verify", "-f", path)
    assert ran.code == ExitCode.UNKNOWN
    assert ran.out.count("allowed by the documents") == 3
    assert ran.out.count("denied by the documents") == ran.out.count("cannot")
    assert " ok " not in ran.out
