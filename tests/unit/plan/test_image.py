"""An image holds a resource whole, whatever its kind."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from tests.contract.examples import ACCOUNT, EXAMPLES
from tests.unit.plan.states import DATA, role
from xacct.plan.image import image_of, resource_of


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_field_of_every_kind_comes_back(kind: str) -> None:
    example = EXAMPLES[kind][0]
    again = resource_of(json.loads(json.dumps(image_of(example))), {ACCOUNT.name: ACCOUNT})
    assert type(again) is type(example)
    for field in fields(example):  # also those that are not compared
        assert getattr(again, field.name) == getattr(example, field.name), field.name
    assert again.create() == example.create()
    assert again.delete() == example.delete()


@pytest.mark.parametrize("change", [{"kind": "thing"}, {"more": 1}, {"account": "nobody"}], ids=str)
def test_an_image_of_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"there is no|other fields"):
        resource_of({**image_of(role()), **change}, {DATA.name: DATA})
