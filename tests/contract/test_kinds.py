"""What every kind promises; a new one is held to it by its example alone."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import botocore.session
import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

import xacct.kinds
from tests.contract.examples import EXAMPLES
from xacct.kinds import KINDS, live
from xacct.resource import Call, Request, Resource, Splice
from xacct.snapshot import Snapshot

ABSTRACT = {"attachment", "inline", "mark", "shared"}


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def calls(requests: tuple[Request, ...]) -> Iterator[Call]:
    for request in requests:
        if isinstance(request, Splice):
            yield request.read
            yield request.remove
            if request.put:
                yield request.merged(None)
        else:
            yield request


def check_fits(call: Call) -> None:
    shape = model(call.service).operation_model(call.operation).input_shape
    report = ParamValidator().validate(call.arguments(), shape)
    assert not report.has_errors(), report.generate_report()


def test_every_kind_has_an_example_and_every_example_a_kind() -> None:
    assert {kind.kind for kind in KINDS} == set(EXAMPLES)


def test_every_module_of_the_package_is_registered() -> None:
    modules = {found.name for found in pkgutil.iter_modules(xacct.kinds.__path__)} - ABSTRACT
    assert modules == {kind.kind.replace("-", "_") for kind in KINDS}
    for kind in KINDS:
        assert import_module(kind.__module__).__name__ == f"xacct.kinds.{kind.kind.replace('-', '_')}"


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_call_fits_the_model_of_its_service(kind: str) -> None:
    example, other, _ = EXAMPLES[kind]
    for requests in (example.create(), other.update(example), example.update(other), example.delete()):
        for call in calls(requests):
            check_fits(call)
    assert example.create()
    assert example.delete()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_values_hash_and_a_thing_is_the_same_as_itself(kind: str) -> None:
    example, other, _ = EXAMPLES[kind]
    assert len({example, example}) == 1
    assert example.same(example)
    assert example.update(example) == ()
    assert hash(example.create()) == hash(example.create())
    assert example.address == other.address


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_differs_is_updated_and_what_does_not_is_left(kind: str) -> None:
    example, other, _ = EXAMPLES[kind]
    assert bool(other.update(example)) == (not other.same(example))


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_live_one_is_picked_out_of_a_snapshot_as_it_was_made(kind: str) -> None:
    example, _, snapshot = EXAMPLES[kind]
    found = [thing for thing in type(example).pick(snapshot) if thing.address == example.address]
    assert len(found) == 1
    assert example.same(found[0])
    assert live([snapshot]).resources[example.address] == found[0]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_is_marked_is_recognised_as_ours_and_intact(kind: str) -> None:
    example, _, snapshot = EXAMPLES[kind]
    found = next(thing for thing in type(example).pick(snapshot) if thing.address == example.address)
    if found.mark is None:
        assert kind not in ("role", "managed-policy", "bucket-policy", "role-trust")
        return
    assert found.mark.intact
    assert found.mark.manifest == xacct.kinds.marker("example")


@pytest.mark.parametrize("kind", EXAMPLES)
def test_sources_say_what_it_is_read_from(kind: str) -> None:
    example, _, _ = EXAMPLES[kind]
    sections = {"roles", "users", "groups", "policies", "buckets", "keys"}
    assert sections & set(example.sources())
    assert all(source in sections or "/" in source for source in example.sources())


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_is_shown_has_names_in_a_fixed_order(kind: str) -> None:
    example, other, _ = EXAMPLES[kind]
    names: list[Resource] = [example, other]
    assert [name for name, _ in names[0].shown()][:1] == [name for name, _ in names[1].shown()][:1]
    assert example.shown() == example.shown()


def _others(snapshot: Snapshot, kind: str) -> set[Resource]:
    """All but the role whose trust policy is what is shared, which is another look at the same document."""
    found = live([snapshot]).resources.values()
    return {one for one in found if kind != "role-trust" or one.kind != "role"}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_is_added_to_an_account_is_what_is_read_of_it(kind: str) -> None:
    """A plan is judged by the accounts as they will be: added, changed and removed as the calls do it."""
    example, other, snapshot = EXAMPLES[kind]
    changed = other.added_to(snapshot)
    (found,) = (one for one in live([changed]).resources.values() if one.address == other.address)
    assert other.same(found)
    back = example.added_to(changed)
    (found,) = (one for one in live([back]).resources.values() if one.address == example.address)
    assert example.same(found)
    gone = example.removed_from(back)
    assert example.address not in live([gone]).resources
    assert example.same(live([example.added_to(gone)]).resources[example.address])
    assert _others(gone, kind) <= _others(snapshot, kind)
