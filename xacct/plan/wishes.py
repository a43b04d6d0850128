"""What is better done before something else, where nothing that must be so forbids it; pure.

Of two ways to the same thing the new one is opened before the old one closes, so that nobody is without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from xacct.kinds.role import Role
from xacct.plan.effect import Effect, Half
from xacct.plan.reach import admits, anchor, enter
from xacct.plan.scene import Edge, Move, Scene
from xacct.policy.shared import Part, parts, pattern_covers, resource_covers


def wishes(scene: Scene) -> Iterator[tuple[Edge, ...]]:
    """Groups of edges that are better kept, and may be refused where they go against what must be.

    A role that goes is gone, with its sessions, before others that it may enter gain. And a way is kept open:
    the new one is made before the old one goes.
    """
    yield from _sessions_end(scene)
    yield from _same_holder(scene)
    yield from _other_role(scene)


def _sessions_end(scene: Scene) -> Iterator[tuple[Edge, ...]]:
    for arn, trust in scene.trusts.items():
        if scene.roles[arn][1] is None:
            for right in scene.rights[arn]:
                if right.more and right.address != trust.address:
                    yield (((trust.address, Half.MORE), (right.address, Half.MORE)),)


def _same_holder(scene: Scene) -> Iterator[tuple[Edge, ...]]:
    """The same permission in another document of the same people."""
    leaving = [one for one in scene.identities if any(not part.denies for part in one.out)]
    coming = [one for one in scene.identities if any(not part.denies for part in one.into)]
    for old in leaving:
        for new in coming:
            if old.address != new.address and old.people & new.people and _alike(old.out, new.into):
                yield (((new.address, Half.MORE), (old.address, Half.LESS)),)


def _other_role(scene: Scene) -> Iterator[tuple[Edge, ...]]:
    """The same permission through another role, which the same people may enter."""
    people = sorted({person for one in scene.identities for person in one.people} | set(_trusted(scene)))
    leaving = {arn: _halves_of(scene, arn, Half.LESS) for arn in scene.roles}
    coming = {arn: _halves_of(scene, arn, Half.MORE) for arn in scene.roles}
    for old, (before, _) in scene.roles.items():
        if before is None or not leaving[old]:
            continue
        inside = [person for person in people if admits(before.trust, person)]
        for new, (_, after) in scene.roles.items():
            if new == old or after is None or not coming[new]:
                continue
            if any(admits(after.trust, person) for person in inside) and _same_rights(scene, old, new):
                yield tuple(
                    (first, then) for first in coming[new] for then in leaving[old] if first[0] != then[0]
                )


def _halves_of(scene: Scene, arn: str, half: Half) -> list[Move]:
    """The halves of changes that open, or close, the way through a role."""
    found: list[Effect] = list(scene.rights[arn])
    found += [scene.trusts[arn]] if arn in scene.trusts else []
    for one in scene.identities:
        if enter(one.out if half is Half.LESS else one.into, scene.path_arn(arn)):
            found.append(one)
    return sorted(
        {(one.address, half) for one in found if _moving(one, half)},
        key=lambda move: (move[0], move[1].value),
    )


def _moving(effect: Effect, half: Half) -> bool:
    gone, come = effect.out, effect.into
    if half is Half.LESS:
        return any(not part.denies for part in gone) or any(part.denies for part in come)
    return any(not part.denies for part in come) or any(part.denies for part in gone)


def _same_rights(scene: Scene, old: str, new: str) -> bool:
    before = [part for one in scene.world.documents(scene.holder(old)) for part in parts(one)]
    after = [part for one in scene.world.documents(scene.holder(new)) for part in parts(one)]
    return _alike(before, after)


def _trusted(scene: Scene) -> Iterator[str]:
    for pair in scene.roles.values():
        for role in pair:
            for part in parts(role.trust) if isinstance(role, Role) else ():
                if part.principal is not None and part.principal.type == "AWS" and not part.denies:
                    yield anchor(part.principal.value)


def _alike(some: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether two Allow parts, one of each, may give the same."""
    return any(
        _near(one.action, other.action, pattern_covers)
        and _near(one.resource, other.resource, resource_covers)
        for one in some
        for other in others
        if not one.denies and not other.denies
    )


def _near(one: str | None, other: str | None, covers: Callable[[str, str], bool]) -> bool:
    return one is None or other is None or covers(one, other) or covers(other, one)
