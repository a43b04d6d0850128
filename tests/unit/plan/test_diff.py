"""What differs, what may go, and what is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from immutabledict import immutabledict

from tests.unit.plan.states import (
    APPS,
    DATA,
    access,
    allow_assume,
    grant,
    marked_grant,
    plan,
    role,
    role_policy,
    steps,
    trust,
    unread,
)
from xacct.plan.diff import BY_EARLIER, BY_MARK, BY_WORD
from xacct.plan.plan import Delete, Plan
from xacct.policy.document import Document


def because(made: Plan) -> list[str]:
    return [step.change.because for step in made.steps if isinstance(step.change, Delete)]


def summaries(problems: tuple[object, ...]) -> list[str]:
    return [getattr(problem, "summary", "") for problem in problems]


def test_what_is_not_live_is_created() -> None:
    assert steps(plan([role()], [])) == [("create", "data/role/reader")]


def test_what_is_live_and_the_same_is_left() -> None:
    made = plan([role(), role_policy()], [role(), role_policy()])
    assert made.empty
    assert made.compared == 2


def test_what_differs_is_updated() -> None:
    made = plan([role_policy()], [role_policy(document=access("s3:*"))])
    assert steps(made) == [("update", "data/role-policy/reader/access")]


def test_a_document_that_is_only_worded_differently_is_left_and_told() -> None:
    live = Document.parse(
        '{"Statement":{"Sid":"x","Effect":"Allow","Action":["S3:getobject"],"Resource":"arn:aws:s3:::logs/*"}}'
    )
    made = plan([role_policy()], [role_policy(document=live)])
    assert made.empty
    assert summaries(made.notes) == ["Worded differently"]


@pytest.mark.parametrize("what", ["*", "roles", "role/reader"])
def test_what_could_not_be_read_is_unknown_and_never_absent(what: str) -> None:
    made = plan([role(), role_policy()], [], gaps=[unread(DATA, what)])
    assert made.empty
    assert {str(gap.address) for gap in made.unknown} == {
        "data/role/reader",
        "data/role-policy/reader/access",
    }


def test_a_gap_in_one_account_does_not_stop_the_other() -> None:
    made = plan([role(), grant()], [], gaps=[unread(DATA)])
    assert steps(made) == [("create", "apps/group-policy/Testers/grant")]


def test_a_gap_elsewhere_in_an_account_hides_nothing_else() -> None:
    made = plan([role(), role("other")], [], gaps=[unread(DATA, "role/other")])
    assert steps(made) == [("create", "data/role/reader")]
    assert [str(gap.address) for gap in made.unknown] == ["data/role/other"]


def test_what_carries_our_mark_and_is_not_declared_goes() -> None:
    """Trap 69."""
    made = plan([role()], [role(), marked_grant()])
    assert steps(made) == [("delete", "apps/group-policy/Testers/xacct-example-reader")]
    assert because(made) == [BY_MARK]


def test_what_carries_another_manifests_mark_stays() -> None:
    other = role("stranger", manifest="another")
    assert plan([role()], [role(), other]).empty


def test_what_has_no_mark_stays_without_a_word() -> None:
    """Trap 69."""
    made = plan([role()], [role(), grant()])
    assert made.empty
    assert not made.guards


def test_what_only_the_earlier_manifest_declared_goes() -> None:
    made = plan([role()], [role(), grant()], was=[role(), grant()])
    assert steps(made) == [("delete", "apps/group-policy/Testers/grant")]
    assert because(made) == [BY_EARLIER]


def test_what_the_manifest_lists_as_removed_goes_whatever_it_holds() -> None:
    made = plan([role()], [role(), grant(document=allow_assume("else"))], listed=[grant()])
    assert steps(made) == [("delete", "apps/group-policy/Testers/grant")]
    assert because(made) == [BY_WORD]


def test_what_is_listed_as_removed_and_gone_is_no_step() -> None:
    assert plan([role()], [role()], listed=[grant()]).empty


def test_declared_and_removed_at_once_is_a_problem() -> None:
    made = plan([grant()], [grant()], listed=[grant()])
    assert summaries(made.problems) == ["Declared and removed"]


def test_a_mark_alone_never_authorizes_a_deletion() -> None:
    """Trap 81: whoever may tag the role can write one."""
    edited = replace(role("old"), trust=trust("arn:aws:iam::444455556666:root"))
    assert edited.mark is not None
    assert not edited.mark.intact
    made = plan([role()], [role(), edited])
    assert made.empty
    assert summaries(made.guards) == ["Edited since it was made"]
    assert steps(plan([role()], [role(), edited], edited_too=True)) == [("delete", "data/role/old")]


def test_what_was_edited_since_the_earlier_manifest_needs_a_word() -> None:
    made = plan([role()], [role(), grant(document=allow_assume("else"))], was=[role(), grant()])
    assert made.empty
    assert summaries(made.guards) == ["Edited since it was made"]


def test_what_would_go_but_cannot_be_seen_is_unknown() -> None:
    made = plan([role()], [role()], was=[role(), grant()], gaps=[unread(APPS)])
    assert made.empty
    assert [str(gap.address) for gap in made.unknown] == ["apps/group-policy/Testers/grant"]


def test_a_role_at_another_path_is_never_replaced_by_implication() -> None:
    made = plan([role(path="/app/")], [role()])
    assert made.empty
    assert summaries(made.guards) == ["Would have to be replaced"]


def test_tags_of_others_are_no_difference() -> None:
    """Trap 40."""
    from immutabledict import immutabledict

    live = role(tags=immutabledict({"cost": "42", "team": "logs"}))
    assert plan([role(tags=immutabledict({"team": "logs"}))], [live]).empty
    changed = plan([role(tags=immutabledict({"team": "web"}))], [live])
    calls = [call for step in changed.steps for call in step.calls]
    assert [call.arguments()["Tags"] for call in calls if hasattr(call, "arguments")] == [
        [{"Key": "team", "Value": "web"}]
    ]


def test_a_role_as_it_was_has_exactly_its_tags_and_its_mark() -> None:
    was = replace(role(manifest="", tags=immutabledict({"team": "storage"})), fingerprint="").as_was()
    now = replace(role(tags=immutabledict({"team": "storage", "more": "x"})), fingerprint="0" * 12)
    assert not was.same(now)
    (untag,) = was.update(now)
    assert untag.operation == "UntagRole"
    assert untag.arguments()["TagKeys"] == ["more", "xacct:fingerprint", "xacct:manifest"]
    assert was.same(was)
    assert role(manifest="", tags=immutabledict({"team": "storage"})).same(
        role(manifest="", tags=immutabledict({"team": "storage", "more": "x"}))
    )


def test_a_role_as_it_was_keeps_the_fingerprint_that_was_read() -> None:
    edited = replace(role(description="by hand"), fingerprint="0" * 12).as_was()
    tags = {tag["Key"]: tag["Value"] for tag in edited.create()[0].arguments()["Tags"]}
    assert tags["xacct:fingerprint"] == "0" * 12
