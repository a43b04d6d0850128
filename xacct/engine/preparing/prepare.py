"""From a manifest and what was read of its accounts to a plan; pure, like all it calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from immutabledict import immutabledict

from xacct.engine.estates import live_estate, planned_estate
from xacct.engine.preparing.consequences import consequences
from xacct.engine.preparing.dead import without_the_dead
from xacct.engine.preparing.lacking import lacking, seen_platforms
from xacct.engine.preparing.limits import Lifted, exceeded
from xacct.engine.preparing.lockout import locked_out
from xacct.engine.preparing.openness import opened
from xacct.engine.preparing.passage import lingering
from xacct.engine.preparing.recreated import judge_trusts
from xacct.engine.preparing.role_tags import dropping, tag_problems
from xacct.engine.preparing.untold import untold
from xacct.errors import BadUsage
from xacct.kinds import live, marker
from xacct.kinds.membership import Membership
from xacct.manifest.desired.desire import Desired, desire
from xacct.manifest.model import Manifest
from xacct.plan.build import make_plan
from xacct.plan.diff import BY_EARLIER, Removal
from xacct.plan.plan import Plan
from xacct.policy.arn import account_of
from xacct.problem import errors
from xacct.resource import Address, State
from xacct.snapshot import Snapshot

BY_DESTROYING = "the manifest declares it, and all of that goes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the caller of a command chose; all empty means: everything, with every guard in force."""

    accounts: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    adopt: bool = False
    prune_edited: bool = False
    destroy: bool = False
    revoke_sessions: bool = False
    lifted: Lifted = field(default_factory=Lifted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan with what it was made from."""

    plan: Plan
    desired: Desired
    live: State


def prepare(
    manifest: Manifest,
    snapshots: Mapping[str, Snapshot],
    *,
    earlier: Manifest | None = None,
    choice: Choice | None = None,
) -> Prepared:
    """The plan from live to desired.

    ``earlier`` is the manifest that removals without a mark are read from. With ``choice.destroy`` the
    desired state is empty and this manifest itself is the earlier one. With ``choice.links`` nothing outside
    these links is planned, removals included.

    Raises:
        BadUsage: an account or a link that was chosen is not in the manifest.
    """
    choice = choice or Choice()
    check_choice(manifest, choice)
    was = desire(earlier, snapshots).state if earlier else None
    removed = frozenset(Address(gone.account, gone.kind, gone.parts) for gone in manifest.removed)
    leaving = () if choice.links else (*(was.resources if was else ()), *removed)
    wanted = desire(manifest, _without_members(snapshots, leaving))
    lacks = lacking(manifest, seen_platforms(snapshots))
    state, living = dropping(wanted.state, was), live(snapshots.values())
    lacks += tuple(tag_problems(state, living))
    remarks = [one for one in lacks if one not in errors(lacks)]
    if choice.links:
        chosen = _of_links(manifest, snapshots, choice.links)
        state, was, removed = _within(state, chosen), None, frozenset()
        living = _within(living, chosen)
    if choice.destroy:
        state, was, removed = State.of(()), state, frozenset()
    trusts = judge_trusts(state, living, snapshots, retrust=choice.lifted.retrust)
    living = trusts.live
    make = partial(
        make_plan,
        name=manifest.name,
        accounts=tuple(spec.account for _, spec in sorted(manifest.accounts.items())),
        desired=state,
        live=living,
        removal=Removal(
            marker=marker(manifest.name),
            was=was,
            listed=removed,
            edited_too=choice.prune_edited,
            because_earlier=BY_DESTROYING if choice.destroy else BY_EARLIER,
        ),
        owners=manifest.owners,
        unknown=() if choice.destroy else wanted.unknown,
        problems=() if choice.destroy else (*wanted.problems, *errors(lacks)),
        notes=() if choice.destroy else (*wanted.notes, *untold(snapshots), *remarks, *trusts.notes),
        only_accounts=choice.accounts,
        adopt=choice.adopt,
        endpoints=_endpoints(snapshots),
    )
    plan = make()
    denied: frozenset[Address] = frozenset()
    if choice.revoke_sessions:
        denied = frozenset(
            _role_at(one.role, snapshots) for one in lingering(snapshots, plan) if not one.until
        )
        plan = make(denied=denied)
    plan = replace(plan, platforms=_platforms(snapshots))
    plan = without_the_dead(plan, snapshots, drop=choice.lifted.dead_principals)
    plan = replace(
        plan, access=consequences(manifest, snapshots, plan, destroyed=choice.destroy, denied=denied)
    )
    limits = [manifest.limits, *([earlier.limits] if earlier else [])]
    before, after = live_estate(snapshots), planned_estate(snapshots, plan)
    guards = (
        *plan.guards,
        *trusts.guards,
        *exceeded(
            plan, state, living, limits, choice.lifted, accounts=choice.accounts, destroyed=choice.destroy
        ),
        *opened(plan, after, choice.lifted),
        *locked_out(plan, manifest.accounts, snapshots, before, after, choice.lifted),
    )
    plan = replace(plan, guards=guards)
    return Prepared(plan=plan, desired=wanted, live=living)


def check_choice(manifest: Manifest, choice: Choice) -> None:
    """That a manifest has the accounts and the links that were chosen.

    Raises:
        BadUsage: it does not.
    """
    for word, known, chosen in (
        ("account", manifest.accounts, choice.accounts),
        ("link", manifest.links, choice.links),
    ):
        for name in sorted(chosen - known.keys()):
            raise BadUsage(
                f'the manifest {manifest.name} has no {word} "{name}"',
                fix=f"It has: {', '.join(sorted(known)) or 'none'}.",
            )


def _without_members(snapshots: Mapping[str, Snapshot], leaving: Iterable[Address]) -> Mapping[str, Snapshot]:
    """The accounts without the memberships that go, so that no trust is made for who is on the way out.

    Who is declared as a member is one all the same.
    """
    found = dict(snapshots)
    for address in leaving:
        name = address.account.name
        if address.kind == Membership.kind and name in found:
            group, user = address.parts
            membership = Membership(account=address.account, group=group, user=user)
            found[name] = membership.removed_from(found[name])
    return found


def _role_at(arn: str, snapshots: Mapping[str, Snapshot]) -> Address:
    account = next(one.account for one in snapshots.values() if one.account.id == account_of(arn))
    return Address(account, "role", (arn.rpartition("/")[2],))


def _of_links(
    manifest: Manifest, snapshots: Mapping[str, Snapshot], links: frozenset[str]
) -> frozenset[Address]:
    """The addresses that these links stand for; what they share with others is among them."""
    only = replace(
        manifest,
        links=immutabledict({name: link for name, link in manifest.links.items() if name in links}),
        roles=immutabledict(),
        groups=immutabledict(),
        users=immutabledict(),
        buckets=immutabledict(),
    )
    return frozenset(desire(only, snapshots).state.resources)


def _within(state: State, addresses: frozenset[Address]) -> State:
    return State(
        immutabledict({address: thing for address, thing in state.resources.items() if address in addresses}),
        state.unread,
    )


def _endpoints(snapshots: Mapping[str, Snapshot]) -> immutabledict[str, str]:
    return immutabledict(
        {
            f"{name}/{service}": url
            for name, snapshot in sorted(snapshots.items())
            for service, url in sorted(snapshot.endpoints.items())
        }
    )


def _platforms(snapshots: Mapping[str, Snapshot]) -> immutabledict[str, str]:
    return immutabledict({name: one.platform for name, one in sorted(snapshots.items()) if one.platform})
