"""Two accounts, often run by two people: one side alone, missing credentials, the wrong account."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_removal import writes
from xacct.errors import ExitCode
from xacct.manifest.desired.desire import desire
from xacct.manifest.loading.load import load_manifest

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"
PLAIN = MANIFESTS / "seed-plain" / "xacct.yaml"
ROLE = "cross-bucket-access-mongodb-logs"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LINK)
    return made


def addresses(cloud: Cloud, *words: object) -> list[str]:
    done = cloud.xacct("plan", "--format", "json", "-f", LINK, *map(str, words))
    assert done.code == ExitCode.DONE, done.err
    return [step["address"] for step in json.loads(done.out)["steps"]]


def test_plain_and_link_form_of_the_page_are_one_state(cloud: Cloud) -> None:
    assert desire(load_manifest([PLAIN]), {}).state == desire(load_manifest([LINK]), {}).state
    assert cloud.xacct("apply", "--yes", "-f", PLAIN).code == ExitCode.DONE
    other = cloud.xacct("plan", "--detailed-exitcode", "-f", LINK)
    assert other.code == ExitCode.DONE, other.out
    assert cloud.xacct("verify", "-f", LINK).out == cloud.xacct("verify", "-f", PLAIN).out


def test_verify_prints_the_bucket_as_the_page_does(cloud: Cloud) -> None:
    cloud.furnish(LINK, objects={"mongodb-snapshots": ["mongodb-backup-monday.img.xz"]})
    assert cloud.xacct("apply", "--yes", "-f", PLAIN).code == ExitCode.DONE
    said = cloud.xacct("verify", "-f", PLAIN).out
    listing = said[said.index("Bucket Information") :].splitlines()
    assert listing[:3] == [
        "Bucket Information [mongodb-snapshots]:",
        "------------------------------------------------------------",
        "\tmongodb-backup-monday.img.xz",
    ]


@pytest.mark.parametrize(
    ("missing", "done", "unknown"),
    [
        ("acct-a", ["data/role/", "data/role-policy/"], "analytics"),
        ("acct-b", ["analytics/group-policy/"], "data"),
    ],
)
def test_with_one_sides_credentials_missing_the_other_is_planned_and_applied(
    missing: str, done: list[str], unknown: str, cloud: Cloud
) -> None:
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace(f"[profile {missing}]", "[profile elsewhere]"))
    plan = json.loads(cloud.xacct("plan", "--format", "json", "-f", LINK).out)
    assert all(step["account"] != unknown for step in plan["steps"])
    assert [any(step["address"].startswith(start) for step in plan["steps"]) for start in done] == [
        True
    ] * len(done)
    gaps = [gap["address"] for gap in plan["unknown"]]
    assert gaps
    assert all(gap.startswith(f"{unknown}/") for gap in gaps)

    applied = cloud.xacct("apply", "--yes", "-f", LINK)
    assert applied.code == ExitCode.UNKNOWN, applied.err
    again = cloud.xacct("plan", "--detailed-exitcode", "-f", LINK)
    assert again.code == ExitCode.UNKNOWN
    assert "No differences in what could be read" in again.out

    cloud.config.write_text(config)
    rest = json.loads(cloud.xacct("plan", "--format", "json", "-f", LINK).out)["steps"]
    assert rest
    assert all(step["account"] == unknown for step in rest)
    assert all(step["action"] == "create" for step in rest)


def test_nothing_is_taken_for_absent_when_an_account_cannot_be_read(cloud: Cloud) -> None:
    assert cloud.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace("[profile acct-a]", "[profile elsewhere]"))
    drift = cloud.xacct("drift", "-f", LINK)
    assert drift.code == ExitCode.UNKNOWN
    destroy = cloud.xacct("destroy", "--yes", "-f", LINK)
    assert destroy.code == ExitCode.UNKNOWN, destroy.out
    cloud.config.write_text(config)
    left = cloud.world.client("iam", ANALYTICS).list_group_policies(GroupName="Testers")["PolicyNames"]
    assert left == ["mongodb-bucket-access-role"]


def test_each_owner_applies_their_own_side(cloud: Cloud) -> None:
    assert addresses(cloud, "--account", "analytics") == [
        "analytics/group-policy/Testers/mongodb-bucket-access-role"
    ]
    applied = cloud.xacct("apply", "--yes", "--account", "data", "-f", LINK)
    assert applied.code == ExitCode.DONE, applied.err
    assert {seen.account for seen in cloud.sandbox.requests if seen.operation == "CreateRole"} == {DATA}
    assert addresses(cloud) == ["analytics/group-policy/Testers/mongodb-bucket-access-role"]
    assert cloud.xacct("apply", "--yes", "--account", "analytics", "-f", LINK).code == ExitCode.DONE
    assert addresses(cloud) == []


def test_steps_of_the_owner_of_the_data_come_first_in_both_directions(cloud: Cloud) -> None:
    assert [address.split("/")[0] for address in addresses(cloud)] == ["data", "data", "analytics"]
    assert cloud.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    seen = cloud.xacct("destroy", "--yes", "--format", "json", "-f", LINK)
    steps = json.loads(seen.out)["steps"]
    assert [step["account"] for step in steps] == ["data", "data", "analytics"]


def test_credentials_of_another_account_stop_everything_before_anything_is_sent(cloud: Cloud) -> None:
    config = cloud.config.read_text()
    swapped = config.replace("[profile acct-a]", "[profile tmp]").replace(
        "[profile acct-b]", "[profile acct-a]"
    )
    cloud.config.write_text(swapped.replace("[profile tmp]", "[profile acct-b]"))
    before = len(cloud.sandbox.requests)
    refused = cloud.xacct("apply", "--yes", "-f", LINK)
    assert refused.code == ExitCode.REFUSED
    assert DATA in refused.err
    assert ANALYTICS in refused.err
    assert not writes(cloud, before)


def test_an_endpoint_that_is_not_the_declared_one_is_refused_before_the_first_request(cloud: Cloud) -> None:
    text = LINK.read_text().replace("profile: acct-b}", "profile: acct-b, endpoint: 'http://127.0.0.1:1'}")
    cloud.write("xacct.yaml", text)
    before = len(cloud.sandbox.requests)
    refused = cloud.xacct("plan")
    assert refused.code == ExitCode.REFUSED
    assert "127.0.0.1:1" in refused.err
    assert len(cloud.sandbox.requests) == before


def test_without_consent_nothing_is_changed(cloud: Cloud) -> None:
    before = len(cloud.sandbox.requests)
    asked = cloud.xacct("apply", "--no-input", "-f", LINK)
    assert asked.code == ExitCode.USAGE
    assert not writes(cloud, before)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("user", "analytics/user/user01", "analytics/user/user99"),
        ("group", "analytics/group/Testers", "analytics/group/Tester"),
        ("bucket", "bucket: mongodb-snapshots", "bucket: mongodb-snapshot"),
    ],
)
def test_what_does_not_exist_is_a_problem_before_anything_is_written(
    name: str, before: str, after: str, cloud: Cloud
) -> None:
    cloud.write("xacct.yaml", LINK.read_text().replace(before, after))
    start = len(cloud.sandbox.requests)
    for command in (("plan",), ("apply", "--yes")):
        said = cloud.xacct(*command)
        assert said.code == ExitCode.PROBLEM
        assert f"Unknown {name}" in said.err
        assert "xacct.yaml:" in said.err
    assert not writes(cloud, start)


def test_only_one_link_is_planned_when_only_it_is_asked_for(make_cloud: Callable[..., Cloud]) -> None:
    paths = [MANIFESTS / "two-teams"]
    accounts = sorted({spec.account.id for spec in load_manifest(paths).accounts.values()})
    cloud = make_cloud(*accounts)
    cloud.furnish(*paths)
    said = cloud.xacct("plan", "--format", "json", "--only", "web-assets", "-f", paths[0])
    found = {step["address"] for step in json.loads(said.out)["steps"]}
    assert found == {
        "platform/role/web-assets",
        "platform/role-policy/web-assets/xacct-platform-web-assets",
        "web/group-policy/Deployers/xacct-platform-web-assets",
    }
    assert cloud.xacct("plan", "--only", "nope", "-f", paths[0]).code == ExitCode.USAGE


@pytest.mark.parametrize("missing", ["acct-a", "acct-b"])
def test_what_one_owner_applied_alone_that_owner_can_take_back(missing: str, cloud: Cloud) -> None:
    """Without the credentials of the other account, whose part neither run knew."""
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace(f"[profile {missing}]", "[profile elsewhere]"))
    before = addresses(cloud)
    assert before
    assert cloud.xacct("apply", "--yes", "-f", LINK).code == ExitCode.UNKNOWN
    assert "No differences in what could be read" in cloud.xacct("plan", "-f", LINK).out
    back = cloud.xacct("undo", "--yes")
    assert back.code == ExitCode.DONE, back.out + back.err
    assert addresses(cloud) == before
