"""What a saved plan was made from, and whether it still is so; pure, on plain values as they are saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from xacct.errors import Refused
from xacct.kinds.mark import FINGERPRINT_TAG
from xacct.plan.codec import shown_json
from xacct.plan.plan import NOT_ASKED
from xacct.plan.written import fields_of
from xacct.policy.document import Document
from xacct.resource import Resource, Shown

Body: TypeAlias = Mapping[str, Any]
_AGAIN = "Nothing was sent. Plan again, and have the new plan approved."


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that is not as it was when the plan was made, field by field; None is absent."""

    address: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def fields(self) -> Iterator[tuple[str, Shown, Shown]]:
        """The fields that differ, with what they were and are."""
        before, after = fields_of(self.before or {}), fields_of(self.after or {})
        for name in dict.fromkeys((*before, *after)):
            if (before.get(name) or "") != (after.get(name) or ""):
                yield name, before.get(name), after.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a saved plan stands today, where nothing forbids it.

    ``done`` are addresses of steps that are, at least in part, as the plan wants them already; ``foreign``
    what others changed meanwhile without touching what the plan means.
    """

    done: tuple[str, ...]
    foreign: tuple[str, ...]


class Stale(Refused):
    """What the plan was made from has changed; ``changes`` says what, where it is known field by field."""

    def __init__(self, message: str, *, changes: Iterable[Changed] = (), fix: str = _AGAIN) -> None:
        super().__init__(message, fix=fix)
        self.changes = tuple(changes)


def fingerprint(shown: Mapping[str, Any]) -> str:
    """What stands for the fields of something, by their meaning."""
    meant = [
        [name, value.canonical if isinstance(value, Document) else value]
        for name, value in sorted(fields_of(shown).items())
        if value
    ]
    return hashlib.sha256(json.dumps(meant).encode()).hexdigest()[:24]


def printed(resource: Resource, *, own: bool) -> dict[str, Any]:
    """A live resource as a saved plan remembers it."""
    shown = shown_json(resource)
    return {"hash": fingerprint(shown), **({"own": shown} if own else {})}


def checksum(body: Body) -> str:
    """What stands for a whole plan file."""
    content = {name: value for name, value in body.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_files(then: Body, now: Body) -> None:
    """That the manifest is the one that the plan was made from.

    ``then`` and ``now`` are the ``bound`` of the plan and of today; other paths with the same content will do.

    Raises:
        Stale: naming the file that changed.
    """
    for word, old, new in (
        ("manifest", then["files"], now["files"]),
        ("earlier manifest", (then["was"] or {}).get("files", []), (now["was"] or {}).get("files", [])),
    ):
        if [one["sha256"] for one in old] == [one["sha256"] for one in new]:
            continue
        known = {(one["path"], one["sha256"]) for one in old}
        others = [one["path"] for one in new if (one["path"], one["sha256"]) not in known]
        gone = sorted({one["path"] for one in old} - {one["path"] for one in new})
        raise Stale(f"the {word} has changed since the plan was made: {', '.join(others or gone)}")


def judge(then: Body, now: Body, begun: Collection[str] | None = None) -> Standing:
    """How a saved plan stands, held against the plan that manifest and accounts give today.

    Both are whole plan files; ``begun`` are the addresses of the steps that were begun, where a journal tells;
    else any may have been. What is the manifest's own must be as it was, or as a step of the plan makes
    it. What others changed is let pass only where the same steps mean the same access.

    Raises:
        Stale: something changed.
        Refused: the file is not what the manifest and the accounts give.
    """
    old, new = then["bound"], now["bound"]
    if old["unread"] != new["unread"]:
        raise Stale(
            f"what can be read has changed since the plan was made: {_gaps(old, new)}",
            fix="Nothing was sent. Read all that was read then (xacct permissions --for plan says what it needs), or "
            "plan again with these credentials, and have the new plan approved.",
        )
    steps = [step for step in then["steps"] if begun is None or step["address"] in begun]
    own = [changed for changed in _own(old["live"], new["live"]) if not _by_a_step(changed, steps)]
    if own:
        names = ", ".join(one.address for one in own)
        raise Stale(f"changed since the plan was made: {names}", changes=own)
    done = tuple(changed.address for changed in _own(old["live"], new["live"]))
    foreign = tuple(_foreign(old["live"], new["live"]))
    if not done:
        _same(then, now, foreign)
    else:
        _remainder(then, now, foreign)
    return Standing(done=done, foreign=foreign)


def _same(then: Body, now: Body, foreign: tuple[str, ...]) -> None:
    if foreign and any(one["mark"] == NOT_ASKED for one in (*then["access"], *now["access"])):
        raise Stale(
            f"others changed {_listed(foreign)}, and not all of what the plan means could be asked, so it cannot "
            "be compared"
        )
    if then["digest"] == now["digest"] or _but_for_fingerprints(then) == _but_for_fingerprints(now):
        return
    others = f" since others changed {_listed(foreign)}" if foreign else ""
    if then["endpoints"] != now["endpoints"] or then["accounts"] != now["accounts"]:
        raise Stale("the plan was made for other accounts or endpoints than the ones of today")
    if then["steps"] == now["steps"]:
        lines = [f"  now:     {one['text']}" for one in now["access"] if one not in then["access"]]
        lines += [f"  not now: {one['text']}" for one in then["access"] if one not in now["access"]]
        raise Stale("\n".join([f"the plan does not mean the same access any more{others}:", *lines]))
    if foreign:
        raise Stale(f"the steps would be others{others}")
    raise _tampered()


def _but_for_fingerprints(body: Body) -> Any:
    """What the digest is of, without the calls that only renew the fingerprint of a mark.

    A run that was killed after such a call has changed nothing that can be seen of the thing itself.
    """
    steps = [
        {**step, "calls": [call for call in step["calls"] if not _renews_a_fingerprint(call)]}
        for step in body["steps"]
    ]
    return [body[name] for name in ("name", "accounts", "endpoints", "access")] + [steps]


def _renews_a_fingerprint(call: Mapping[str, Any]) -> bool:
    tags = call.get("params", {}).get("Tags", ()) if call["operation"] == "TagRole" else ()
    return bool(tags) and all(tag["Key"] == FINGERPRINT_TAG for tag in tags)


def _remainder(then: Body, now: Body, foreign: tuple[str, ...]) -> None:
    """That what is left to do is a part of what was approved: each thing becomes what it was to become.

    On the way there it may take other halves than the whole plan did, which are safe by themselves.
    """
    if foreign and now["steps"]:
        raise Stale(
            f"a part of the plan is done, and others changed {_listed(foreign)} since; "
            "what the rest means cannot be compared any more"
        )
    approved, left = _ends(then), _ends(now)
    if any(address not in approved or approved[address] != end for address, end in left.items()):
        raise _tampered()


def _ends(body: Body) -> dict[str, str]:
    """What each thing is to be in the end."""
    return {step["address"]: _meaning(step.get("to")) for step in body["steps"]}


def _tampered() -> Refused:
    return Refused(
        "the steps in the plan file are not the ones that the manifest and the accounts give: "
        "the file was changed by hand or by a fault",
        fix=_AGAIN,
    )


def _meaning(shown: Mapping[str, Any] | None) -> str:
    return "" if shown is None else fingerprint(shown)


def _own(old: Body, new: Body) -> Iterator[Changed]:
    """What is the manifest's own, then or now, and differs."""
    for address in sorted(old.keys() | new.keys()):
        before, after = old.get(address), new.get(address)
        if not any("own" in one for one in (before, after) if one):
            continue
        if (before or {}).get("hash") != (after or {}).get("hash"):
            yield Changed(
                address, before.get("own", {}) if before else None, after.get("own", {}) if after else None
            )


def _foreign(old: Body, new: Body) -> Iterator[str]:
    for address in sorted(old.keys() | new.keys()):
        before, after = old.get(address), new.get(address)
        if any("own" in one for one in (before, after) if one):
            continue
        if (before or {}).get("hash") != (after or {}).get("hash"):
            yield address


def _by_a_step(changed: Changed, steps: Iterable[Body]) -> bool:
    """Whether a change is what the plan's own steps make of the thing, in whole or on the way there."""
    mine = [step for step in steps if step["address"] == changed.address]
    if changed.address.endswith("/id"):
        mine = [step for step in steps if f"{step['address']}/id" == changed.address]
        return any(step["action"] != "update" for step in mine)
    forms = [step.get(name) for step in mine for name in ("from", "to")]
    return between(changed.after, forms)


def between(shown: Mapping[str, Any] | None, forms: Iterable[Mapping[str, Any] | None]) -> bool:
    """Whether each field of something is as it is in one of these forms; None is absence.

    A field that is missing is one that is empty.
    """
    known = list(forms)
    if shown is None:
        return None in known
    present = [fields_of(form) for form in known if form is not None]
    if not present:
        return False
    found = fields_of(shown)
    return all(
        any((form.get(name) or "") == (found.get(name) or "") for form in present)
        for name in {*found, *(name for form in present for name in form)}
    )


def _gaps(old: Body, new: Body) -> str:
    before = {f"{gap['account']}/{gap['what']}" for gap in old["unread"]}
    after = {f"{gap['account']}/{gap['what']}" for gap in new["unread"]}
    now = [f"{gap} cannot be read now" for gap in sorted(after - before)]
    then = [f"{gap} could not be read then" for gap in sorted(before - after)]
    return ", ".join([*now, *then])


def _listed(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(addresses[:5])
    return f"{shown} and {len(addresses) - 5} more" if len(addresses) > 5 else shown
