"""What the owner of another account is handed: documents, AWS CLI commands that run as they stand, a manifest."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from xacct.account import Account
from xacct.kinds.attachment import Attachment
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group import Group
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.key_policy import KeyPolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.user_policy import UserPolicy
from xacct.plan.codec import action
from xacct.plan.effect import document
from xacct.plan.plan import Plan, Step
from xacct.platform import GET_CALLER_IDENTITY, Platform
from xacct.policy.document import Document
from xacct.resource import Call, Resource, Splice

COMMANDS, MANIFEST = "commands.sh", "manifest.yaml"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMMANDS = {"s3": "s3api"}
_QUERIES = {
    BucketPolicy.kind: "--query Policy --output text",
    KeyPolicy.kind: "--query Policy --output text",
    RoleTrust.kind: "--query Role.AssumeRolePolicyDocument --output json",
}

Shared: TypeAlias = dict[tuple[str, str], str | None]
"""Texts of the documents that others write too, by kind and owner; None where there is none."""


def handed_over(
    plan: Plan,
    account: Account,
    platform: Platform,
    *,
    wanted: Iterable[Resource],
    live: Mapping[tuple[str, str], str | None] | None,
) -> dict[str, str]:
    """The files for one account, by name: its steps as commands with their documents, and the manifest's part.

    ``live`` holds, by kind and owner, the texts of shared documents as they were read; None where the account
    could not be read, so that everything is written as if nothing were there, and says so. No document of others
    is written over: where it is not seen to be what was read, the commands stop.
    """
    now = None if live is None else dict(live)
    files: dict[str, str] = {}
    lines = list(_head(plan, account, platform, seen=live is not None))
    for step in plan.steps:
        if step.address.account.name != account.name:
            continue
        lines += ["", f"# {step.number}. {action(step)} {step.address}"]
        lines += [
            f"#    after {one}, in account {one.address.account.name}" for one in _elsewhere(plan, step)
        ]
        for request in step.calls:
            lines += _commands(step, request, now, files)
    if len(lines) == len(list(_head(plan, account, platform, seen=True))):
        lines += ["", "# Nothing is left to do in this account."]
    files[COMMANDS] = "\n".join([*lines, ""])
    files |= _manifest(plan.name, account, wanted)
    return files


def _head(plan: Plan, account: Account, platform: Platform, *, seen: bool) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# {plan.name}: what is to be done in account {account.name} ({account.id}), by its owner."
    yield "# Run it with credentials of that account: AWS_PROFILE=... sh commands.sh"
    if not seen:
        yield "# The account could not be read: this is everything, as if nothing of it were there."
    yield "# It says nothing about the other account; whether the access works, xacct verify tells when both are done."
    yield "set -eu"
    yield 'cd "$(dirname "$0")"'
    if GET_CALLER_IDENTITY in platform.identity:
        yield "account=$(aws sts get-caller-identity --query Account --output text)"
        yield f'test "$account" = {account.id} || {{ echo "these are credentials of $account" >&2; exit 1; }}'


def _elsewhere(plan: Plan, step: Step) -> list[Step]:
    others = [one for one in plan.steps if one.number in step.after]
    return [one for one in others if one.address.account != step.address.account]


def _commands(step: Step, request: Call | Splice, now: Shared | None, files: dict[str, str]) -> Iterator[str]:
    if isinstance(request, Call):
        yield _command(step, request, files)
        return
    where = (step.address.kind, step.address.parts[0])
    what = f"{step.address.kind} of {where[1]}"
    read = _command(step, request.read, files)
    if where[0] == BucketPolicy.kind and (now is None or now.get(where) is None):
        yield f"if found=$({read} 2>&1); then"
        yield f'  echo "{what} holds something already: merge it by hand, or ask for new commands" >&2; exit 1'
        yield "fi"
        yield 'case "$found" in *NoSuchBucketPolicy*) ;; *) echo "$found" >&2; exit 1 ;; esac'
        text = None
    elif now is None or (text := now.get(where)) is None:
        yield from _by_hand(step, request, f"{read} {_QUERIES[where[0]]}", files)
        return
    else:
        name = _file(files, step, "before", _as_printed(where[0], text))
        yield f'if [ "$({read} {_QUERIES[where[0]]})" != "$(cat {name})" ]; then'
        yield f'  echo "the {what} has changed since: ask for new commands" >&2; exit 1'
        yield "fi"
    put = request.merged(text)
    if now is not None:
        now[where] = cast(str | None, put.arguments().get(request.parameter))
    yield _command(step, put, files)


def _by_hand(step: Step, request: Splice, read: str, files: dict[str, str]) -> Iterator[str]:
    """For a document that holds something already and is not known: no put, only the proof that it was done."""
    name = _file(files, step, "ours", f"[{','.join(request.put)}]")
    sids = [str(json.loads(one)["Sid"]) for one in request.put]
    yield f"# The statements of {name} go into the document, beside those that are in it."
    yield f"found=$({read})"
    for sid in sids:
        yield f'case "$found" in *{sid}*) ;; *)'
        yield f'  echo "merge {name} into the {step.address.kind} of {step.address.parts[0]} by hand" >&2; exit 1 ;;'
        yield "esac"


def _as_printed(kind: str, text: str) -> str:
    """A document as the AWS CLI prints it: a role's trust is decoded and written anew, the others are kept."""
    return json.dumps(json.loads(text), indent=4, ensure_ascii=False) if kind == RoleTrust.kind else text


def _command(step: Step, call: Call, files: dict[str, str]) -> str:
    words = ["aws", _COMMANDS.get(call.service, call.service), _kebab(call.operation)]
    if step.address.kind == KeyPolicy.kind:
        words += ["--region", step.address.parts[0].partition("/")[0]]
    for name, value in call.arguments().items():
        option = f"--{_kebab(name)}"
        match value:
            case True:
                words.append(option)
            case False:
                words.append(f"--no-{_kebab(name)}")
            case str() if name.endswith("Document") or name == "Policy":
                words += [option, f"file://{_file(files, step, _kebab(name), value)}"]
            case str() | int():
                words += [option, shlex.quote(str(value))]
            case _:
                words += [option, shlex.quote(json.dumps(value))]
    return " ".join(words)


def _kebab(name: str) -> str:
    return _WORD.sub("-", name).lower()


def _file(files: dict[str, str], step: Step, what: str, text: str) -> str:
    name = re.sub(
        r"[^A-Za-z0-9.-]+", "-", f"{step.number:02}-{step.address.kind}-{step.address.parts[-1]}-{what}"
    )
    files[f"{name}.json"] = text
    return f"{name}.json"


def _manifest(name: str, account: Account, wanted: Iterable[Resource]) -> dict[str, str]:
    """The account's part as a manifest of its own in the plain form; it is JSON, which YAML includes."""
    files: dict[str, str] = {}
    made: dict[str, Any] = {"version": 1, "name": name, "accounts": {account.name: {"id": account.id}}}
    mine = [one for one in wanted if one.address.account.name == account.name]
    policies = {one.arn: one for one in mine if isinstance(one, ManagedPolicy)}
    paths = {one.name: one.path for one in mine if isinstance(one, Role | Group)}

    def of(section: str, kind: str, owner: str) -> dict[str, Any]:
        path = paths.get(owner, "/") if kind in ("role", "group") else "/"
        found: dict[str, Any] = made.setdefault(section, {}).setdefault(
            f"{account.name}/{kind}{path}{owner}", {}
        )
        return found

    def put(one: Resource, text: Document) -> dict[str, str]:
        file = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{one.address.kind}-{'-'.join(one.address.parts)}.json")
        files[file] = text.source
        return {"file": file}

    for one in sorted(mine, key=lambda one: one.address):
        text = document(one)
        match one:
            case Role():
                of("roles", "role", one.name).update(_role(one), trust=put(one, one.trust))
            case RoleTrust() if text is not None:
                of("roles", "role", one.owner).update(existing=True, trust=put(one, text))
            case RolePolicy():
                of("roles", "role", one.owner).setdefault("policies", {})[one.name] = put(one, one.document)
            case GroupPolicy():
                of("groups", "group", one.owner).setdefault("grants", {})[one.name] = put(one, one.document)
            case UserPolicy():
                of("users", "user", one.owner).setdefault("grants", {})[one.name] = put(one, one.document)
            case Group():
                of("groups", "group", one.name)["create"] = True
            case Membership():
                members = of("groups", "group", one.group).setdefault("members", [])
                members.append(f"{account.name}/user/{one.user}")
            case Attachment():
                kind = one.address.kind.partition("-")[0]
                policy = policies.get(one.policy)
                said = one.policy if policy is None else {"name": policy.name, **put(policy, policy.document)}
                of(f"{kind}s", kind, one.owner).setdefault("managed_policies", []).append(said)
            case BucketPolicy() if text is not None:
                of("buckets", "bucket", one.owner)["policy"] = put(one, text)
    keys = sorted({one.key for one in mine if isinstance(one, KeyPolicy)})
    unsaid = [
        f"# Only commands.sh has our statement on {key}: a plan of this would take it away.\n" for key in keys
    ]
    return {**files, MANIFEST: "".join(unsaid) + json.dumps(made, indent=2) + "\n"}


def _role(role: Role) -> dict[str, Any]:
    found: dict[str, Any] = {"session": role.max_session} if role.max_session != 3600 else {}
    found |= {"description": role.description} if role.description else {}
    found |= {"boundary": role.boundary} if role.boundary else {}
    return found | ({"tags": dict(sorted(role.tags.items()))} if role.tags else {})
