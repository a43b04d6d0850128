"""Plans and progress as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from xacct.plan.bound import Stale
from xacct.plan.codec import action, counts
from xacct.plan.outcome import Applied, Failed, Skipped, Started, Waiting
from xacct.plan.outcome import Outcome as StepOutcome
from xacct.plan.plan import Create, Delete, Plan, Step, Update, Weight
from xacct.platform import platform_named
from xacct.policy.difference import differences
from xacct.policy.document import Document
from xacct.problem import Problem
from xacct.render.changed import fields_text
from xacct.render.statements import change_lines, statement_lines
from xacct.resource import Request, Resource, Shown, Splice

_SIGNS = {"create": "+", "update": "~", "delete": "-"}


def plan_text(plan: Plan, verbose: int = 0) -> str:
    """The plan: header, steps in the order of execution, what is unknown, what stops it, counts."""
    return (
        "\n".join(
            [*_header(plan), *_steps(plan, verbose), *_access(plan, verbose), *_rest(plan), _summary(plan)]
        )
        + "\n"
    )


def outcome_text(outcome: StepOutcome) -> str:
    """One line of progress."""
    step = outcome.step
    what = f"{_SIGNS[action(step)]} {step.address}"
    match outcome:
        case Started():
            return f"[{step.number}] {what} ..."
        case Waiting(what=reason, left=left):
            most = f", {left:.0f} s at most" if left else ""
            return f"[{step.number}] {what} waits: {reason}{most}"
        case Applied(calls=calls):
            return f"[{step.number}] {what} done" + ("" if calls else ", it was so already")
        case Failed(error=error):
            changes = error.changes if isinstance(error, Stale) else ()
            lines = [f"  {line}" for changed in changes for line in fields_text(changed).splitlines()]
            fix = [f"    {error.fix}"] if error.fix else []
            return "\n".join([f"[{step.number}] {what} FAILED: {error}", *lines, *fix])
        case Skipped(because=because):
            return f"[{step.number}] {what} held back, because {because} is not done"


def _header(plan: Plan) -> Iterator[str]:
    """Each account with its platform and where its requests go: one address, or one for each service."""
    yield f"Plan for {plan.name}"
    for account in plan.accounts:
        urls = {
            service.partition("/")[2]: url
            for service, url in sorted(plan.endpoints.items())
            if service.partition("/")[0] == account.name
        }
        platform = plan.platforms.get(account.name, "") if urls else ""
        line = f"  {account.name:<12} {account.id}"
        if platform:
            line += f" on {platform_named(platform).title}"
        if len(set(urls.values())) == 1:
            line += f" at {next(iter(urls.values()))}"
        yield line
        if len(set(urls.values())) > 1:
            yield from (f"  {'':<12} {service:<3} at {url}" for service, url in urls.items())
    yield ""


def _steps(plan: Plan, verbose: int) -> Iterator[str]:
    for account, steps in groupby(plan.steps, key=lambda step: step.address.account):
        yield f"In account {account.name} ({account.id}):"
        yield ""
        for step in steps:
            yield from _step(step, verbose)
            yield ""


def _step(step: Step, verbose: int) -> Iterator[str]:
    sign = _SIGNS[action(step)]
    word = (step.change.part if isinstance(step.change, Update) else "") or action(step)
    waits = f"  (after {', '.join(map(str, sorted(step.after)))})" if step.after else ""
    yield f"  {step.number}. {sign} {word} {step.address}{waits}"
    match step.change:
        case Create(after):
            yield from _whole("+", after)
        case Update(before, after):
            yield from _changes(before, after)
        case Delete(before, because):
            if because:
                yield f"       because {because}"
            yield from _whole("-", before)
    if verbose:
        yield from (f"       call {line}" for request in step.calls for line in _request(request))


_WIDTH = 100
_WEIGHTS = {Weight.GAIN: "+", Weight.LOSS: "-", Weight.ALARM: "!", Weight.REMARK: " "}


def _access(plan: Plan, verbose: int) -> Iterator[str]:
    """What the plan means, the loudest last; "at most", because only what was read is known."""
    if not plan.access:
        return
    yield "Access, at most, over what was read (control policies of an organization are not):"
    yield ""
    for one in plan.access:
        mark = f"{one.mark.upper()}: " if one.mark else ""
        yield f"  {_WEIGHTS[one.weight]} {mark}{one.text}"
        if verbose:
            yield from (f"       {line}" for line in wrap(", ".join(one.others), width=_WIDTH))
    yield ""


def _whole(sign: str, resource: Resource) -> Iterator[str]:
    for name, value in resource.shown():
        if isinstance(value, Document):
            yield f"       {sign} {name}"
            for statement in value.statements:
                yield from (f"         {line}" for line in statement_lines(sign, statement))
        elif value:
            yield f"       {sign} {name}: {value}"


def _changes(before: Resource, after: Resource) -> Iterator[str]:
    had: dict[str, Shown] = dict(before.shown())
    for name, value in after.shown():
        old = had.get(name)
        if isinstance(value, Document) or isinstance(old, Document):
            yield from _documents(
                name,
                old if isinstance(old, Document) else None,
                value if isinstance(value, Document) else None,
            )
        elif old != value:
            yield f"       ~ {name}: {old or 'none'} -> {value or 'none'}"


def _documents(name: str, old: Document | None, new: Document | None) -> Iterator[str]:
    if old == new:
        return
    yield f"       ~ {name}"
    yield from (f"         {line}" for line in change_lines(differences(old, new)))


def _request(request: Request) -> Iterator[str]:
    if isinstance(request, Splice):
        yield f"{request.read.service}:{request.read.operation} {json.dumps(request.read.arguments())}"
        merged = f"{len(request.put)} statements in, {len(request.drop)} out, the others kept"
        merged += f" without {', '.join(sorted(request.dead))}" if request.dead else ""
        write = request.write
        yield f"{write.service}:{write.operation} {json.dumps(write.arguments())} ({merged})"
    else:
        yield f"{request.service}:{request.operation} {json.dumps(request.arguments())}"


def _rest(plan: Plan) -> Iterator[str]:
    for gap in plan.unknown:
        yield f"Unknown, nothing is planned for it: {gap.address}"
        yield f"  {gap.reason}"
    for address in plan.left:
        yield f"Left to its owner: {address}"
    if plan.unknown or plan.left:
        yield ""
    for problems in (plan.notes, plan.problems, plan.guards):
        for problem in problems:
            yield _worded(problem)
        if problems:
            yield ""


def _worded(problem: Problem) -> str:
    return str(problem).replace("info: ", "note: ", 1)


def _summary(plan: Plan) -> str:
    number = counts(plan)
    if plan.empty:
        if plan.unknown:
            return f"No differences in what could be read; {number['unknown']} unknown."
        return f"No differences: {plan.compared} resources are as declared."
    text = f"{number['create']} to create, {number['update']} to update, {number['delete']} to delete"
    return f"{text}; {number['unknown']} unknown." if plan.unknown else f"{text}."
