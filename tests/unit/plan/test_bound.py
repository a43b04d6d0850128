"""How a saved plan stands: as it was, done in part, changed by others, changed in its own, tampered with."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.plan.states import access, grant, plan, role, role_policy, trust
from xacct.errors import Refused
from xacct.plan.bound import Stale, between, check_files, fingerprint, judge, printed
from xacct.plan.codec import plan_to_json, shown_json
from xacct.resource import Resource

DESIRED = [role(), role_policy(), grant()]
ROOT = trust("arn:aws:iam::444455556666:root")
FILES = {"files": [{"path": "a.yaml", "sha256": "1"}, {"path": "b.json", "sha256": "2"}], "was": None}


def body(living: list[Resource], others: dict[str, str] | None = None) -> dict[str, Any]:
    """A plan file for these live resources, with foreign things by address and text."""
    made = plan_to_json(plan(DESIRED, living))
    live: dict[str, Any] = {str(one.address): printed(one, own=True) for one in living}
    live |= {address: {"hash": fingerprint({"text": text})} for address, text in (others or {}).items()}
    return {**made, "bound": {"live": live, "unread": [], **FILES}}


OLD = role(trust=ROOT)


def test_nothing_changed() -> None:
    standing = judge(body([OLD]), body([OLD]))
    assert (standing.done, standing.foreign) == ((), ())


def test_own_things_that_changed_are_named_with_what_changed() -> None:
    with pytest.raises(Stale, match="data/role/reader") as stale:
        judge(body([OLD]), body([role(trust=trust("arn:aws:iam::444455556666:user/mallory"))]))
    (changed,) = stale.value.changes
    assert [name for name, _, _ in changed.fields()] == ["trust"]


def test_own_things_that_came_or_went_are_named() -> None:
    for then, now in (([OLD], []), ([], [OLD])):
        with pytest.raises(Stale, match="data/role/reader"):
            judge(body(then), body(now))


def test_what_a_step_made_of_a_thing_is_progress_and_no_change() -> None:
    standing = judge(body([OLD]), body([role(), role_policy()]))
    assert standing.done == ("data/role-policy/reader/access", "data/role/reader")


def test_half_of_an_update_is_progress_too() -> None:
    then = body([role(trust=ROOT, description="old")])
    assert judge(then, body([role(description="old")])).done == ("data/role/reader",)
    with pytest.raises(Stale):
        judge(then, body([role(description="theirs")]))


def test_a_step_that_was_not_approved_is_not_the_rest_of_a_plan() -> None:
    then = body([OLD])
    then["steps"] = [step for step in then["steps"] if "group-policy" not in step["address"]]
    with pytest.raises(Refused, match="changed by hand"):
        judge(then, body([role()]))


def test_foreign_changes_pass_where_the_plan_means_the_same() -> None:
    then, now = body([OLD], {"data/user/x": "1"}), body([OLD], {"data/user/x": "2", "data/user/y": "1"})
    assert judge(then, now).foreign == ("data/user/x", "data/user/y")


def test_foreign_changes_stop_a_plan_that_means_something_else() -> None:
    then, now = body([OLD], {"data/user/x": "1"}), body([OLD], {"data/user/x": "2"})
    now["access"] = [{"weight": "gain", "mark": "", "text": "mallory gains read"}]
    now["digest"] = "0" * 64
    with pytest.raises(Stale, match=r"now:     mallory gains read"):
        judge(then, now)


def test_foreign_changes_stop_the_rest_of_a_plan() -> None:
    with pytest.raises(Stale, match="cannot be compared"):
        judge(body([OLD], {"data/user/x": "1"}), body([role()], {"data/user/x": "2"}))


def test_other_steps_from_the_same_things_are_a_tampered_file() -> None:
    then = copy.deepcopy(body([OLD]))
    then["steps"][0]["calls"] = []
    then["digest"] = "0" * 64
    with pytest.raises(Refused, match="changed by hand"):
        judge(then, body([OLD]))


def test_a_fingerprint_that_was_renewed_before_a_kill_is_no_tampering() -> None:
    """The first call of an update may be the tag alone, which shows in nothing else."""
    call = {"service": "iam", "operation": "TagRole", "params": {"Tags": [{"Key": "xacct:fingerprint"}]}}
    for key, error in (("xacct:fingerprint", None), ("xacct:manifest", Refused), ("team", Refused)):
        then = copy.deepcopy(body([OLD]))
        then["steps"][0]["calls"].insert(0, {**call, "params": {"Tags": [{"Key": key}]}})
        then["digest"] = "0" * 64
        if error is None:
            assert judge(then, body([OLD])).done == ()
        else:
            with pytest.raises(error):
                judge(then, body([OLD]))


def test_the_rest_may_take_other_halves_to_the_same_end() -> None:
    then, now = body([OLD]), body([OLD, role_policy()])
    number = next(at for at, step in enumerate(now["steps"]) if step["kind"] == "role")
    closed = {"trust": {"Statement": []}}
    now["steps"].insert(number, {**now["steps"][number], "part": "narrow", "to": closed})
    assert judge(then, now).done == ("data/role-policy/reader/access",)
    now["steps"].append({**now["steps"][number], "to": closed})
    with pytest.raises(Refused, match="changed by hand"):
        judge(then, now)


def test_what_can_be_read_has_to_be_the_same() -> None:
    now = body([OLD])
    now["bound"]["unread"] = [{"account": "apps", "what": "*"}]
    with pytest.raises(Stale, match=r"apps/\* cannot be read now"):
        judge(body([OLD]), now)
    with pytest.raises(Stale, match=r"apps/\* could not be read then"):
        judge(now, body([OLD]))


def test_files_count_by_content_and_are_named() -> None:
    moved = {**FILES, "files": [{"path": "x/a.yaml", "sha256": "1"}, {"path": "x/b.json", "sha256": "2"}]}
    check_files(FILES, moved)
    changed = {**FILES, "files": [FILES["files"][0], {"path": "b.json", "sha256": "3"}]}
    with pytest.raises(Stale, match=r"manifest has changed since the plan was made: b\.json"):
        check_files(FILES, changed)
    with pytest.raises(Stale, match="earlier manifest"):
        check_files({**FILES, "was": {"word": "HEAD", "files": FILES["files"]}}, FILES)


def test_a_fingerprint_goes_by_meaning() -> None:
    one = shown_json(role_policy(document=access("s3:GetObject")))
    other = {"document": {**one["document"], "Id": "x"}}
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(shown_json(role_policy(document=access("s3:PutObject"))))


def test_between_is_field_by_field() -> None:
    forms = [{"a": "1", "b": "1"}, {"a": "2", "b": "2"}]
    assert between({"a": "1", "b": "2"}, forms)
    assert not between({"a": "1", "b": "3"}, forms)
    assert not between({"a": "1", "c": "1"}, forms)
    assert not between({"a": "1"}, forms), "what every form has is missing"
    assert between({"a": "1"}, [*forms, {"a": "3"}])
    assert not between(None, forms)
    assert between(None, [None, *forms])
    assert not between({"a": "1"}, [None])


def test_foreign_changes_stop_a_plan_whose_meaning_is_not_known_whole() -> None:
    then, now = body([OLD], {"data/user/x": "1"}), body([OLD], {"data/user/x": "2"})
    for one in (then, now):
        one["access"] = [
            {"weight": "remark", "mark": "not asked", "text": "7 more questions were not asked."}
        ]
    with pytest.raises(Stale, match="not all of what the plan means could be asked"):
        judge(then, now)
    assert judge(then, then).foreign == ()
