"""Every example of ``manifests/``, from its plan to its end, on a platform that really enforces."""

from __future__ import annotations

import re

import pytest

from tests.live.cloud import Live
from tests.live.examples import MANIFESTS, examples
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow

REFUSED = {
    # What Ceph ignores or refuses is a problem at plan time: by example, what each problem is about.
    "ceph": {
        "external-id-mfa": ["sts:ExternalId"],
        "aws-service": ["no service"],
        "ci-jobs": ["no provider"],
        "identity-center": ["aws:PrincipalArn"],
        "saml-users": ["SAML"],
        "encrypted-bucket": ["KMS"],
    },
    "sandbox": {},
    "aws": {},
}
WELL = {"as declared", "not tried", "not enforced"}


def test_every_file_of_the_folder_belongs_to_an_example() -> None:
    assert {path for paths in examples().values() for path in paths} == set(MANIFESTS.rglob("*.yaml"))


@pytest.mark.parametrize("name", examples())
def test_example_goes_all_the_way(name: str, live: Live) -> None:
    live.stage(examples()[name])
    if name in REFUSED[live.platform]:
        ran = live.xacct("apply", "--yes")
        assert ran.code == ExitCode.PROBLEM
        return
    first = live.done("plan")
    assert re.search(r"\b[1-9]\d* to create", first)
    live.done("apply", "--yes")
    live.done("plan", "--detailed-exitcode")
    found = live.outcomes()
    assert set(found.values()) <= WELL, found
    live.done("destroy", "--yes")
    assert live.done("plan") == first
