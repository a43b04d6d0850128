"""The search for a request in some regions and outside of others, piece by piece."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy import catalogue
from xacct.policy.document import Document
from xacct.policy.proof import search
from xacct.policy.proof.language import TooLarge
from xacct.policy.proof.region import Region, predicate, region
from xacct.policy.proof.search import Point, Search, shape_language, unheard_of


def drawn(action: Any, resource: Any = "*", **more: Any) -> Region:
    (one,) = Document.of({"Effect": "Allow", "Action": action, "Resource": resource, **more}).statements
    found = region(one, variables=True, over=True)
    assert found is not None
    return found


def when(operator: str, value: Any, key: str = "k:k") -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def outside(inside: list[Region], excluded: list[Region], **how: Any) -> Point | None:
    return Search(fixed=how.pop("fixed", {}), real=how.pop("real", True), **how).outside(inside, excluded)


READ = "arn:aws:s3:::b/*"


def test_what_nothing_is_taken_from_is_found_with_an_action_that_people_know() -> None:
    point = outside([drawn("s3:*", READ)], [])
    assert point is not None
    assert (point.action, point.real, dict(point.context)) == ("s3:GetObject", True, {})
    assert point.resource.startswith("arn:aws:s3:::b/")
    taken = outside([drawn("s3:*", READ)], [drawn("s3:GetObject")])
    assert taken is not None
    assert taken.action == "s3:PutObject"
    rare = outside([drawn(["s3:GetObjectTorrent", "s3:GetObjectAcl"], READ)], [drawn("s3:GetObjectAcl")])
    assert rare is not None
    assert rare.action == "s3:GetObjectTorrent"


def test_what_is_all_taken_is_not_found() -> None:
    assert outside([drawn("s3:GetObject", READ)], [drawn("s3:Get*", READ)]) is None
    assert outside([drawn("s3:GetObject", READ)], [drawn("s3:*", "arn:aws:s3:::b*")]) is None
    assert outside([drawn("s3:*Object", READ)], [drawn("s3:Get*"), drawn("s3:[Pp]*"), drawn("s3:*")]) is None


def test_what_two_share_is_found_and_what_they_do_not_share_is_not() -> None:
    both = outside([drawn("s3:Get*", READ), drawn("s3:*Object", "arn:aws:s3:::*/x")], [])
    assert both == Point(action="s3:GetObject", resource="arn:aws:s3:::b/x", context={}, real=True)
    assert outside([drawn("s3:Get*"), drawn("s3:Put*")], []) is None
    assert outside([drawn("s3:*", "arn:aws:s3:::b/*"), drawn("s3:*", "arn:aws:s3:::c/*")], []) is None
    one = drawn("s3:*", **when("StringEquals", "a"))
    assert outside([one, drawn("s3:*", **when("StringEquals", "b"))], []) is None


def test_conditions_are_taken_apart_one_after_the_other() -> None:
    wide = drawn("s3:GetObject", READ)
    narrow = drawn("s3:GetObject", READ, Condition={"StringEquals": {"k:a": "1", "k:b": "2"}})
    first = outside([wide], [narrow])
    assert first is not None
    assert dict(first.context) == {"k:a": ()}
    second = outside([wide, drawn("*", **when("StringEquals", "1", "k:a"))], [narrow])
    assert second is not None
    assert dict(second.context) == {"k:a": ("1",), "k:b": ()}
    assert outside([narrow], [wide]) is None
    assert outside([narrow], [narrow]) is None


def test_several_regions_may_take_everything_together() -> None:
    short = drawn("s3:GetObject", READ, **when("NumericLessThan", "10"))
    long = drawn("s3:GetObject", READ, **when("NumericGreaterThanEquals", "10"))
    missing = drawn("s3:GetObject", READ, **when("Null", "true"))
    wide = drawn("s3:GetObject", READ)
    left = outside([wide], [short, long])
    assert left is not None
    assert dict(left.context) == {"k:k": ()}
    assert outside([wide], [short, missing]) is not None
    assert outside([wide, drawn("*", **when("NumericLessThan", "10"))], [short, long, missing]) is None


def test_fixed_keys_have_their_values_and_what_is_given_holds() -> None:
    wanted = drawn("s3:GetObject", READ, **when("StringLike", "a*", "aws:username"))
    found = outside([wanted], [], fixed={"aws:username": ("anna",)})
    assert found is not None
    assert found.context["aws:username"] == ("anna",)
    assert outside([wanted], [], fixed={"aws:username": ("bob",)}) is None
    assert outside([wanted], [], fixed={"aws:username": ()}) is None
    given = (predicate(("stringequals", "aws:username", ("ab",))),)
    told = outside([wanted], [], given=given)
    assert told is not None
    assert told.context["aws:username"] == ("ab",)
    assert outside([wanted], [], given=(predicate(("stringequals", "aws:username", ("b",))),)) is None


def test_a_resource_that_no_action_has_is_no_request() -> None:
    assert outside([drawn("s3:ListBucket", READ)], []) is None
    assert outside([drawn("s3:GetObject", "arn:aws:s3:::b")], []) is None
    assert outside([drawn("s3:GetObject", READ)], [], partitions=("aws-cn",)) is None
    china = outside([drawn("s3:GetObject", "arn:*:s3:::b/*")], [], partitions=("aws-cn",))
    assert china is not None
    assert china.resource.startswith("arn:aws-cn:s3:::b/")
    everywhere = outside([drawn("s3:ListAllMyBuckets", "*")], [])
    assert everywhere is not None
    assert everywhere.resource == "*"


def test_an_action_that_no_service_has_is_found_where_real_ones_are_not_asked_for() -> None:
    grant = drawn("s3:*", READ)
    odd = Region(
        statement=grant.statement, mask=0, actions=(unheard_of([grant]), True), resources=None, atoms=()
    )
    point = outside([odd, grant], [], real=False)
    assert point is not None
    assert not point.real
    assert not catalogue.exists(point.action)
    assert point.action.startswith("s3:")
    assert outside([odd, grant], [drawn("s3:*", READ)], real=False) is None
    misspelt = drawn("s3:GetObjekt", READ)
    known = drawn("s3:GetObject", READ)
    assert unheard_of([misspelt]).has("s3:getobjekt")
    assert not unheard_of([known]).has("s3:getobject")
    assert not unheard_of([known]).has("s3:getobjekt")


def test_a_search_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = drawn("s3:GetObject", READ)
    some = [drawn("s3:GetObject", READ, **when("StringEquals", "a", f"k:{number}")) for number in range(3)]
    monkeypatch.setattr(search, "MOST_CELLS", 4)
    assert outside([wide], some) is not None
    monkeypatch.setattr(search, "MOST_CELLS", 3)
    with pytest.raises(TooLarge):
        outside([wide], some)


def test_the_first_and_the_last_action_of_the_reference_are_found_as_well() -> None:
    for action in (catalogue.actions()[0], catalogue.actions()[-1]):
        point = outside([drawn(action)], [])
        assert point is not None
        assert point.action == action


def test_an_action_that_nobody_has_heard_of_may_be_called_anything_with_the_letter_that_marks_it() -> None:
    odd = unheard_of([drawn("s3:*")])
    assert [odd.has(one) for one in ("s3:~", "s3:a~bc", "~", "s3:abc")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("template", "arn", "fits"),
    [
        ("arn:${Partition}:s3:::${BucketName}/${ObjectName}", "arn:aws:s3:::b/~", True),
        ("arn:${Partition}:s3:::${BucketName}/${ObjectName}", "arn:aws:s3:::b/a~b", True),
        ("arn:${Partition}:s3:::${BucketName}", "arn:aws:s3:::b", True),
        ("arn:${Partition}:s3:::${BucketName}", "arn:aws:s3:::", False),
        ("arn:${Partition}:s3:::${BucketName}", "arn:aws:s3:::b/k", False),
        ("arn:${Partition}:s3:::${BucketName}", "arn:aws-cn:s3:::b", False),
        ("arn:${Partition}:s3:::${BucketName}/${ObjectName}", "arn:aws:s3:::b/k/l:m", True),
        ("arn:${Partition}:s3:::${BucketName}/${ObjectName}", "arn:aws:s3:::b/", False),
        ("arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", "arn:aws:iam::1:role/a/b", True),
        ("arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", "arn:aws:iam::1:2:role/a", False),
        ("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", "arn:aws:sqs:eu:1:q", True),
        ("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", "arn:aws:sqs::1:q", False),
        ("arn:${Partition}:x:::a*${Name}", "arn:aws:x:::a*b", True),
        ("arn:${Partition}:x:::a*${Name}", "arn:aws:x:::acb", False),
        ("*", "*", True),
        ("*", "arn:aws:s3:::b", False),
    ],
)
def test_a_template_stands_for_resources_of_its_form(template: str, arn: str, fits: bool) -> None:
    assert shape_language((template,), ("aws",)).has(arn) is fits


def test_a_template_stands_for_resources_of_each_partition() -> None:
    made = shape_language(("arn:${Partition}:s3:::${BucketName}", "*"), ("aws", "aws-cn"))
    assert [made.has(one) for one in ("arn:aws:s3:::b", "arn:aws-cn:s3:::b", "arn:aws-eusc:s3:::b", "*")] == [
        True,
        True,
        False,
        True,
    ]


def test_each_action_of_a_set_comes_once_with_what_its_resources_look_like() -> None:
    mask = (
        catalogue.matching("s3:*object")
        | catalogue.matching("sts:*")
        | catalogue.matching("ec2:runinstances")
    )
    seen = 0
    for templates, some in search._best_known_first(mask):
        assert some
        assert not seen & some
        seen |= some
        for action in catalogue.actions():
            if some >> catalogue.numbers()[action.lower()] & 1:
                assert catalogue.resource_patterns(action) == templates
    assert seen == mask
    services = [
        catalogue.actions()[(some & -some).bit_length() - 1] for _, some in search._best_known_first(mask)
    ]
    assert services[0].startswith("s3:")
    assert services[-1].startswith("ec2:")


def test_a_text_that_is_only_excluded_may_be_of_any_length() -> None:
    """A resource of neither one character nor two: there are many of more."""
    (one,) = Document.of({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": ["?", "??"]}).statements
    wanted = region(one, variables=True, over=True)
    assert wanted is not None
    point = outside([wanted], [], real=False)
    assert point is not None
    assert len(point.resource) > 2
