"""Statements as regions: which actions, which resources, and every condition as a predicate over its key."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy import catalogue
from xacct.policy.document import Document
from xacct.policy.proof.language import Language
from xacct.policy.proof.region import Region, predicate, region


def drawn(*, variables: bool = True, over: bool = True, **statement: Any) -> Region | None:
    body = {"Effect": "Allow", "Action": "s3:GetObject", **statement}
    (one,) = Document.of(body).statements
    return region(one, variables=variables, over=over)


def resources(text: Any, *, over: bool = True, variables: bool = True, element: str = "Resource") -> Any:
    found = drawn(variables=variables, over=over, **{element: text})
    assert found is not None
    return found.resources


def has(text: Any, arn: str, **how: Any) -> bool:
    language, inside = resources(text, **how)
    return language.has(arn) is inside


def named(mask: int) -> set[str]:
    return {name for number, name in enumerate(catalogue.actions()) if mask >> number & 1}


def test_a_region_has_the_actions_that_its_patterns_match() -> None:
    found = drawn(Action=["s3:GetObject", "sts:Assume*"], Resource="*")
    assert found is not None
    assert named(found.mask) == {
        "s3:GetObject",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
    }
    language, listed = found.actions
    assert listed
    assert language.has("s3:getobject")
    assert not language.has("s3:putobject")


def test_a_region_of_not_action_has_all_the_others() -> None:
    body = {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
    (one,) = Document.of(body).statements
    found = region(one, variables=True, over=True)
    assert found is not None
    names = named(found.mask)
    assert "sts:AssumeRole" in names
    assert not any(name.startswith("s3:") for name in names)
    language, listed = found.actions
    assert not listed
    assert language.has("s3:getobject")


def test_everything_is_no_bound_of_resources() -> None:
    assert resources("*") is None
    assert resources(["arn:aws:s3:::b/*", "*"]) is None
    assert resources("*", element="NotResource") is not None
    (trust,) = Document.of({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}).statements
    without = region(trust, variables=True, over=True)
    assert without is not None
    assert without.resources is None


@pytest.mark.parametrize(
    ("pattern", "arn", "fits"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::c/x", False),
        ("arn:*:s3:::b", "arn:aws-cn:s3:::b", True),
        ("arn:aws:iam::*:role/r", "arn:aws:iam::1:role/r", True),
        ("arn:aws:iam::*:role/r", "arn:aws:iam::1:2:role/r", False),
        ("arn:aws:iam:?:1:role/r", "arn:aws:iam:::1:role/r", False),
        ("arn:aws:s3", "arn:aws:s3:::b/x", True),
        ("arn:aws:s3", "arn:aws:s3:a:b:c:d", True),
        ("arn:aws:s3", "arn:aws:sqs:::b", False),
        ("arn:aws:s3", "arn:aws:s3", False),
        ("b/*", "b/x:y", True),
        ("b/*", "arn:aws:s3:::b/x", False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", False),
        ("arn:aws:s3:::b/${$}", "arn:aws:s3:::b/$", True),
    ],
)
def test_a_resource_is_matched_part_by_part(pattern: str, arn: str, fits: bool) -> None:
    assert has(pattern, arn) is fits
    assert has(pattern, arn, over=False) is fits


def test_all_but_some_resources_are_the_others() -> None:
    assert has("arn:aws:s3:::b/*", "arn:aws:s3:::c/x", element="NotResource")
    assert not has("arn:aws:s3:::b/*", "arn:aws:s3:::b/x", element="NotResource")


@pytest.mark.parametrize("pattern", ["arn:aws:s3:::b/${aws:username}/*", "b/${aws:username}/*"])
def test_a_variable_is_anything_on_the_large_side_and_nothing_on_the_small(pattern: str) -> None:
    text = pattern.replace("${aws:username}", "anna").replace("*", "x")
    assert has(pattern, text)
    assert not has(pattern, text, over=False)
    assert not has(pattern, text.replace("anna", ""))
    assert not has(pattern, text, variables=False)
    assert has(pattern, pattern, variables=False, over=False)


def test_a_variable_in_what_is_left_out_is_the_other_way_round() -> None:
    pattern, arn = "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/anna/x"
    assert has(pattern, arn, element="NotResource")
    assert not has(pattern, arn, element="NotResource", over=False)


ATOMS: list[tuple[str, list[str], tuple[str, str, bool, bool, bool, bool]]] = [
    # operator, values, kind, relation, negated, every, several, absent
    ("stringequals", ["a"], ("text", "stringequals", False, False, False, False)),
    ("stringnotequals", ["a"], ("text", "stringnotequals", True, True, False, True)),
    ("stringequalsifexists", ["a"], ("text", "stringequals", False, False, False, True)),
    ("stringlike", ["a"], ("text", "stringlike", False, False, False, False)),
    ("foranyvalue:stringequals", ["a"], ("text", "stringequals", False, False, True, False)),
    ("forallvalues:stringequals", ["a"], ("text", "stringequals", False, True, True, True)),
    ("foranyvalue:stringnotequals", ["a"], ("text", "stringnotequals", True, False, True, False)),
    ("forallvalues:stringnotequals", ["a"], ("text", "stringnotequals", True, True, True, True)),
    ("foranyvalue:stringequalsifexists", ["a"], ("text", "stringequals", False, False, True, True)),
    ("arnlike", ["arn:aws:s3:::b"], ("text", "arnlike", False, False, False, False)),
    ("arnnotequals", ["arn:aws:s3:::b"], ("text", "arnnotequals", True, True, False, True)),
    ("numericequals", ["1"], ("number", "==", False, False, False, False)),
    ("numericnotequals", ["1"], ("number", "==", True, True, False, True)),
    ("numericlessthan", ["1"], ("number", "<", False, False, False, False)),
    ("numericlessthanequals", ["1"], ("number", "<=", False, False, False, False)),
    ("numericgreaterthan", ["1"], ("number", ">", False, False, False, False)),
    ("numericgreaterthanequals", ["1"], ("number", ">=", False, False, False, False)),
    ("dateequals", ["2026-01-01"], ("date", "==", False, False, False, False)),
    ("datenotequals", ["2026-01-01"], ("date", "==", True, True, False, True)),
    ("datelessthanifexists", ["2026-01-01"], ("date", "<", False, False, False, True)),
    ("ipaddress", ["10.0.0.0/8"], ("address", "==", False, False, False, False)),
    ("notipaddress", ["10.0.0.0/8"], ("address", "==", True, True, False, True)),
    ("bool", ["true"], ("truth", "==", False, False, False, False)),
    ("binaryequals", ["QQ=="], ("bytes", "==", False, False, False, False)),
    ("null", ["true"], ("null", "", False, False, False, False)),
]


@pytest.mark.parametrize(("operator", "values", "expected"), ATOMS, ids=[row[0] for row in ATOMS])
def test_a_condition_is_a_predicate(
    operator: str, values: list[str], expected: tuple[str, str, bool, bool, bool, bool]
) -> None:
    atom = predicate((operator, "k:k", tuple(values)))
    assert (atom.key, atom.values) == ("k:k", tuple(values))
    assert (atom.kind, atom.relation, atom.negated, atom.every, atom.several, atom.absent) == expected
    assert (atom.language is not None) is (atom.kind == "text")


@pytest.mark.parametrize(
    ("operator", "value", "text", "fits"),
    [
        ("stringequals", "a*", "ab", False),
        ("stringequals", "a*", "a*", True),
        ("stringlike", "a*", "ab", True),
        ("stringnotlike", "a*", "ab", True),
        ("stringequalsignorecase", "aB", "Ab", True),
        ("stringequals", "aB", "Ab", False),
        ("arnlike", "arn:aws:iam::*:user/x", "arn:aws:iam::1:user/x", True),
        ("arnlike", "arn:aws:iam::*:user/x", "arn:aws:iam::1:2:user/x", False),
        ("arnequals", "arn:aws:sns:*:t", "arn:aws:sns:eu:1:t", True),
        ("arnlike", "arn:aws:sns:?", "arn:aws:sns:x", True),
        ("arnnotlike", "arn:aws:iam::1:*", "arn:aws:iam::1:user/x", True),
    ],
)
def test_the_texts_of_a_condition(operator: str, value: str, text: str, fits: bool) -> None:
    language = predicate((operator, "k:k", (value,))).language
    assert isinstance(language, Language)
    assert language.has(text) is fits


@pytest.mark.parametrize(
    ("operator", "over", "fits"),
    [
        ("StringEquals", True, True),
        ("StringEquals", False, False),
        ("StringNotEquals", True, False),
        ("StringNotEquals", False, True),
    ],
)
def test_a_variable_in_a_condition_is_drawn_to_the_safe_side(operator: str, over: bool, fits: bool) -> None:
    found = drawn(Resource="*", over=over, Condition={operator: {"k:k": "x/${aws:username}"}})
    assert found is not None
    (atom,) = found.atoms
    assert atom.language is not None
    assert atom.language.has("x/anna") is fits


def test_every_condition_of_a_statement_is_there() -> None:
    condition = {"StringEquals": {"k:a": "1", "k:b": "2"}, "Bool": {"k:c": "true"}}
    found = drawn(Resource="*", Condition=condition)
    assert found is not None
    assert sorted(atom.key for atom in found.atoms) == ["k:a", "k:b", "k:c"]
    unknown = {"Absurd": {"k:y": "1"}, "StringResembles": {"k:z": "1"}, **condition}
    larger = drawn(Resource="*", Condition=unknown)
    assert larger is not None
    assert sorted(atom.key for atom in larger.atoms) == ["k:a", "k:b", "k:c"]
    assert drawn(Resource="*", Condition=unknown, over=False) is None


@pytest.mark.parametrize("values", [["yes"], ["true", "maybe"], []])
def test_a_null_that_is_neither_is_not_understood(values: list[str]) -> None:
    found = drawn(Resource="*", Condition={"Null": {"k:k": values}})
    assert found is not None
    assert found.atoms == ()


def test_a_null_that_is_either_is_understood() -> None:
    found = drawn(Resource="*", Condition={"Null": {"k:k": ["true", "false"]}})
    assert found is not None
    assert [atom.kind for atom in found.atoms] == ["null"]


def test_a_star_takes_every_character() -> None:
    language = predicate(("stringlike", "k:k", ("a*b",))).language
    assert language is not None
    assert all(language.has(f"a{one}b") for one in ("", "~", ":", "/", "\n"))
    assert all(has("arn:aws:s3", f"arn:aws:s3:::{one}") for one in ("", "~", "b:c", "b/k"))


def test_the_last_segment_takes_colons_behind_a_variable_too() -> None:
    pattern = "arn:aws:logs:eu:${aws:username}:*:b"
    assert has(pattern, "arn:aws:logs:eu:1:x:y:b")
    assert not has(pattern, "arn:aws:logs:eu:1:x:y:c")
    assert has("arn:aws:logs:eu:1:*:${aws:username}", "arn:aws:logs:eu:1:x:y:z")
