"""The facts about platforms hang together, and everything else takes them from there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.session import Session

from xacct.platform import CEPH, EUCALYPTUS, PARTITIONS, PLATFORMS, PRIVATE, platform_named, told, unfilled
from xacct.policy.arn import is_account_id

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "manifest.v1.json").read_text())
ACCOUNT = SCHEMA["$defs"]["account"]["properties"]


def test_the_manifest_may_name_every_platform_and_partition_and_no_other() -> None:
    assert ACCOUNT["platform"]["enum"] == list(PLATFORMS)
    assert ACCOUNT["partition"]["enum"] == list(PARTITIONS)


def test_ids_of_every_platform_are_ids_to_the_schema_and_to_arns_trap_62() -> None:
    for one in ("325271821652", "RGW22222222222222222"):
        assert is_account_id(one)
        assert re.fullmatch(ACCOUNT["id"]["pattern"], one)
    for other in ("RGW2222222222222222", "rgw22222222222222222", "32527182165", "", "RGW"):
        assert not is_account_id(other)
    assert re.fullmatch(CEPH.account_id, "RGW22222222222222222")
    assert not re.fullmatch(CEPH.account_id, "325271821652")


def test_every_call_that_tells_the_account_is_one_of_the_sdk() -> None:
    session = Session()
    for platform in (*PLATFORMS.values(), PRIVATE):
        assert hash(platform)
        assert platform.identity
        for name in platform.identity:
            service, _, operation = name.partition(":")
            assert operation in session.get_service_model(service).operation_names


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"declared": "eucalyptus"}, "eucalyptus"),
        ({"account_id": "RGW22222222222222222"}, "ceph"),
        ({"account_id": "325271821652"}, None),
        ({"declared": "minio"}, None),
    ],
)
def test_what_is_told_without_asking_anybody(given: dict[str, str], name: str | None) -> None:
    found = told(**given)
    assert (found.name if found else None) == name


def test_an_unknown_name_is_a_service_of_which_nothing_is_known() -> None:
    assert platform_named("") is PRIVATE
    assert platform_named("private") is PRIVATE
    assert platform_named("aws-cn").name == "aws-cn"


def test_keys_that_no_request_carries() -> None:
    assert unfilled(CEPH, "sts:ExternalId")
    assert not unfilled(EUCALYPTUS, "sts:ExternalId")
    assert unfilled(EUCALYPTUS, "aws:MultiFactorAuthPresent")
    assert not unfilled(EUCALYPTUS, "aws:SourceIp")
    assert unfilled(EUCALYPTUS, "aws:SourceVpce")
    assert not unfilled(PLATFORMS["aws"], "sts:ExternalId")


def test_only_ceph_does_not_judge_the_grants_trap_61() -> None:
    assert [one.name for one in PLATFORMS.values() if not one.grants_judged] == ["ceph"]
