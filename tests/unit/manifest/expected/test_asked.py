"""Checks that the manifest asks for, and those of what an earlier one declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.check import Check, Want
from xacct.manifest.expected.asked import asked
from xacct.manifest.expected.expect import expect
from xacct.manifest.expected.gone import gone
from xacct.manifest.loading.load import load_manifest
from xacct.manifest.model import Manifest

HEAD = """
version: 1
name: demo
accounts:
  data: {id: "111122223333", profile: b}
  apps: {id: "444455556666", profile: a}
users:
  apps/user/anna: {profile: p-anna}
  apps/user/bob: {profile: p-bob}
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
    prefixes: [in/]
    access: [list, read]
    external_id: abc
"""


def loaded(folder: Path, text: str) -> Manifest:
    path = folder / "xacct.yaml"
    path.write_text(text)
    return load_manifest([path])


def made(folder: Path, *lines: str) -> dict[str, Check]:
    manifest = loaded(folder, "\n".join([HEAD, "checks:", "  more:", *(f"    - {line}" for line in lines)]))
    found = asked(manifest, {})
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def test_a_check_in_a_link_runs_in_its_session(tmp_path: Path) -> None:
    line = (
        "{who: apps/user/anna, through: reader, access: [write], where: data/bucket/logs/in/, expect: denied}"
    )
    found = made(tmp_path, line)
    check = found["apps/user/anna cannot write logs/in/"]
    assert (check.link, check.role, check.external_id) == (
        "reader",
        "arn:aws:iam::111122223333:role/reader",
        "abc",
    )
    assert (check.action, check.prefix, check.key, check.want) == ("s3:PutObject", "in/", "", Want.DENIED)
    assert check.caller.profile == "p-anna"
    assert check.place is not None
    assert check.place.line > 19


def test_a_check_without_a_link_is_tried_by_itself(tmp_path: Path) -> None:
    line = "{who: apps/user/bob, access: [read], where: data/bucket/logs/in/x.txt, expect: denied}"
    check = made(tmp_path, line)["apps/user/bob cannot read logs/in/x.txt without the role"]
    assert (check.link, check.role, check.external_id, check.key) == ("checks", "", "", "in/x.txt")


def test_the_way_in_can_be_asked_for(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "{who: apps/user/bob, access: [assume], where: data/role/reader, expect: denied}",
        "{who: apps/user/anna, access: [assume], where: data/role/reader, expect: allowed}",
    )
    refused = found["apps/user/bob cannot assume reader"]
    assert (refused.action, refused.role, refused.external_id) == ("sts:AssumeRole", refused.resource, "")
    let_in = found["apps/user/anna assumes reader"]
    assert (let_in.want, let_in.external_id) == (Want.ALLOWED, "abc")


def test_several_actions_are_several_checks_and_who_has_no_profile_is_said_so(tmp_path: Path) -> None:
    line = (
        "{who: 'arn:aws:iam::999988887777:user/eve', access: [list, delete], actions: [s3:GetObjectTagging], "
        "where: data/bucket/logs, expect: denied}"
    )
    found = made(tmp_path, line).values()
    assert [check.action for check in found] == ["s3:ListBucket", "s3:DeleteObject", "s3:GetObjectTagging"]
    assert {(check.caller.arn, check.caller.profile) for check in found} == {
        ("arn:aws:iam::999988887777:user/eve", "")
    }


def test_a_named_object_is_what_is_read_and_one_outside_must_not_be(tmp_path: Path) -> None:
    names = "checks: {objects: [data/bucket/logs/in/canary.txt, data/bucket/logs/out/secret.txt]}"
    checks = expect(loaded(tmp_path, HEAD + names), {})
    reads = {(check.key, check.want) for check in checks if check.action == "s3:GetObject" and check.role}
    assert reads == {("in/canary.txt", Want.ALLOWED), ("out/secret.txt", Want.DENIED)}


def test_with_own_objects_reading_beyond_is_tried_too(tmp_path: Path) -> None:
    manifest = loaded(tmp_path, HEAD)
    names = {check.name for check in expect(manifest, {})}
    more = {check.name for check in expect(manifest, {}, own_objects=True)}
    assert more - names == {"apps/user/anna cannot read logs/in-xacct/"}


def test_two_files_say_checks_together(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(
        "version: 1\nchecks: {own_objects: true, objects: [data/bucket/logs/in/b.txt]}\n"
    )
    text = HEAD + "include: [more.yaml]\nchecks: {objects: [data/bucket/logs/in/a.txt]}\n"
    checks = loaded(tmp_path, text).checks
    assert (checks.own_objects, [one.key for one in checks.objects]) == (True, ["in/a.txt", "in/b.txt"])


# ---- what is gone


def was(folder: Path, now: str, before: str = HEAD) -> dict[str, Check]:
    (folder / "old").mkdir(exist_ok=True)
    earlier = loaded(folder / "old", before)
    found = gone(loaded(folder, now), earlier, {})
    assert all(check.want is Want.DENIED and check.removed for check in found)
    return {check.name: check for check in found}


NO_LINK = HEAD.partition("links:")[0]


def test_nothing_is_gone_where_nothing_changed(tmp_path: Path) -> None:
    assert was(tmp_path, HEAD) == {}
    assert gone(loaded(tmp_path, HEAD), None, {}) == ()


def test_a_link_that_is_gone_lets_nobody_in_any_more(tmp_path: Path) -> None:
    found = was(tmp_path, NO_LINK, HEAD.replace("external_id: abc", "session: 2h"))
    (check,) = found.values()
    assert check.name == "apps/user/anna cannot assume reader any more"
    assert (check.ended, check.session_seconds, check.caller.profile) == (True, 7200, "p-anna")


def test_who_was_taken_out_of_the_trust_does_not_get_in(tmp_path: Path) -> None:
    both = HEAD.replace("[apps/user/anna]", "[apps/user/anna, apps/user/bob]")
    assert list(was(tmp_path, HEAD, both)) == ["apps/user/bob cannot assume reader any more"]


def test_who_is_let_in_by_another_link_is_not_gone(tmp_path: Path) -> None:
    other = HEAD.replace("  - role", "  - name: other\n    role")
    assert was(tmp_path, other) == {}


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "one action less": (
        {"access: [list, read]": "access: [list]"},
        ["apps/user/anna cannot read logs/in/ any more"],
    ),
    "another prefix": (
        {"[in/]": "[out/]"},
        [
            "apps/user/anna cannot list logs/in/ any more",
            "apps/user/anna cannot read logs/in/ any more",
        ][::-1],
    ),
    "a narrower prefix is left to other checks": ({"[in/]": "[in/x/]"}, []),
    "another bucket": (
        {"bucket: logs": "bucket: other"},
        [
            "apps/user/anna cannot list logs/in/ any more",
            "apps/user/anna cannot read logs/in/ any more",
        ][::-1],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_session_may_not_do_any_more(case: str, tmp_path: Path) -> None:
    changes, names = CASES[case]
    now = HEAD
    for old, new in changes.items():
        now = now.replace(old, new)
    found = was(tmp_path, now)
    assert list(found) == names
    assert all(not check.ended and check.role for check in found.values())


def test_a_removed_role_lets_in_nobody_with_a_profile(tmp_path: Path) -> None:
    manifest = loaded(tmp_path, NO_LINK + "removed: [data/role/app/reader, data/role-policy/reader/x]\n")
    found = gone(manifest, None, {})
    assert [check.name for check in found] == [
        "apps/user/anna cannot assume reader any more",
        "apps/user/bob cannot assume reader any more",
    ]
    assert {check.role for check in found} == {"arn:aws:iam::111122223333:role/app/reader"}
    assert all(check.ended and check.removed for check in found)


def test_the_profile_of_the_manifest_of_today_counts(tmp_path: Path) -> None:
    (check,) = was(tmp_path, NO_LINK.replace("p-anna", "p-new")).values()
    assert check.caller.profile == "p-new"
    gone_user = NO_LINK.replace("  apps/user/anna: {profile: p-anna}\n", "")
    (check,) = was(tmp_path, gone_user).values()
    assert check.caller.profile == "p-anna"
