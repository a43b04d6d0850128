"""Providers and permission sets must be there before anything is planned on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from immutabledict import immutabledict

from tests.unit.manifest.desired.test_desire import APPS, DATA
from tests.unit.manifest.loading.test_identities import manifest
from xacct.manifest.desired.provided import providers_of, unprovided
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.problem import Problem
from xacct.snapshot import ProviderRecord, RoleRecord, Snapshot, Unread

GITHUB = DATA.iam_arn("oidc-provider/token.actions.githubusercontent.com")
NOBODY = Document.of({"Effect": "Allow", "Principal": {"AWS": APPS.root}, "Action": "sts:AssumeRole"})


def found(
    trust: str, folder: Path, *, unread: Unread | None = None, roles: tuple[str, ...] = (), **providers: Any
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    path = folder / "xacct.yaml"
    path.write_text(manifest(trust))
    given = providers.get("providers")
    gaps = frozenset({unread} if unread else ())
    snapshots = {
        "data": Snapshot(
            account=DATA,
            providers=None if given is None else immutabledict({one.arn: one for one in given}),
            unread=gaps,
        ),
        "apps": Snapshot(account=APPS, roles=immutabledict({name: sso(name) for name in roles}), unread=gaps),
    }
    return unprovided(load_manifest([path]), snapshots)


def sso(name: str) -> RoleRecord:
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    return RoleRecord(name=name, path=path, arn=APPS.iam_arn(f"role{path}{name}"), id="AROAX", trust=NOBODY)


def provider(arn: str, *audiences: str) -> ProviderRecord:
    return ProviderRecord(arn=arn, audiences=frozenset(audiences))


def test_a_provider_with_the_audience_is_fine(tmp_path: Path) -> None:
    given = [provider(GITHUB, "sts.amazonaws.com")]
    assert found("{github: acme@1/web@2, branch: main}", tmp_path, providers=given) == ((), ())


def test_a_missing_provider_is_a_problem_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (problem,), notes = found("{github: acme@1/web@2, branch: main}", tmp_path, providers=[])
    assert problem.summary == "Unknown identity provider"
    assert problem.place is not None
    assert (
        "aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com "
        "--client-id-list sts.amazonaws.com" in problem.fix
    )
    assert notes == ()


def test_a_provider_of_nearly_the_same_name_is_suggested(tmp_path: Path) -> None:
    given = [provider(DATA.iam_arn("oidc-provider/gitlab.example.com"), "x")]
    (problem,), _ = found("{gitlab: a/b, branch: main, host: gitlab.exmaple.com}", tmp_path, providers=given)
    assert problem.fix.startswith("Did you mean oidc-provider/gitlab.example.com?")


def test_an_audience_that_the_provider_does_not_take_is_a_problem(tmp_path: Path) -> None:
    (problem,), _ = found(
        "{github: acme@1/web@2, branch: main}",
        tmp_path,
        providers=[provider(GITHUB, "https://github.com/acme")],
    )
    assert problem.summary == "Unknown audience"
    assert "add-client-id-to-open-id-connect-provider" in problem.fix


def test_a_saml_provider_is_looked_for_by_name(tmp_path: Path) -> None:
    (problem,), _ = found(
        "{saml: AcmeIdp}", tmp_path, providers=[provider(DATA.iam_arn("saml-provider/Acme"))]
    )
    assert problem.summary == "Unknown identity provider"
    assert found("{saml: Acme}", tmp_path, providers=[provider(DATA.iam_arn("saml-provider/Acme"))]) == (
        (),
        (),
    )


@pytest.mark.parametrize("unread", [None, Unread(account="data", what="providers", reason="Denied.")])
def test_what_could_not_be_read_is_a_note_and_no_problem(tmp_path: Path, unread: Unread | None) -> None:
    problems, (note,) = found("{saml: Acme}, {gitlab: a/b, branch: main}", tmp_path, unread=unread)
    assert problems == ()
    assert note.summary == "Existence not checked"
    assert ("Denied." if unread else "not asked for") in note.detail


def test_a_permission_set_is_found_by_its_name_whatever_the_suffix(tmp_path: Path) -> None:
    """Trap 10."""
    trust = "{permission_set: Readers, account: apps}"
    for suffix in ("0123456789abcdef", "fedcba9876543210"):
        assert found(trust, tmp_path, roles=(f"AWSReservedSSO_Readers_{suffix}",)) == ((), ())


def test_a_permission_set_that_is_not_assigned_is_a_problem(tmp_path: Path) -> None:
    roles = ("AWSReservedSSO_Readers_Admin_0123456789abcdef", "AWSReservedSSO_Billing_0123456789abcdef")
    (problem,), _ = found("{permission_set: Readers, account: apps}", tmp_path, roles=roles)
    assert problem.summary == "Unknown permission set"
    assert problem.fix == 'Did you mean "Readers_Admin"?'
    (problem,), _ = found("{permission_set: Xyz, account: apps}", tmp_path, roles=roles)
    assert problem.fix == ("Assign it to the account in Identity Center. There: Billing, Readers_Admin.")


def test_roles_that_could_not_be_read_leave_the_set_unknown(tmp_path: Path) -> None:
    unread = Unread(account="apps", what="*", reason="Denied.")
    problems, (note,) = found("{permission_set: Readers, account: apps}", tmp_path, unread=unread)
    assert problems == ()
    assert "permission sets of account apps" in note.detail


def test_providers_in_written_trusts_are_looked_for_too(tmp_path: Path) -> None:
    path = tmp_path / "xacct.yaml"
    path.write_text(
        """
version: 1
name: demo
accounts:
  data: {id: "111122223333", profile: b}
roles:
  data/role/reader:
    trust:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Principal: {Federated: "arn:aws:iam::111122223333:saml-provider/Acme"}
        Action: sts:AssumeRoleWithSAML
        Condition: {StringEquals: {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
"""
    )
    assert [one.arn for one in providers_of(load_manifest([path]))] == [DATA.iam_arn("saml-provider/Acme")]
