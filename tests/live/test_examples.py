"""Every example of ``manifests/``, from its plan to its end, on a platform that really enforces."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.live.cloud import Live
from tests.live.examples import MANIFESTS, examples
from tests.live.table import HOW
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow

REFUSED: dict[str, dict[str, tuple[str, list[str]]]] = {
    # By platform and example: what it is about, and words of each problem that planning ends with.
    "ceph": {
        "aws-service": (
            "a service as a principal",
            ["no service datasync.amazonaws.com that could assume a role"],
        ),
        "ci-jobs": ("an OIDC provider that is not there", ["provider"]),
        "encrypted-bucket": ("a key's policy", ["Ceph has no KMS"]),
        "external-id-mfa": ("an external id", ["Ceph never fills sts:ExternalId"]),
        "identity-center": ("`aws:PrincipalArn`", ["Ceph never fills aws:PrincipalArn"]),
        "saml-users": ("a SAML provider", ["Ceph knows no SAML providers"]),
    },
}
CANNOT_BE_MADE = {("ceph", "encrypted-bucket")}  # there are no keys
NOT_ENFORCED = {
    ("ceph", "session-tags"): "the whole way; tags of sessions are not enforced, and verify says so"
}
WELL = {"as declared", "not tried", "not enforced"}


def test_every_file_of_the_folder_belongs_to_an_example() -> None:
    assert {path for paths in examples().values() for path in paths} == set(MANIFESTS.rglob("*.yaml"))


@pytest.mark.parametrize("name", examples())
def test_example_goes_all_the_way(name: str, live: Live, seen: Callable[[str, str, str], None]) -> None:
    live.stage(examples()[name], furnish=(live.platform, name) not in CANNOT_BE_MADE)
    row = f"`manifests/` {name}"
    if name in REFUSED.get(live.platform, {}):
        about, problems = REFUSED[live.platform][name]
        found = [detail for _, detail in live.problems("apply", "--yes")]
        assert found
        assert all(any(words in detail for words in problems) for detail in found), found
        assert all(any(words in detail for detail in found) for words in problems), found
        assert live.xacct("apply", "--yes").code == ExitCode.PROBLEM
        seen(row, live.platform, f"a problem when planning: {about}")
        return
    first = live.done("plan")
    assert re.search(r"\b[1-9]\d* to create", first)
    live.done("apply", "--yes")
    live.done("plan", "--detailed-exitcode")
    live.done("drift")
    outcomes = live.outcomes()
    assert set(outcomes.values()) <= WELL, outcomes
    unkept = [check for check, outcome in outcomes.items() if outcome == "not enforced"]
    said_so = any(check.endswith("does all that it says") for check in unkept)
    assert (live.platform, name) not in NOT_ENFORCED or said_so, outcomes
    live.done("destroy", "--yes")
    assert live.done("plan") == first
    whole = "not tried" not in outcomes.values()
    said = "the whole way" if whole else "the whole way, verified in part"
    seen(row, live.platform, NOT_ENFORCED.get((live.platform, name), said))
    seen(HOW, live.platform, live.how)
