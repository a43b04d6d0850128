"""Role tags where a service replaces them, and where it only appends: the laws hold on both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.cloud import Live
from xacct.errors import ExitCode
from xacct.platform import told

pytestmark = pytest.mark.slow

MANIFEST = """
version: 1
name: tagged
accounts:
  data: {id: "111122223333", profile: data-admin}
  users: {id: "444455556666", profile: users-admin}
roles:
  data/role/reader:
    description: DESCRIPTION
    trust: {principals: [users/user/ada]}
    tags: {TAGS}
"""
APPENDED = "appended for ever: nine a call, fifty in all, the last of a key counts"
MANY = ", ".join(f"key{number:02}: v{number}" for number in range(20))


def manifest(tags: str, description: str = "first") -> str:
    return MANIFEST.replace("TAGS", tags).replace("DESCRIPTION", description)


def appends(live: Live) -> bool:
    platform = told(account_id=live.id("data"))
    return platform is not None and not platform.tags_replaced


def pairs(live: Live) -> int:
    """Tags as the service counts them; Ceph's come out of boto3 with key and value apart."""
    found = live.client("iam", "data").list_role_tags(RoleName="reader").get("Tags", [])
    return sum("Value" in pair for pair in found)


def applied(live: Live, text: str, *words: str) -> str:
    live.stage(text)
    said = live.done("apply", "--yes", *words)
    live.done("plan", "--detailed-exitcode")
    return said


def test_more_tags_than_one_call_carries(live: Live, seen: Callable[[str, str, str], None]) -> None:
    applied(live, manifest(MANY))
    assert pairs(live) == 22
    applied(live, manifest(MANY.replace("v7", "changed")))
    assert pairs(live) == (23 if appends(live) else 22)
    assert "tag key07: changed" in live.done("destroy", "--yes")
    assert live.client("iam", "data").list_roles()["Roles"] == []
    seen("role tags", live.platform, APPENDED if appends(live) else "replaced")


def test_a_tag_changed_by_hand_is_drift_and_the_last_value_counts(live: Live) -> None:
    applied(live, manifest("team: logs"))
    iam = live.client("iam", "data")
    iam.tag_role(RoleName="reader", Tags=[{"Key": "team", "Value": "theirs"}])
    assert "theirs" in live.done("drift", code=ExitCode.DIFFERENCES)
    applied(live, manifest("team: logs"))
    live.done("drift")


def test_a_mark_changed_by_hand_is_drift_and_a_deletion_still_needs_the_content(live: Live) -> None:
    applied(live, manifest("team: logs"))
    iam = live.client("iam", "data")
    iam.tag_role(RoleName="reader", Tags=[{"Key": "xacct:fingerprint", "Value": "0" * 12}])
    live.stage(manifest("team: logs").partition("roles:")[0])
    refused = live.done("apply", "--yes", code=ExitCode.REFUSED)
    assert "Edited since it was made" in refused
    assert "xacct:manifest" in str(iam.list_role_tags(RoleName="reader")["Tags"])
    live.done("apply", "--yes", "--prune-edited")
    assert iam.list_roles()["Roles"] == []


def test_a_role_that_is_full_of_tags_still_changes_and_goes(live: Live) -> None:
    applied(live, manifest("team: logs"))
    iam = live.client("iam", "data")
    for number in range(47):
        iam.tag_role(RoleName="reader", Tags=[{"Key": "count", "Value": str(number)}])
    assert pairs(live) == (50 if appends(live) else 4)
    said = applied(live, manifest("team: logs", "second"))
    assert ("No room for the fingerprint" in said) == appends(live)
    assert iam.get_role(RoleName="reader")["Role"]["Description"] == "second"
    live.stage(manifest("team: other", "second"))
    tried = live.xacct("apply", "--yes")
    assert tried.code == (ExitCode.PROBLEM if appends(live) else ExitCode.DONE)
    assert ("No room for tags" in tried.out + tried.err) == appends(live)
    live.stage(manifest("team: logs").partition("roles:")[0])
    words = ("--prune-edited",) if appends(live) else ()
    if words:
        assert "Edited since it was made" in live.done("apply", "--yes", code=ExitCode.REFUSED)
    live.done("apply", "--yes", *words)
    assert iam.list_roles()["Roles"] == []


def test_a_tag_of_the_earlier_manifest_goes_or_is_said_to_stay(live: Live) -> None:
    applied(live, manifest("team: logs, old: x"))
    before = live.folder / "before.yaml"
    before.write_text((live.folder / "manifest" / "xacct.yaml").read_text())
    live.stage(manifest("team: logs"))
    said = live.done("apply", "--yes", "--was", before)
    assert ("A tag stays" in said) == appends(live)
    assert pairs(live) == (4 if appends(live) else 3)
    live.done("plan", "--detailed-exitcode", "--was", before)
    live.done("plan", "--detailed-exitcode")
