"""Which half of a change comes before which of another, so that nobody gets too much, and nobody a gap; pure.

Someone reaches what a role may do through gates that must all be open: a grant of their own, the role's trust,
the role's permissions. Each gate is open in the live state or in the planned one. Were one opened by the plan
while another, which the plan closes, is still open, someone would have what neither state gives; so the
closing comes first. One pair of gates is enough for that, and where the owner of the data has both, that pair
is taken. The opposite holds for two ways to the same thing: the new one is opened before the old one closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from xacct.kinds.attachment import Attachment
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.plan.effect import Effect, Half, Holder, World, admits, anchor, halves, names
from xacct.plan.revocation import is_denial
from xacct.policy.arn import account_of
from xacct.policy.match import glob
from xacct.policy.shared import Part, parts, pattern_covers, resource_covers
from xacct.resource import Address

Move: TypeAlias = tuple[Address, Half]
Edge: TypeAlias = tuple[Move, Move]
"""What comes first, and what then."""

_ASSUME = "sts:assumerole"


class Scene:
    """The changes of one plan with what they do, and the indexes that the rules ask."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.effects = world.effects()
        self.roles = world.roles()
        self.trusts = {anchor(self.arn(one)): one for one in self.effects if one.layer == "trust"}
        self.identities = [one for one in self.effects if one.layer == "identity"]
        self.resources = [one for one in self.effects if one.layer in ("bucket", "key")]

    @cached_property
    def halves(self) -> dict[Address, frozenset[Half]]:
        """The halves of each change; a membership or an attachment does what the documents behind it do."""
        found = {address: halves(change) for address, change in self.world.changes.items()}
        for one in self.effects:
            found[one.address] |= frozenset({Half.LESS} if one.less else ())
            found[one.address] |= frozenset({Half.MORE} if one.more else ())
        return found

    @cached_property
    def rights(self) -> dict[str, tuple[Effect, ...]]:
        """For each role, all that changes what its sessions may do, roles entered from it included."""
        direct = {arn: tuple(self._direct(arn)) for arn in self.roles}
        onward = {arn: self._onward(arn) for arn in self.roles}
        return {arn: tuple(dict.fromkeys(self._closure(arn, direct, onward, set()))) for arn in self.roles}

    def touched(self) -> frozenset[str]:
        """The ARNs of all roles through which somebody's access may change."""
        return frozenset(
            self.path_arn(arn)
            for arn in self.roles
            if arn in self.trusts
            or self.rights[arn]
            or any(_speaks((*one.out, *one.into), self.path_arn(arn)) for one in self.identities)
        )

    def grants_entry(self, some: tuple[Part, ...], arn: str) -> bool:
        """Whether parts of identity policies speak of entering a role."""
        return _speaks(some, self.path_arn(arn))

    def onward_from(self, arn: str) -> frozenset[str]:
        """All roles that can be entered from a role, one after the other."""
        found: set[str] = set()
        waiting = self._onward(arn)
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting += self._onward(other)
        return frozenset(found)

    def arn(self, effect: Effect) -> str:
        """The ARN, without path, of the role that a trust is of."""
        return effect.address.account.iam_arn(f"role/{effect.address.parts[0]}")

    def holder(self, arn: str) -> Holder:
        """A role as one who holds documents."""
        before, after = self.roles[arn]
        role = after or before
        assert role is not None
        return role.account, "role", role.name

    def path_arn(self, arn: str) -> str:
        """The role's ARN as it is written in grants."""
        before, after = self.roles[arn]
        role = after or before
        assert role is not None
        return role.arn

    def _direct(self, arn: str) -> Iterator[Effect]:
        holder = self.holder(arn)
        yield from (one for one in self.effects if holder in one.holders and one.layer != "trust")
        for one in self.resources:
            if any(names(part, arn) for part in (*one.less, *one.more)):
                yield one

    def _onward(self, arn: str) -> list[str]:
        """Roles that this one may enter, before or after; in its own account the trust alone may let it in."""
        account = self.holder(arn)[0]
        found = [part for one in self.world.documents(self.holder(arn)) for part in parts(one)]
        return [
            other
            for other, pair in self.roles.items()
            if other != arn
            and (account == self.holder(other)[0] or _speaks(found, self.path_arn(other)))
            and any(admits(role.trust, arn) for role in pair if role)
        ]

    def _closure(
        self, arn: str, direct: dict[str, tuple[Effect, ...]], onward: dict[str, list[str]], seen: set[str]
    ) -> Iterator[Effect]:
        seen.add(arn)
        yield from direct[arn]
        for other in onward[arn]:
            trust = self.trusts.get(other)
            if trust is not None and any(names(part, arn) for part in (*trust.less, *trust.more)):
                yield trust
            if other not in seen:
                yield from self._closure(other, direct, onward, seen)


def trust_and_rights(scene: Scene) -> Iterator[Edge]:
    """Who leaves a role's trust leaves before the role gains; who enters enters after it lost."""
    for arn, trust in scene.trusts.items():
        for right in scene.rights[arn]:
            yield from _less_then_more(trust, right)
            if not is_denial(right.address):
                yield from _less_then_more(right, trust)


def sessions_in_between(scene: Scene) -> Iterator[Edge]:
    """Sessions are ended when nobody opens more of them, and before the role gains."""
    for one in scene.identities:
        if not is_denial(one.address):
            continue
        arn = scene.arn(one)
        leaving = [scene.trusts[arn]] if arn in scene.trusts else []
        leaving += [other for other in scene.identities if scene.grants_entry(other.less, arn)]
        for other in leaving:
            if other.less and other.address != one.address:
                yield (other.address, Half.LESS), (one.address, Half.LESS)
        for right in scene.rights.get(arn, ()):
            yield from _less_then_more(one, right)


def grant_and_rights(scene: Scene) -> Iterator[Edge]:
    """The same for a grant, where the trust does not close or open the way already."""
    for grant, arn in _grants(scene):
        before, after = scene.roles[arn]
        if _speaks(grant.less, scene.path_arn(arn)) and _any_admitted(grant, after):
            for right in scene.rights[arn]:
                yield from _less_then_more(grant, right)
        if _speaks(grant.more, scene.path_arn(arn)) and _any_admitted(grant, before):
            for right in scene.rights[arn]:
                if not is_denial(right.address):
                    yield from _less_then_more(right, grant)


def grant_and_trust(scene: Scene) -> Iterator[Edge]:
    """Someone gets the grant and leaves the trust, or the other way round: never both at once."""
    for grant, arn in _grants(scene):
        trust = scene.trusts.get(arn)
        if trust is None:
            continue
        if _speaks(grant.more, scene.path_arn(arn)) and _any_named(trust.less, grant):
            yield from _less_then_more(trust, grant)
        if _speaks(grant.less, scene.path_arn(arn)) and _any_named(trust.more, grant):
            yield from _less_then_more(grant, trust)


def denies_first(scene: Scene) -> Iterator[Edge]:
    """Among the documents of one holder a Deny comes before what it limits, and goes after it."""
    held = [one for one in scene.effects if one.layer in ("identity", "boundary")]
    for one in held:
        for other in held:
            if one.address == other.address or not one.people & other.people:
                continue
            limiting = "boundary" in (one.layer, other.layer) or _is_boundary(scene, one, other)
            if limiting or _any_deny(one.less) or _any_deny(other.more):
                yield from _less_then_more(one, other)


def members_and_groups(scene: Scene) -> Iterator[Edge]:
    """Who enters a group enters after it lost; who leaves leaves before it gains."""
    for member in scene.identities:
        if member.address.kind != Membership.kind:
            continue
        group = (member.address.account, "group", member.address.parts[0])
        for one in scene.identities:
            if group in one.holders:
                yield from _less_then_more(one, member)
                yield from _less_then_more(member, one)


def attachments_and_policies(scene: Scene) -> Iterator[Edge]:
    """A managed policy is attached after it lost, and detached before it gains."""
    policies = {
        one.arn: address
        for table in (scene.world.before, scene.world.after)
        for address, one in table.items()
        if isinstance(one, ManagedPolicy) and address in scene.world.changes
    }
    found = {one.address: one for one in scene.identities}
    for address in list(found):
        resource = scene.world.after.get(address) or scene.world.before.get(address)
        if isinstance(resource, Attachment) and (
            changed := found.get(policies.get(resource.policy, address))
        ):
            yield from _less_then_more(changed, found[address])
            yield from _less_then_more(found[address], changed)


def resources_and_identities(scene: Scene) -> Iterator[Edge]:
    """The policy of a bucket or key and what its users hold.

    Across accounts both must allow. At home a Deny limits, and so does a key that leaves it to IAM, or no
    longer does.
    """
    holding = [one for one in scene.effects if one.layer in ("identity", "boundary")]
    for resource in scene.resources:
        for one in holding:
            across = resource.address.account != one.address.account
            for first, then in ((resource, one), (one, resource)):
                limited = across or _any_deny(first.less) or _any_deny(then.more)
                if (limited or _leaves_it_to_iam(resource)) and _meet_at(resource, first, then):
                    yield from _less_then_more(first, then)


def objects_and_keys(scene: Scene) -> Iterator[Edge]:
    """What is encrypted asks for two rights of the same people: the object's goes before the key's comes, and back."""
    judged = [one for one in scene.effects if one.layer != "trust"]
    on_keys = [one for one in judged if _of_service("kms", (*one.less, *one.more))]
    on_objects = [one for one in judged if _of_service("s3", (*one.less, *one.more))] if on_keys else []
    for key in on_keys:
        for other in on_objects:
            for (first, leaving), (then, coming) in (
                ((key, "kms"), (other, "s3")),
                ((other, "s3"), (key, "kms")),
            ):
                gone, come = _of_service(leaving, first.less), _of_service(coming, then.more)
                if gone and come and _same_people(first, gone, then, come):
                    yield from _less_then_more(first, then)


def _meet_at(resource: Effect, first: Effect, then: Effect) -> bool:
    """Whether what leaves by the first and what comes by the other speak of the same people and resource."""
    if first is resource:
        return _named_there(first.less, then) and _speaks_of(then.more, resource)
    return _named_there(then.more, first) and _speaks_of(first.less, resource)


SAFETY: tuple[Callable[[Scene], Iterator[Edge]], ...] = (
    trust_and_rights,
    sessions_in_between,
    grant_and_rights,
    grant_and_trust,
    denies_first,
    members_and_groups,
    attachments_and_policies,
    resources_and_identities,
    objects_and_keys,
)


def safety(scene: Scene) -> frozenset[Edge]:
    """All that must come before something else, or somebody could have what neither state gives."""
    if not any(one.less for one in scene.effects):
        return frozenset()
    return frozenset(edge for rule in SAFETY for edge in rule(scene))


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
        if _speaks(one.out if half is Half.LESS else one.into, scene.path_arn(arn)):
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


def _less_then_more(first: Effect, then: Effect) -> Iterator[Edge]:
    if first.less and then.more and first.address != then.address:
        yield (first.address, Half.LESS), (then.address, Half.MORE)


def _grants(scene: Scene) -> Iterator[tuple[Effect, str]]:
    for one in scene.identities:
        for arn in scene.roles:
            if _speaks((*one.less, *one.more), scene.path_arn(arn)):
                yield one, arn


def assumes(part: Part, role: str) -> bool:
    """Whether a part of an identity policy may speak of entering a role, by its ARN."""
    action, resource = part.action, part.resource
    if action is not None and glob(action).fullmatch(_ASSUME) is None:
        return False
    return resource is None or "${" in resource or resource_covers(resource, role)


def _speaks(some: Sequence[Part], role: str) -> bool:
    return any(assumes(part, role) for part in some)


def _any_admitted(grant: Effect, role: Role | None) -> bool:
    return role is not None and any(admits(role.trust, person) for person in grant.people)


def _any_named(some: tuple[Part, ...], grant: Effect) -> bool:
    return any(names(part, person) for part in some for person in grant.people)


def _named_there(some: tuple[Part, ...], one: Effect) -> bool:
    return any(names(part, person) for part in some for person in one.people)


def _leaves_it_to_iam(resource: Effect) -> bool:
    """Whether a change of a key's policy speaks of the account as a whole, which only delegates."""
    own = {resource.address.account.root, resource.address.account.id}
    changed = (*resource.less, *resource.more)
    return resource.layer == "key" and any(one.principal and one.principal.value in own for one in changed)


def _same_people(one: Effect, some: Sequence[Part], other: Effect, others: Sequence[Part]) -> bool:
    """Whether parts of two effects may speak of the same people: holders of documents, or those who are named."""
    if one.people and other.people:
        return bool(one.people & other.people)
    if one.people or other.people:
        people, named = (one.people, others) if one.people else (other.people, some)
        return any(names(part, person) for part in named for person in people)
    return any(_named_by(mine, theirs) or _named_by(theirs, mine) for mine in some for theirs in others)


def _named_by(part: Part, other: Part) -> bool:
    """Whether a part of one resource's policy speaks of whom a part of another's names."""
    named = other.principal
    if named is None or named.type != "AWS":
        return part.principal is None or part.principal.value == "*" or part.principal == named
    whole = account_of(named.value) if named.value.endswith(":root") else named.value
    return names(part, whole)


def _of_service(service: str, some: Sequence[Part]) -> list[Part]:
    return [one for one in some if one.action is None or _begins(one.action, service)]


def _begins(action: str, service: str) -> bool:
    """Whether an action, or a pattern of them, may be one of a service."""
    fixed = action.partition("*")[0].partition("?")[0]
    return fixed.startswith(f"{service}:") or f"{service}:".startswith(fixed)


def _speaks_of(some: tuple[Part, ...], resource: Effect) -> bool:
    """Whether parts of an identity policy may speak of a bucket, or of a key."""
    name = resource.address.parts[0]
    if resource.layer == "key":
        region, _, key = name.partition("/")
        account = resource.address.account
        arn = f"arn:{account.partition}:kms:{region}:{account.id}:key/{key}"
        return any(
            one.resource is None or "${" in one.resource or resource_covers(one.resource, arn)
            for one in _of_service("kms", some)
        )
    return any(
        one.resource is None
        or glob(one.resource.rpartition(":::")[2].partition("/")[0]).fullmatch(name) is not None
        or "${" in one.resource
        for one in _of_service("s3", some)
    )


def _any_deny(some: tuple[Part, ...]) -> bool:
    return any(part.denies for part in some)


def _is_boundary(scene: Scene, *effects: Effect) -> bool:
    """Whether one of these is a managed policy that limits a role."""
    limits = {
        role.boundary for pair in scene.roles.values() for role in pair if role is not None and role.boundary
    }
    found = [scene.world.after.get(one.address) or scene.world.before.get(one.address) for one in effects]
    return any(isinstance(one, ManagedPolicy) and one.arn in limits for one in found)
