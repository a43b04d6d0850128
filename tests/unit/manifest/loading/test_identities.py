"""CI jobs, SAML users, services and permission sets: how they stand in a trust policy, and what is wrong with some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.manifest.desired.test_desire import HEAD, desired, documents
from xacct.account import Account
from xacct.manifest.identities import PermissionSet, permission_set_of
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Policies, Request, decide
from xacct.policy.principal import Federated, Role, Service, Session
from xacct.problem import BadInput, Severity

GITHUB = "token.actions.githubusercontent.com"
OIDC = "arn:aws:iam::111122223333:oidc-provider/"
ROLE = "arn:aws:iam::111122223333:role/reader"
SSO = "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com"


def manifest(trust: str, more: str = "") -> str:
    return f"""{HEAD}
links:
  - role: data/role/reader
    trust: [{trust}]
    bucket: logs
    access: [read]
{more}
"""


def trusts(trust: str, folder: Path, more: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = documents(desired(manifest(trust, more), folder))["data/role/reader"]
    return found


def web(issuer: str, audience: str, subject: str, operator: str = "StringEquals") -> dict[str, Any]:
    block: dict[str, dict[str, str]] = {"StringEquals": {f"{issuer}:aud": audience}}
    block.setdefault(operator, {})[f"{issuer}:sub"] = subject
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"{OIDC}{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": block,
    }


@pytest.mark.parametrize(
    ("trust", "statement"),
    [
        (
            "{github: acme@1/web@2, branch: main}",
            web(GITHUB, "sts.amazonaws.com", "repo:acme@1/web@2:ref:refs/heads/main"),
        ),
        (
            "{github: acme/web, environment: production}",
            web(GITHUB, "sts.amazonaws.com", "repo:acme/web:environment:production"),
        ),
        (
            '{github: acme/web, tag: "v*", audience: acme}',
            web(GITHUB, "acme", "repo:acme/web:ref:refs/tags/v*", "StringLike"),
        ),
        (
            "{gitlab: acme/tools/web, branch: main}",
            web("gitlab.com", "https://gitlab.com", "project_path:acme/tools/web:ref_type:branch:ref:main"),
        ),
        (
            "{gitlab: acme/web, tag: v1, host: git.example.com}",
            web("git.example.com", "https://git.example.com", "project_path:acme/web:ref_type:tag:ref:v1"),
        ),
        (
            "{oidc: https://idp.example.com/a/, audience: xacct, subject: job-7}",
            web("idp.example.com/a", "xacct", "job-7"),
        ),
        (
            "{saml: AcmeIdp}",
            {
                "Effect": "Allow",
                "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/AcmeIdp"},
                "Action": "sts:AssumeRoleWithSAML",
                "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
            },
        ),
        (
            '{service: datasync.amazonaws.com, source_account: apps, source_arn: "arn:aws:datasync:*:444455556666:*"}',
            {
                "Effect": "Allow",
                "Principal": {"Service": "datasync.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "444455556666"},
                    "ArnLike": {"aws:SourceArn": "arn:aws:datasync:*:444455556666:*"},
                },
            },
        ),
        (  # trap 10: never the role's name, for its suffix changes; trap 12: by condition, knowingly
            "{permission_set: Readers, account: apps}",
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {
                        "aws:PrincipalArn": [
                            f"{SSO}/AWSReservedSSO_Readers_????????????????",
                            f"{SSO}/*/AWSReservedSSO_Readers_????????????????",
                        ]
                    }
                },
            },
        ),
    ],
)
def test_each_stands_in_the_trust_with_what_tells_it_apart(
    trust: str, statement: dict[str, Any], tmp_path: Path
) -> None:
    assert trusts(trust, tmp_path) == [statement]


def test_what_stands_in_different_ways_has_statements_of_its_own(tmp_path: Path) -> None:
    found = trusts(
        "apps/user/anna, {github: acme/web, branch: main}, {github: acme/web, branch: next}, apps/user/bob",
        tmp_path,
    )
    assert [statement["Principal"] for statement in found] == [
        {"AWS": ["arn:aws:iam::444455556666:user/anna", "arn:aws:iam::444455556666:user/bob"]},
        {"Federated": f"{OIDC}{GITHUB}"},
        {"Federated": f"{OIDC}{GITHUB}"},
    ]


def test_provider_and_audience_are_those_of_the_partition(tmp_path: Path) -> None:
    """Trap 17: nothing is delegated between partitions, and every ARN carries its own."""
    text = manifest("{saml: AcmeIdp}, {gitlab: acme/web, branch: main}").replace(
        '{id: "111122223333"', '{id: "111122223333", partition: aws-cn'
    )
    saml, gitlab = documents(desired(text, tmp_path))["data/role/reader"]
    assert saml["Principal"] == {"Federated": "arn:aws-cn:iam::111122223333:saml-provider/AcmeIdp"}
    assert saml["Condition"] == {"StringEquals": {"SAML:aud": "https://signin.amazonaws.cn/saml"}}
    assert gitlab["Principal"] == {"Federated": "arn:aws-cn:iam::111122223333:oidc-provider/gitlab.com"}


def test_expiry_and_addresses_go_into_the_trust_of_a_job_too(tmp_path: Path) -> None:
    (found,) = trusts(
        "{github: acme/web, branch: main}",
        tmp_path,
        '    expires: "2031-01-31"\n    source_ip: [192.0.2.0/24]',
    )
    assert found["Condition"]["DateLessThan"] == {"aws:CurrentTime": "2031-01-31T00:00:00Z"}
    assert found["Condition"]["IpAddress"] == {"aws:SourceIp": "192.0.2.0/24"}
    assert set(found["Condition"]["StringEquals"]) == {f"{GITHUB}:aud", f"{GITHUB}:sub"}


def test_tagging_a_session_is_allowed_on_both_sides(tmp_path: Path) -> None:
    """Trap 59: without sts:TagSession in trust and grant a tagged AssumeRole fails as a whole."""
    text = manifest("apps/user/anna", "    grant: [apps/user/anna]\n    session_tags: [team, Project]")
    found = documents(desired(text, tmp_path))
    assert found["data/role/reader"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert found["data/role/reader"][0]["Condition"] == {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Project", "team"]}
    }
    assert found["apps/user-policy/anna/xacct-demo-reader"][0]["Action"] == [
        "sts:AssumeRole",
        "sts:TagSession",
    ]


@pytest.mark.parametrize(
    ("keys", "allowed"), [((), True), (("team",), True), (("team", "admin"), False), (("admin",), False)]
)
def test_only_declared_keys_may_be_tagged(keys: tuple[str, ...], allowed: bool, tmp_path: Path) -> None:
    """Trap 53: the condition is true where there are no tags, which is what is meant here."""
    (statement,) = trusts("data/user/anna", tmp_path, "    session_tags: [team]")
    statement["Principal"] = {"AWS": "arn:aws:iam::111122223333:role/job"}
    for action in ("sts:AssumeRole", *(["sts:TagSession"] if keys else [])):
        request = Request.of(
            Role("arn:aws:iam::111122223333:role/job"),
            action,
            ROLE,
            resource_account="111122223333",
            context={"aws:TagKeys": keys} if keys else {},
        )
        assert decide(request, Policies(resource=Document.of(statement))).allowed is allowed


def test_any_tag_needs_no_condition(tmp_path: Path) -> None:
    (found,) = trusts("apps/user/anna", tmp_path, '    session_tags: ["*", team]')
    assert found["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert "Condition" not in found


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (f"{SSO}/eu-west-1/AWSReservedSSO_Data_0123456789abcdef", True),
        (f"{SSO}/AWSReservedSSO_Data_fedcba9876543210", True),
        (f"{SSO}/eu-west-1/AWSReservedSSO_Data_Admin_0123456789abcdef", False),
        (f"{SSO}/eu-west-1/AWSReservedSSO_BigData_0123456789abcdef", False),
        ("arn:aws:iam::444455556666:role/AWSReservedSSO_Data_0123456789abcdef", False),
        (f"{SSO.replace('4444', '7777')}/AWSReservedSSO_Data_0123456789abcdef", False),
    ],
)
def test_a_permission_set_lets_in_its_own_role_whatever_the_suffix_and_no_other(
    role: str, allowed: bool, tmp_path: Path
) -> None:
    """Trap 10, and trap 9: the path holds a region, or none."""
    (statement,) = trusts("{permission_set: Data, account: apps}", tmp_path)
    grant = Document.of({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE})
    request = Request.of(Session(role, "anna"), "sts:AssumeRole", ROLE, resource_account="111122223333")
    policies = Policies(identity=(Named("set", grant),), resource=Document.of(statement))
    assert decide(request, policies).allowed is allowed


@pytest.mark.parametrize(
    ("subject", "allowed"),
    [
        ("repo:acme/web:ref:refs/heads/release-1", True),
        ("repo:acme/web:ref:refs/heads/main", False),
        ("repo:acme/web2:ref:refs/heads/release-1", False),
        ("repo:evil/web:ref:refs/heads/release-1", False),
        ("", False),
    ],
)
def test_only_jobs_with_a_fitting_subject_get_in(subject: str, allowed: bool, tmp_path: Path) -> None:
    (statement,) = trusts('{github: acme/web, branch: "release-*"}', tmp_path)
    context = {f"{GITHUB}:aud": "sts.amazonaws.com", **({f"{GITHUB}:sub": subject} if subject else {})}
    request = Request.of(
        Federated(f"{OIDC}{GITHUB}"),
        "sts:AssumeRoleWithWebIdentity",
        ROLE,
        resource_account="111122223333",
        context=context,
    )
    assert decide(request, Policies(resource=Document.of(statement))).allowed is allowed


@pytest.mark.parametrize(
    ("account", "allowed"), [("444455556666", True), ("777788889999", False), ("", False)]
)
def test_a_service_gets_in_on_behalf_of_the_declared_account_only(
    account: str, allowed: bool, tmp_path: Path
) -> None:
    (statement,) = trusts("{service: datasync.amazonaws.com, source_account: apps}", tmp_path)
    context = {"aws:SourceAccount": account} if account else {}
    request = Request.of(
        Service("datasync.amazonaws.com"),
        "sts:AssumeRole",
        ROLE,
        resource_account="111122223333",
        context=context,
    )
    assert decide(request, Policies(resource=Document.of(statement))).allowed is allowed


def test_the_name_of_a_set_is_read_from_its_role() -> None:
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    assert permission_set_of(path, "AWSReservedSSO_Data_Admin_0123456789abcdef") == "Data_Admin"
    assert permission_set_of("/", "AWSReservedSSO_Data_0123456789abcdef") == ""
    assert permission_set_of(path, "AWSReservedSSO_Data_0123") == ""


def test_the_longest_name_of_a_set_fits_a_role() -> None:
    """Trap 26: a role's name has 64 characters, which a set's 32 with its suffix just fill."""
    one = PermissionSet(account=Account(name="a", id="444455556666"), name="x" * 32)
    assert all(len(pattern.rpartition("/")[2]) == 64 for pattern in one.patterns)


def warnings(trust: str, folder: Path, more: str = "") -> list[str]:
    path = folder / "xacct.yaml"
    path.write_text(manifest(trust, more))
    return [
        f"{one.severity.value}: {one.summary}: {one.detail} {one.fix}"
        for one in load_manifest([path]).warnings
    ]


def test_a_repository_by_name_is_remarked_and_one_by_id_is_not(tmp_path: Path) -> None:
    (said,) = warnings("{github: acme/web, branch: main}", tmp_path)
    assert said.startswith("info: Repository by name")
    assert "Write acme@ID/web@ID" in said
    assert warnings("{github: acme@12/web@34, branch: main}", tmp_path) == []


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        ("{github: acme@1/w*, branch: main}", "every repository of acme@1"),
        ('{github: acme@1/web@2, branch: "*"}', "any branch is let in"),
        ("{gitlab: acme/*, branch: main}", "every project"),
    ],
)
def test_what_is_wide_is_said_to_be(trust: str, words: str, tmp_path: Path) -> None:
    (said,) = warnings(trust, tmp_path)
    assert said.startswith("warning: Wide trust")
    assert words in said


def test_the_grant_of_a_permission_set_is_made_in_identity_center(tmp_path: Path) -> None:
    """Trap 10: its role cannot be edited by anyone else."""
    (said,) = warnings("{permission_set: Readers, account: apps}", tmp_path)
    assert "In Identity Center, put sts:AssumeRole on" in said
    assert "into the permission set Readers" in said


def test_people_of_a_permission_set_have_one_hour(tmp_path: Path) -> None:
    """Trap 56: what they bring is a session of a role, and the next one is chained."""
    said = warnings("{permission_set: Readers, account: apps}", tmp_path, "    session: 4h")
    assert any("Session too long for a role" in one for one in said)


@pytest.mark.parametrize("where", ["aws-reserved/sso.amazonaws.com", "aws-service-role/batch.amazonaws.com"])
def test_roles_that_aws_makes_are_never_made(where: str, tmp_path: Path) -> None:
    """Trap 11, and trap 10."""
    path = tmp_path / "xacct.yaml"
    path.write_text(f"{HEAD}\nroles:\n  data/role/{where}/x:\n    trust: {{principals: [apps/user/anna]}}\n")
    with pytest.raises(BadInput) as found:
        load_manifest([path])
    assert [one.summary for one in found.value.problems if one.severity is Severity.ERROR] == [
        "A protected role"
    ]
