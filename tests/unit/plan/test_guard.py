"""Every guard fails closed."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.plan.states import allow_assume, grant, marked_grant, plan, role, role_policy, steps
from xacct.plan.guard import UNDECLARED
from xacct.problem import Severity


def told(made: object, field: str = "guards") -> list[str]:
    return [problem.summary for problem in getattr(made, field)]


def test_a_declared_role_that_is_not_marked_is_not_changed_without_a_word() -> None:
    live = replace(role(), manifest="", fingerprint="")
    assert told(plan([role()], [live])) == ["Not made by this manifest"]
    assert told(plan([role()], [live], adopt=True)) == []


def test_a_declared_role_with_the_mark_of_another_manifest_is_never_taken_over() -> None:
    live = role(manifest="another")
    assert told(plan([role()], [live])) == ["Made by another manifest"]
    assert told(plan([role()], [live], adopt=True)) == ["Made by another manifest"]


def test_the_first_apply_of_a_name_that_others_carry_is_refused() -> None:
    made = plan([role("mine")], [role("theirs")])
    assert told(made) == ["The name is taken"]
    assert told(plan([role("mine")], [role("theirs")], adopt=True)) == []


def test_a_name_is_not_taken_where_one_declared_thing_carries_it() -> None:
    made = plan([role("mine"), role("more")], [role("mine"), role("old")])
    assert told(made) == []
    assert ("delete", "data/role/old") in steps(made)


def test_a_role_that_holds_what_is_not_ours_does_not_go() -> None:
    """Trap 39: IAM would refuse, halfway through."""
    foreign = role_policy("by-hand", owner="old")
    made = plan([role()], [role(), role("old"), foreign])
    assert told(made) == ["Holds what is not ours"]
    assert "data/role-policy/old/by-hand" in made.guards[0].detail


def test_an_undeclared_policy_on_what_is_named_is_told_and_left() -> None:
    made = plan(
        [role(), grant("mine")], [role(), grant("mine"), grant("by-hand", document=allow_assume("x"))]
    )
    assert made.empty
    assert told(made, "notes") == ["Left alone"]
    assert "apps/group-policy/Testers/by-hand" in made.notes[0].detail


def test_an_undeclared_policy_on_a_role_of_ours_is_a_warning_and_left() -> None:
    made = plan([role()], [role(), role_policy("by-hand")])
    assert made.empty
    (told,) = made.notes
    assert (told.summary, told.severity) == (UNDECLARED, Severity.WARNING)
    assert "data/role-policy/reader/by-hand" in told.detail


def test_an_undeclared_grant_anywhere_on_our_role_is_told() -> None:
    made = plan([role()], [role(), grant("by-hand", owner="Others")])
    assert told(made, "notes") == ["Left alone"]
    assert "allows sts:AssumeRole on arn:aws:iam::111122223333:role/reader" in made.notes[0].detail


def test_an_undeclared_policy_of_a_stranger_is_no_news() -> None:
    made = plan([role()], [role(), grant("by-hand", owner="Others", document=allow_assume("else"))])
    assert told(made, "notes") == []


def test_what_goes_is_not_told_as_left() -> None:
    assert told(plan([role()], [role(), marked_grant()]), "notes") == []


def test_a_role_in_an_instance_profile_does_not_go() -> None:
    """Trap 39: IAM would refuse, when the policies of the role are gone already."""
    live = replace(role("old"), instance_profiles=frozenset({"machines", "builders"}))
    made = plan([role()], [role(), live])
    assert told(made) == ["In an instance profile"]
    assert "--instance-profile-name machines --role-name old" in made.guards[0].fix
    assert "--instance-profile-name builders --role-name old" in made.guards[0].fix
    kept = replace(role(), instance_profiles=frozenset({"machines"}))
    assert plan([role()], [kept]).empty
    assert not plan([role()], [kept]).guards
