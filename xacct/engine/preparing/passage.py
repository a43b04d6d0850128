"""What happens on the way from live to planned: who is without access in between, whose sessions live on; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from xacct.access.delta import ways
from xacct.access.estate import Estate
from xacct.access.explain import ASSUME
from xacct.access.questions import Question, questions_about
from xacct.access.who import who_can
from xacct.engine.estates import after_steps, live_estate, planned_estate
from xacct.kinds import live
from xacct.plan.effect import Half, World
from xacct.plan.plan import Change, Create, Delete, Plan, Update
from xacct.plan.scene import Scene
from xacct.policy.principal import Anonymous, Session
from xacct.resource import Address
from xacct.snapshot import Snapshot

_Held: TypeAlias = tuple[str, str, str, tuple[str, ...]]
"""Who may do what on what, with the actions for which this one stands."""

MOST_LOOKS = 200
"""States in between that are looked at; the steps in their order come first among them."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """Someone who has access before and after, and not always in between.

    ``first`` and ``last`` are the steps between which it may be gone. ``alike`` are the actions that this one
    stands for, as in a question.
    """

    who: str
    resource: str
    action: str
    first: int
    last: int
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Lingering:
    """Sessions of a role that someone opened who cannot open any more: ``role`` and ``who`` are ARNs.

    ``until`` is the step that ends them by deleting the role; 0 where the role stays.
    """

    role: str
    who: str
    until: int = 0


def changes_of(plan: Plan) -> dict[Address, Change]:
    """The whole changes again, of those that the plan makes in two steps."""
    found: dict[Address, Change] = {}
    for step in plan.steps:
        found[step.address] = _together(found.get(step.address), step.change)
    return found


def _together(first: Change | None, then: Change) -> Change:
    match first, then:
        case Create(), Update(after=after):
            return Create(after)
        case Update(before=before), Update(after=after):
            return Update(before, after)
        case Update(before=before), Delete(because=because):
            return Delete(before, because)
    return then


def scene_of(snapshots: Mapping[str, Snapshot], plan: Plan) -> Scene:
    """The plan's changes with what they do to whom."""
    return Scene(World(changes_of(plan), live(snapshots.values()).resources))


def gaps(
    snapshots: Mapping[str, Snapshot], plan: Plan, holders: Iterable[str], buckets: Iterable[str]
) -> tuple[Gap, ...]:
    """Who may be without access in between that live and planned both give, by what these hold or buckets say."""
    if len(plan.steps) < 2:
        return ()
    scene = scene_of(snapshots, plan)
    taking = _numbers(scene, plan, Half.LESS)
    if not taking or not _numbers(scene, plan, Half.MORE):
        return ()
    before, after = live_estate(snapshots), planned_estate(snapshots, plan)
    questions = questions_about((before, after), holders, buckets)
    both = _held(before, questions) & _held(after, questions)
    asked = [one for one in questions if any(held[1:] == (one.action, one.shown, one.alike) for held in both)]
    found: dict[_Held, tuple[int, int]] = {}
    for done in _between(plan, taking):
        steps = [step for step in plan.steps if step.number in done]
        has = _held(Estate.of(after_steps(snapshots, steps).values()), asked)
        undone = [step.number for step in plan.steps if step.number not in done]
        for held in both - has:
            first, last = found.get(held, (max(done), 0))
            found[held] = min(first, max(done & taking)), max(last, *undone)
    return tuple(
        sorted(
            Gap(who=who, action=action, resource=shown, first=first, last=last, alike=alike)
            for (who, action, shown, alike), (first, last) in found.items()
        )
    )


def lingering(snapshots: Mapping[str, Snapshot], plan: Plan) -> tuple[Lingering, ...]:
    """Whose sessions live on in roles that they can enter live and not as planned."""
    scene = scene_of(snapshots, plan)
    if not _numbers(scene, plan, Half.LESS):
        return ()
    before, after = live_estate(snapshots), planned_estate(snapshots, plan)
    found: set[Lingering] = set()
    for arn, until in _losing(scene, plan):
        had, has = _entering(before, arn), _entering(after, arn)
        found |= {Lingering(role=arn, who=who, until=until) for who in had - has}
    return tuple(sorted(found))


def _losing(scene: Scene, plan: Plan) -> list[tuple[str, int]]:
    """Roles, by ARN, that someone may not enter any more: those that stay, and those that gain before they go."""
    found: set[str] = set()
    going: dict[str, int] = {}
    for arn, (_, after) in scene.roles.items():
        trust = scene.trusts.get(arn)
        if after is None and trust is not None:
            going[arn] = max(step.number for step in plan.steps if step.address == trust.address)
            found |= scene.onward_from(arn)  # sessions that were opened from its own do not end with it
        elif (trust is not None and trust.less) or any(
            scene.grants_entry(one.less, arn) for one in scene.identities
        ):
            found |= {arn, *scene.onward_from(arn)}
    needs = {step.number: step.after for step in plan.steps}
    for arn, number in going.items():
        gaining = {one.address for one in scene.rights[arn] if one.more}
        steps = [step.number for step in plan.steps if step.address in gaining]
        if any(number not in _closed(needs, [one]) for one in steps):
            found.add(arn)
    return [(scene.path_arn(arn), going.get(arn, 0)) for arn in sorted(found)]


def _entering(estate: Estate, role: str) -> frozenset[str]:
    return frozenset(
        reacher.principal.role_arn
        if isinstance(reacher.principal, Session)
        else "*"
        if isinstance(reacher.principal, Anonymous)
        else reacher.principal.arn
        for reacher in who_can(estate, ASSUME, role)
    )


def _held(estate: Estate, questions: Iterable[Question]) -> frozenset[_Held]:
    return frozenset((way.who, way.action, way.shown, way.alike) for way in ways(estate, questions))


def _numbers(scene: Scene, plan: Plan, half: Half) -> frozenset[int]:
    return frozenset(
        step.number
        for step in plan.steps
        if half in scene.halves[step.address] and getattr(step.change, "part", "") in ("", half.value)
    )


def _between(plan: Plan, taking: frozenset[int]) -> Iterator[frozenset[int]]:
    """Sets of steps that may be all that is done: in their order, and what takes away as early as it can."""
    needs = {step.number: step.after for step in plan.steps}
    seen: set[frozenset[int]] = {frozenset(needs)}
    for done in _candidates(needs, sorted(taking)):
        if done and done not in seen:
            seen.add(done)
            yield done
        if len(seen) > MOST_LOOKS:
            return


def _candidates(needs: Mapping[int, frozenset[int]], taking: list[int]) -> Iterator[frozenset[int]]:
    for number in sorted(needs):
        yield frozenset(one for one in needs if one <= number)
    for many in (1, 2, 3, len(taking)):
        for chosen in combinations(taking, many):
            yield _closed(needs, chosen)


def _closed(needs: Mapping[int, frozenset[int]], chosen: Iterable[int]) -> frozenset[int]:
    done: set[int] = set()
    waiting = list(chosen)
    while waiting:
        number = waiting.pop()
        if number not in done:
            done.add(number)
            waiting += needs[number]
    return frozenset(done)
