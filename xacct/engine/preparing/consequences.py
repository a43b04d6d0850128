"""What a plan means: who gains or loses what, what is dangerous, what will not work; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.access.alike import weightiest_first
from xacct.access.delta import Access, delta
from xacct.access.estate import Estate
from xacct.access.explain import ask, ending
from xacct.check import Check, Want
from xacct.engine.estates import by_name, live_estate, planned_estate
from xacct.engine.preparing.passage import Gap, changes_of, gaps, lingering, scene_of
from xacct.engine.ruling import asking_first
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.role import Role
from xacct.manifest.expected.expect import expect
from xacct.manifest.model import Manifest
from xacct.manifest.s3_actions import on_objects
from xacct.plan.plan import NOT_ASKED, Consequence, Create, Delete, Plan, Update, Weight
from xacct.plan.scene import Scene
from xacct.platform import platform_named
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome
from xacct.policy.lint import lint
from xacct.resource import Address, Resource
from xacct.snapshot import Snapshot

_DANGERS = frozenset(
    {"pass-role-on-all", "privilege-escalation", "assume-any-role", "service-linked-role-on-all"}
)
_UNASKED = "This platform asks the trust policy only: whoever it names gets in, with or without a grant."
_WORDS = {
    "s3:ListBucket": "list",
    "s3:GetObject": "read",
    "s3:PutObject": "write",
    "s3:DeleteObject": "delete",
}
_MOST_NAMED = 3
"""So many actions of which a wildcard speaks are told by name; of more the weightiest, and how many others."""


def consequences(
    manifest: Manifest,
    snapshots: Mapping[str, Snapshot],
    plan: Plan,
    *,
    destroyed: bool = False,
    denied: frozenset[Address] = frozenset(),
) -> tuple[Consequence, ...]:
    """The lines of the access delta; nothing for a plan without steps.

    With ``destroyed`` nothing that the manifest declares is expected to work afterwards. ``denied`` are roles
    whose running sessions the plan ends.
    """
    if plan.empty:
        return ()
    before, after = live_estate(snapshots), planned_estate(snapshots, plan)
    scene = scene_of(snapshots, plan)
    holders = sorted({*_roles(plan), *_granted(plan), *scene.touched(), *_people(scene)})
    buckets = sorted(
        {one.bucket for step in plan.steps for one in _both(step.change) if isinstance(one, BucketPolicy)}
    )
    found = delta(before, after, holders, buckets)
    lines = [
        *(_gain(one, after) for one in found.gained),
        *(_loss(one, before) for one in found.lost),
    ]
    if found.left_out:
        text = f"{found.left_out} more questions of access were not asked."
        lines.append(Consequence(Weight.REMARK, text, NOT_ASKED))
    if any(not platform_named(one.platform).grants_judged for one in snapshots.values()):
        lines.append(Consequence(Weight.REMARK, _UNASKED))
    broken = () if destroyed else _broken(manifest, after)
    return (
        *lines,
        *_gaps(plan, snapshots, holders, buckets, before),
        *_sessions(plan, snapshots, before, denied, "" if destroyed else "; --revoke-sessions ends them"),
        *_escalations(plan),
        *broken,
    )


def _both(change: Create | Update | Delete) -> tuple[Resource, ...]:
    match change:
        case Create(after):
            return (after,)
        case Update(before, after):
            return (before, after)
        case Delete(before):
            return (before,)


def _roles(plan: Plan) -> Iterator[str]:
    """Roles that a step is about, or whose policies are."""
    for step in plan.steps:
        for resource in _both(step.change):
            if isinstance(resource, Role):
                yield resource.arn
            elif resource.kind.startswith("role-"):
                account = step.address.account
                yield account.iam_arn(f"role/{step.address.parts[0]}")


def _people(scene: Scene) -> Iterator[str]:
    """Users and groups whose own rights a step changes, by ARN without path."""
    for effect in scene.held:
        for account, kind, name in effect.holders:
            if kind != "role":
                yield account.iam_arn(f"{kind}/{name}")


def _granted(plan: Plan) -> Iterator[str]:
    """Roles that a grant of a step names."""
    for step in plan.steps:
        for resource in _both(step.change):
            for document in _documents(resource):
                for statement in document.statements:
                    for arn in statement.resources or ():
                        if ":role/" in arn and "*" not in arn:
                            yield arn


def _documents(resource: Resource) -> Iterator[Document]:
    yield from (value for _, value in resource.shown() if isinstance(value, Document))


def _gain(one: Access, estate: Estate) -> Consequence:
    gains = "gains" if one.sure or one.outside else "may gain, as far as it was read,"
    text = f"{_who(one, estate)} {gains} {_what(one, estate)}"
    if one.public:
        text = f"anyone in the world gains {_what(one, estate)}"
        return Consequence(Weight.ALARM, text, "public", others=_counted(one))
    if one.outside:
        text += "; nothing is known of that account"
        return Consequence(Weight.ALARM, text, "stranger", others=_counted(one))
    return Consequence(Weight.GAIN, text, others=_counted(one))


def _loss(one: Access, estate: Estate) -> Consequence:
    who = "anyone in the world" if one.public else _who(one, estate)
    loses = "loses" if one.sure or one.outside else "loses, if it had it,"
    return Consequence(Weight.LOSS, f"{who} {loses} {_what(one, estate)}", others=_counted(one))


def _who(one: Access, estate: Estate) -> str:
    return _short(one.who, estate)


def _what(one: Access, estate: Estate) -> str:
    known = [word for action, word in _WORDS.items() if action in one.actions]
    further, counted = [action for action in one.actions if action not in _WORDS], _counted(one)
    beyond = [action for action in weightiest_first(one.others) if action not in counted]
    actions = ", ".join([*known, *further, *beyond])
    if counted:
        actions += f" and {len(counted)} other actions"
    through = "".join(f" through {_short(role, estate)}" for role in one.roles[-1:])
    return f"{actions} on {one.resource.rpartition(':::')[2] or one.resource}{through}"


def _counted(one: Access) -> tuple[str, ...]:
    """Of the actions that only wildcards speak of, those that are not told by name."""
    few = len(one.others) <= _MOST_NAMED
    return () if few else tuple(sorted(weightiest_first(one.others)[1:]))


def _short(arn: str, estate: Estate) -> str:
    if arn == "*":
        return "anyone"
    if arn in estate.snapshots:
        return f"anyone of account {estate.snapshots[arn].account.name}"
    parts = arn.split(":", 5)
    snapshot = estate.snapshots.get(parts[4]) if len(parts) == 6 and parts[0] == "arn" else None
    return f"{snapshot.account.name}/{parts[5]}" if snapshot else arn


def _sessions(
    plan: Plan, snapshots: Mapping[str, Snapshot], estate: Estate, denied: frozenset[Address], way: str
) -> Iterator[Consequence]:
    """Sessions that run on though nobody may open them any more.

    ``denied`` are roles where a step ends them, ``way`` says how else they can be ended.
    """
    who: dict[tuple[str, int], set[str]] = {}
    for one in lingering(snapshots, plan):
        who.setdefault((one.role, one.until), set()).add(one.who)
    for change in changes_of(plan).values():
        match change:
            case Update(Role() as before, Role() as after) if gone := _named(before) - _named(after):
                people = who.setdefault((after.arn, 0), set())
                people -= {person for person in people if account_of(person) in gone}
                people |= gone
    for (arn, until), people in sorted(who.items()):
        role = estate.snapshots[account_of(arn)].roles[arn.rpartition("/")[2]]
        account = estate.snapshots[account_of(arn)].account
        names = ", ".join(_short(one, estate) for one in sorted(people))
        text = f"sessions of {_short(arn, estate)} that {names} opened"
        if Address(account, "role", (role.name,)) in denied:
            text += " are ended, and all others of this role too: who stays assumes it again"
            yield Consequence(Weight.REMARK, text)
            continue
        then = "" if until else way
        until_when = (
            f"until step {until} deletes the role" if until else f"for up to {role.max_session / 3600:g} h"
        )
        yield Consequence(
            Weight.ALARM, f"{text} go on {until_when}, with all that the role may do then{then}", "sessions"
        )


def _gaps(
    plan: Plan,
    snapshots: Mapping[str, Snapshot],
    holders: list[str],
    buckets: list[str],
    estate: Estate,
) -> Iterator[Consequence]:
    """Access that live and planned both give, and that may be gone in between."""
    found: dict[tuple[str, str, int, int], list[Gap]] = {}
    for one in gaps(snapshots, plan, holders, buckets):
        found.setdefault((one.who, one.resource, one.first, one.last), []).append(one)
    for (who, resource, first, last), some in found.items():
        access = Access(
            who=who,
            roles=(),
            actions=tuple(one.action for one in some if not one.alike),
            others=tuple(sorted(action for one in some for action in one.alike)),
            resource=resource,
        )
        yield Consequence(
            Weight.ALARM,
            f"{_who(access, estate)} may be without {_what(access, estate)} from step {first} to step {last}: "
            "any other order would give somebody too much in between",
            "gap",
            others=_counted(access),
        )


def _named(role: Role) -> set[str]:
    return {
        element.value
        for statement in role.trust.statements
        if statement.effect == "Allow"
        for element in statement.principals or ()
    }


def _escalations(plan: Plan) -> Iterator[Consequence]:
    """Rights in new or changed documents that lead to more rights."""
    for step in plan.steps:
        match step.change:
            case Create(after):
                had: set[str] = set()
            case Update(before, after):
                had = {text for document in _documents(before) for text in _dangers(document)}
            case Delete():
                continue
        if isinstance(after, Role | BucketPolicy):
            continue
        for document in _documents(after):
            for text in _dangers(document):
                if text not in had:
                    yield Consequence(Weight.ALARM, f"{step.address}: {text}", "privilege escalation")


def _dangers(document: Document) -> Iterator[str]:
    for finding in lint(document.source, "identity"):
        if finding.rule in _DANGERS:
            yield finding.message


def _broken(manifest: Manifest, after: Estate) -> Iterator[Consequence]:
    """Declared access that will not work even when the plan is done, and why; members are those of then."""
    seen: set[str] = set()
    for check in expect(manifest, by_name(after)):
        if check.want is not Want.ALLOWED:
            continue
        reason = _denied(check, after)
        if reason and f"{check.caller.arn} {check.role}" not in seen:
            seen.add(f"{check.caller.arn} {check.role}")
            yield Consequence(Weight.ALARM, f"{check.name}: {reason}", "will not work")


def _denied(check: Check, estate: Estate) -> str:
    """Why a check will be refused; nothing where it will not, or where that is not known."""
    caller = asking_first(check, estate)
    if caller is None:
        return ""
    context: dict[str, object] = {}
    if check.action == "sts:AssumeRole":
        if check.external_id:
            context["sts:ExternalId"] = check.external_id
        hop = ask(estate, caller, check.action, check.resource, context)
    else:
        who = estate.principal(check.role) if check.role else caller
        resource = check.resource
        if on_objects(check.action) and "/" not in resource:
            resource = f"{resource}/{check.prefix or ''}xacct-sample"
        elif check.prefix:
            context["s3:prefix"] = check.prefix
        hops = tuple(ending(estate, who, check.action, resource, context))
        hop = next((one for one in hops if one.outcome not in (Outcome.ALLOWED, Outcome.UNKNOWN)), hops[0])
    if hop.outcome in (Outcome.ALLOWED, Outcome.UNKNOWN):
        return ""
    decision = hop.settled.decision
    named = ", ".join(sorted({one.policy for one in decision.deciders if one.policy}))
    return f"{decision.reason}{f' ({named})' if named else ''}"
