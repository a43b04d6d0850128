"""Which half of a change comes before which of another, so that nobody gets too much; pure.

Someone reaches what a role may do through gates that must all be open: a grant of their own, the role's trust,
the role's permissions. Each gate is open in the live state or in the planned one. Were one opened by the plan
while another, which the plan closes, is still open, someone would have what neither state gives; so the
closing comes first. One pair of gates is enough for that, and where the owner of the data has both, that pair
is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xacct.kinds.attachment import Attachment
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.plan.effect import Effect, Half
from xacct.plan.reach import admits, any_deny, enter, name_any, of_service, same_people, speak_of
from xacct.plan.revocation import is_denial
from xacct.plan.scene import Edge, Scene


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
        if enter(grant.less, scene.path_arn(arn)) and _admitted(grant, after):
            for right in scene.rights[arn]:
                yield from _less_then_more(grant, right)
        if enter(grant.more, scene.path_arn(arn)) and _admitted(grant, before):
            for right in scene.rights[arn]:
                if not is_denial(right.address):
                    yield from _less_then_more(right, grant)


def grant_and_trust(scene: Scene) -> Iterator[Edge]:
    """Someone gets the grant and leaves the trust, or the other way round: never both at once."""
    for grant, arn in _grants(scene):
        trust = scene.trusts.get(arn)
        if trust is None:
            continue
        if enter(grant.more, scene.path_arn(arn)) and name_any(trust.less, grant.people):
            yield from _less_then_more(trust, grant)
        if enter(grant.less, scene.path_arn(arn)) and name_any(trust.more, grant.people):
            yield from _less_then_more(grant, trust)


def denies_first(scene: Scene) -> Iterator[Edge]:
    """Among the documents of one holder a Deny comes before what it limits, and goes after it."""
    for one in scene.held:
        for other in scene.held:
            if one.address == other.address or not one.people & other.people:
                continue
            if "boundary" in (one.layer, other.layer) or any_deny(one.less) or any_deny(other.more):
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
    for resource in scene.resources:
        for one in scene.held:
            across = resource.address.account != one.address.account
            for first, then in ((resource, one), (one, resource)):
                limited = across or any_deny(first.less) or any_deny(then.more)
                if (limited or _leaves_it_to_iam(resource)) and _meet_at(resource, first, then):
                    yield from _less_then_more(first, then)


def objects_and_keys(scene: Scene) -> Iterator[Edge]:
    """What is encrypted asks for two rights of the same people: the object's goes before the key's comes, and back."""
    judged = [one for one in scene.effects if one.layer != "trust"]
    on_keys = [one for one in judged if of_service("kms", (*one.less, *one.more))]
    on_objects = [one for one in judged if of_service("s3", (*one.less, *one.more))] if on_keys else []
    for key in on_keys:
        for other in on_objects:
            for (first, leaving), (then, coming) in (
                ((key, "kms"), (other, "s3")),
                ((other, "s3"), (key, "kms")),
            ):
                gone, come = of_service(leaving, first.less), of_service(coming, then.more)
                if gone and come and same_people(gone, first.people, come, then.people):
                    yield from _less_then_more(first, then)


def _meet_at(resource: Effect, first: Effect, then: Effect) -> bool:
    """Whether what leaves by the first and what comes by the other speak of the same people and resource."""
    if first is resource:
        return name_any(first.less, then.people) and speak_of(then.more, resource.address)
    return name_any(then.more, first.people) and speak_of(first.less, resource.address)


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


def _less_then_more(first: Effect, then: Effect) -> Iterator[Edge]:
    if first.less and then.more and first.address != then.address:
        yield (first.address, Half.LESS), (then.address, Half.MORE)


def _grants(scene: Scene) -> Iterator[tuple[Effect, str]]:
    for one in scene.held:
        for arn in scene.roles:
            if enter((*one.less, *one.more), scene.path_arn(arn)):
                yield one, arn


def _leaves_it_to_iam(resource: Effect) -> bool:
    """Whether a change of a key's policy speaks of the account as a whole, which only delegates."""
    own = {resource.address.account.root, resource.address.account.id}
    changed = (*resource.less, *resource.more)
    return resource.layer == "key" and any(one.principal and one.principal.value in own for one in changed)


def _admitted(grant: Effect, role: Role | None) -> bool:
    return role is not None and any(admits(role.trust, person) for person in grant.people)
