"""What the owner of another account is handed: documents, AWS CLI commands that run as they stand, a manifest."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xacct.account import Account
from xacct.kinds.attachment import Attachment
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group import Group
from xacct.kinds.group_policy import GroupPolicy
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


def handed_over(
    plan: Plan,
    account: Account,
    platform: Platform,
    *,
    wanted: Iterable[Resource],
    live: Mapping[str, str | None] | None,
) -> dict[str, str]:
    """The files for one account, by name: its steps as commands with their documents, and the manifest's part.

    ``live`` holds, by bucket or role, the texts of shared documents as they were read; None where the account
    could not be read, so that everything is written as if nothing were there, and says so.
    """
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
            lines += _commands(step, request, live, files)
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


def _commands(
    step: Step, request: Call | Splice, live: Mapping[str, str | None] | None, files: dict[str, str]
) -> Iterator[str]:
    if isinstance(request, Call):
        yield _command(step, request, files)
        return
    owner = step.address.parts[0]
    read = _command(step, request.read, files)
    if live is None or owner not in live:
        yield f"if {read} >/dev/null 2>&1; then"
        yield f'  echo "{step.address.kind} of {owner} holds something already: merge it by hand" >&2; exit 1'
        yield "fi"
        yield _command(step, request.merged(None), files)
        return
    text = live[owner]
    if request.read.operation == "GetBucketPolicy":
        if text is None:
            yield f"if {read} >/dev/null 2>&1; then"
        else:
            name = _file(files, step, "before", text)
            yield f'if [ "$({read} --query Policy --output text)" != "$(cat {name})" ]; then'
        yield f'  echo "the policy of {owner} has changed since: ask for new commands" >&2; exit 1'
        yield "fi"
    yield _command(step, request.merged(text), files)


def _command(step: Step, call: Call, files: dict[str, str]) -> str:
    words = ["aws", _COMMANDS.get(call.service, call.service), _kebab(call.operation)]
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
    return {**files, MANIFEST: json.dumps(made, indent=2) + "\n"}


def _role(role: Role) -> dict[str, Any]:
    found: dict[str, Any] = {"session": role.max_session} if role.max_session != 3600 else {}
    found |= {"description": role.description} if role.description else {}
    found |= {"boundary": role.boundary} if role.boundary else {}
    return found | ({"tags": dict(sorted(role.tags.items()))} if role.tags else {})
