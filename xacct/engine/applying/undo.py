"""The way back from a run, out of the before-images in its journal; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xacct.account import Account
from xacct.engine.applying.log import Log
from xacct.engine.estates import live_estate, planned_estate
from xacct.engine.preparing.consequences import consequences
from xacct.engine.preparing.limits import Lifted, exceeded
from xacct.engine.preparing.lockout import locked_out
from xacct.engine.preparing.openness import opened
from xacct.engine.preparing.prepare import Prepared
from xacct.errors import Refused
from xacct.kinds import live, marker
from xacct.kinds.attachment import Attachment
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.manifest.desired.desire import Desired
from xacct.manifest.model import Manifest
from xacct.plan.bound import Changed, Stale, between
from xacct.plan.build import make_plan
from xacct.plan.codec import shown_json
from xacct.plan.diff import Removal
from xacct.plan.image import image_of, resource_of
from xacct.plan.plan import Change, Create, Delete, Plan, Update, Weight, ends
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.shared import Part, beyond
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource, State
from xacct.snapshot import Snapshot

BY_UNDOING = "the run that is undone made it"
_NOTHING_LIFTED = Lifted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a run may have changed: ``before`` and ``after`` it, and every form in between."""

    before: Resource | None
    after: Resource | None
    forms: tuple[Resource | None, ...]

    @property
    def resource(self) -> Resource:
        """One of the forms."""
        return next(form for form in self.forms if form is not None)


def images(plan: Plan) -> list[dict[str, Any]]:
    """What each step finds and leaves, as the beginning of a journal keeps it."""
    kept: list[dict[str, Any]] = []
    for step in plan.steps:
        before, after = (None if form is None else image_of(form) for form in ends(step.change))
        kept.append({"step": step.number, "address": str(step.address), "before": before, "after": after})
    return kept


def buckets_of(log: Log) -> Iterator[tuple[str, str]]:
    """The buckets that a run has to do with, each with its account's name; nothing else names them any more."""
    for kept in log.begin["images"]:
        account, kind, bucket = kept["address"].split("/")[:3]
        if kind == "bucket-policy":
            yield account, bucket


def way_back(
    log: Log,
    manifest: Manifest,
    snapshots: Mapping[str, Snapshot],
    *,
    give_back: bool = False,
    lifted: Lifted = _NOTHING_LIFTED,
) -> Prepared:
    """The plan that restores what the run found, in all that it may have touched and nothing else.

    ``give_back`` is the word for an undo after which somebody has access that they do not have now. What the
    manifest protects, and the way of whoever applies it, are guarded as in an apply; ``lifted`` lifts that.
    There are no thresholds, because what is taken away is what the run made.

    Raises:
        Refused: the run was made in other accounts, or something cannot be read now.
        Stale: what the run left was changed since.
    """
    accounts = _accounts(log, manifest)
    living = live(snapshots.values())
    touched = _touched(log, accounts)
    _check(touched, living)
    _check_ids(log, touched, snapshots)
    desired = State.of(
        (
            *(one for address, one in living.resources.items() if address not in touched),
            *(one.before.as_was() for one in touched.values() if one.before is not None),
        ),
        living.unread,
    )
    made = [one.after for one in touched.values() if one.before is None and one.after is not None]
    name = str(log.begin["plan"]["name"])
    plan = make_plan(
        name=name,
        accounts=tuple(spec.account for _, spec in sorted(manifest.accounts.items())),
        desired=desired,
        live=living,
        removal=Removal(marker=marker(name), was=State.of(made), edited_too=True, because_earlier=BY_UNDOING),
        owners=manifest.owners,
        adopt=True,
        endpoints=log.begin["plan"]["endpoints"],
    )
    plan = replace(
        plan,
        access=consequences(manifest, snapshots, plan, destroyed=True),
        notes=(*plan.notes, *_broken_trusts(log, plan, snapshots)),
        compared=len(touched),
    )
    before, after = live_estate(snapshots), planned_estate(snapshots, plan)
    plan = replace(
        plan,
        guards=(
            *plan.guards,
            *(() if give_back else _gains(plan)),
            *exceeded(plan, desired, living, [manifest.limits], lifted, destroyed=True),
            *opened(plan, after, replace(lifted, public=True)),
            *locked_out(plan, manifest.accounts, snapshots, before, after, lifted),
        ),
    )
    return Prepared(plan=plan, desired=Desired(state=desired), live=living)


def _accounts(log: Log, manifest: Manifest) -> dict[str, Account]:
    known = {name: spec.account for name, spec in manifest.accounts.items()}
    for one in log.begin["plan"]["accounts"]:
        account = known.get(one["name"])
        if account is None or account.id != one["id"]:
            raise Refused(
                f"the run was made in account {one['id']} as {one['name']}, "
                "which the manifest does not declare (any more)",
                fix="Name the manifest of the run with -f.",
            )
    return known


def _touched(log: Log, accounts: Mapping[str, Account]) -> dict[Address, Touched]:
    found: dict[Address, Touched] = {}
    begun = log.begun
    for kept in log.begin["images"]:
        if kept["address"] not in begun:
            continue
        try:
            before, after = (
                None if kept[when] is None else resource_of(kept[when], accounts)
                for when in ("before", "after")
            )
        except ValueError as error:
            raise Refused(
                f"the journal holds what this version cannot restore: {error}",
                fix="Use the version that wrote it.",
            ) from None
        address = (before or after).address  # type: ignore[union-attr]  # a step has one of the two
        earlier = found.get(address)
        found[address] = Touched(
            before=earlier.before if earlier else before,
            after=after,
            forms=(*(earlier.forms if earlier else ()), before, after),
        )
    return found


def _check(touched: Mapping[Address, Touched], living: State) -> None:
    """That everything is in a form that the run itself found or made.

    Raises:
        Refused, Stale: something cannot be read, or is in another form.
    """
    changes: list[Changed] = []
    for address, one in sorted(touched.items()):
        if gap := living.unknown(one.resource):
            raise Refused(f"{address} cannot be read now: {gap.reason}", fix="Nothing was sent.")
        found = living.resources.get(address)
        shown = None if found is None else shown_json(found)
        forms = [None if form is None else shown_json(form) for form in one.forms]
        if not between(shown, forms):
            changes.append(Changed(str(address), forms[-1], shown))
    if changes:
        names = ", ".join(changed.address for changed in changes)
        raise Stale(
            f"changed since the run: {names}",
            changes=changes,
            fix="Nothing was sent. Put it back by hand as the run left it, or change the manifest and apply.",
        )


def _check_ids(log: Log, touched: Mapping[Address, Touched], snapshots: Mapping[str, Snapshot]) -> None:
    """That a role which the run changed is that role, and no other made since under its name.

    Raises:
        Stale: one is another.
    """
    known = log.begin["plan"]["bound"]["live"]
    changes: list[Changed] = []
    for address, one in sorted(touched.items()):
        record = (
            snapshots[address.account.name].roles.get(address.parts[0]) if address.kind == Role.kind else None
        )
        was = known.get(f"{address}/id", {}).get("own")
        if record is not None and was is not None and one.before is not None and one.after is not None:
            now = {"unique id": record.id}
            changes += [Changed(str(address), was, now)] if was != now else []
    if changes:
        names = ", ".join(changed.address for changed in changes)
        raise Stale(
            f"deleted since the run, and made again by somebody else: {names}",
            changes=changes,
            fix="Nothing was sent. What is there now is not what the run found: change the manifest and apply.",
        )


def _gains(plan: Plan) -> Iterator[Problem]:
    gained = [
        one.text
        for one in plan.access
        if one.weight is Weight.GAIN or (one.weight is Weight.ALARM and one.mark in ("public", "stranger"))
    ]
    gained += _gains_unasked(plan)
    if gained:
        yield Problem(
            summary="Would give access back",
            detail=f"To undo the run is to give access that nobody has now: {'; '.join(gained)}.",
            fix="If that is meant, say --give-back.",
        )


def _gains_unasked(plan: Plan) -> Iterator[str]:
    """What is given back and no question of access asks for: those are of buckets and of what leads to them."""
    known = {account.id for account in plan.accounts}
    for step in plan.steps:
        had, has = _inline(step.change)
        given = [part for part in beyond(has, [had] if had else []) if not part.denies]
        freed = [part for part in beyond(had, [has] if has else []) if part.denies]
        if any(_unasked(part, known) for part in (*given, *freed)):
            yield f"{step.address} gives again what has nothing to do with a bucket"
        match step.change:
            case Create(Membership() | Attachment()):
                yield f"{step.address} is there again, with all that it gives"
            case Update(Role(boundary=was), Role(boundary=now)) if was and was != now:
                yield f"{step.address} is without the boundary {was} again"
            case _:
                continue


def _inline(change: Change) -> tuple[Document | None, Document | None]:
    """The documents before and after a change of an inline policy."""
    had, has = (form.document if isinstance(form, InlinePolicy) else None for form in ends(change))
    return had, has


def _unasked(part: Part, known: set[str]) -> bool:
    """Whether a part is of something else than buckets, their keys, and roles of the accounts."""
    service, _, action = (part.action or "*").partition(":")
    if service == "sts" and action == "assumerole":
        return part.resource is None or account_of(part.resource) not in known
    return service not in ("s3", "kms")


def _broken_trusts(log: Log, plan: Plan, snapshots: Mapping[str, Snapshot]) -> Iterator[Problem]:
    """Documents elsewhere that name a role which is made anew: to them it is another one."""
    put = {step.address for step in plan.steps if not isinstance(step.change, Delete)}
    known = log.begin["plan"]["bound"]["live"]
    for step in plan.steps:
        role = step.change.after if isinstance(step.change, Create) else None
        if role is None or step.address.kind != "role" or role.arn is None:
            continue
        old = known.get(f"{step.address}/id", {}).get("own", {}).get("unique id", "")
        named = [
            str(address)
            for address, resource in sorted(live(snapshots.values()).resources.items())
            if address not in put and _names(resource, {role.arn, old})
        ]
        yield Problem(
            summary="Made anew",
            detail=f"{step.address} gets another unique id than it had ({old or 'not known'}). "
            + (
                f"These name the old one and stay broken until they are saved again: {', '.join(named)}."
                if named
                else "Nothing that was read names the old one; what was not read may."
            ),
            fix="Apply their manifests, or save their documents again."
            if named
            else "Look for documents that name it in accounts that this manifest does not read.",
            severity=Severity.WARNING,
        )


def _names(resource: Resource, names: set[str]) -> bool:
    documents = [value for _, value in resource.shown() if isinstance(value, Document)]
    return any(
        principal.value in names - {""}
        for document in documents
        for statement in document.statements
        for principal in (*(statement.principals or ()), *(statement.not_principals or ()))
    )
