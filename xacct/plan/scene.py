"""The changes of one plan with what they do to whom, as the rules of order ask for it; pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from xacct.plan.effect import Effect, Half, Holder, World, halves
from xacct.plan.reach import admits, anchor, enter, names
from xacct.policy.shared import Part, parts
from xacct.resource import Address

Move: TypeAlias = tuple[Address, Half]
Edge: TypeAlias = tuple[Move, Move]
"""What comes first, and what then."""


class Scene:
    """The changes of one plan with what they do, and the indexes that the rules ask."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.effects = world.effects()
        self.roles = world.roles()
        self.trusts = {anchor(self.arn(one)): one for one in self.effects if one.layer == "trust"}
        self.identities = [one for one in self.effects if one.layer == "identity"]
        self.held = [one for one in self.effects if one.layer in ("identity", "boundary")]
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
            or any(enter((*one.out, *one.into), self.path_arn(arn)) for one in self.identities)
        )

    def grants_entry(self, some: tuple[Part, ...], arn: str) -> bool:
        """Whether parts of identity policies speak of entering a role."""
        return enter(some, self.path_arn(arn))

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
            and (account == self.holder(other)[0] or enter(found, self.path_arn(other)))
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
