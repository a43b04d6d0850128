"""Names in a manifest: ``ACCOUNT/KIND/[PATH/]NAME``, ARNs, and what is wrong with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TypeAlias

from xacct.account import Account
from xacct.manifest.model import EntityKind, Foreign, Name, WholeAccount
from xacct.platform import PARTITIONS, Limits
from xacct.policy.arn import Arn, is_account_id
from xacct.problem import Place, Problem

Accounts: TypeAlias = Mapping[str, Account]
_LIMITS = Limits()
_LONGEST = {"role": _LIMITS.role_name, "user": _LIMITS.user_name, "group": _LIMITS.group_name}
# IAM User Guide, "IAM identifiers".
_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class NameProblem(Exception):
    """A text that names nothing; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def parse_name(text: str, accounts: Accounts, place: Place, *kinds: EntityKind) -> Name:
    """A name of one of these kinds.

    Raises:
        NameProblem: it is none, its account is not declared, or IAM would not take it.
    """
    parts = text.split("/")
    if len(parts) < 3 or not all(parts):
        example = f"ACCOUNT/{kinds[0]}/NAME"
        raise _wrong("Malformed name", f'"{text}" is no name of a {_or(kinds)}.', f"Write {example}.", place)
    account_name, kind, *path, name = parts
    account = _account(account_name, accounts, place)
    found = next((one for one in kinds if one == kind), None)
    if found is None:
        raise _wrong(
            "Wrong kind of name",
            f'"{text}" names a {kind}, but a {_or(kinds)} is meant here.',
            _kind_fix(kind, kinds),
            place,
        )
    whole = f"/{'/'.join(path)}/" if path else "/"
    _check_text(found, name, whole, text, place)
    return Name(account=account, kind=found, name=name, path=whole, place=place)


def check_name(kind: EntityKind, name: str, place: Place) -> None:
    """Whether a name by itself, without account and path, can be one of this kind.

    Raises:
        NameProblem: the service would not take it.
    """
    _check_text(kind, name, "/", name, place)


def parse_principal(text: str, accounts: Accounts, place: Place) -> Name | Foreign | WholeAccount:
    """Who may assume a role: a name of a user or role, or an ARN.

    Raises:
        NameProblem: it can never be a principal.
    """
    if text.startswith("arn:"):
        return _arn(text, accounts, place)
    if text == "*":
        raise _wrong(
            "Anyone as a principal",
            '"*" lets everyone in the world try, with or without an account.',
            "Name the users or roles, or {account: NAME}.",
            place,
        )
    if is_account_id(text):
        raise _wrong(
            "An account as a principal",
            f'"{text}" stands for everyone in that account.',
            "Say so: {account: NAME} for an account of this manifest, or its root ARN.",
            place,
        )
    return parse_name(text, accounts, place, "user", "role")


def _arn(text: str, accounts: Accounts, place: Place) -> Name | Foreign | WholeAccount:
    arn = Arn.parse(text)
    if arn is None or arn.partition not in PARTITIONS or arn.service not in ("iam", "sts"):
        raise _wrong("Malformed ARN", f'"{text}" is no ARN of a principal.', "Write an IAM ARN.", place)
    if arn.account and not is_account_id(arn.account):
        raise _wrong("Malformed ARN", f'"{text}" holds no account id.', "An account id has 12 digits.", place)
    if "*" in text or "?" in text:
        raise _wrong(
            "Wildcard in a principal",
            f'"{text}": a principal has no wildcards; the service takes them for plain text.',
            "Name each one, or trust the account with a condition on aws:PrincipalArn.",
            place,
        )
    if arn.resource.startswith("group/"):
        raise _group(text, place)
    account = next((one for one in accounts.values() if one.id == arn.account), None)
    if arn.resource == "root":
        return WholeAccount(account=account, place=place) if account else Foreign(arn=text, place=place)
    kind, _, rest = arn.resource.partition("/")
    if account is not None and arn.partition != account.partition:
        raise _wrong(
            "Another partition",
            f'"{text}" is in partition {arn.partition}, account {account.name} in {account.partition}.',
            f"Write arn:{account.partition}:...",
            place,
        )
    if account is not None and kind in ("user", "role") and arn.service == "iam":
        return parse_name(f"{account.name}/{kind}/{rest}", accounts, place, "user", "role")
    return Foreign(arn=text, place=place)


def _account(name: str, accounts: Accounts, place: Place) -> Account:
    found = accounts.get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, accounts, n=1, cutoff=0.6)
    hint = f'Did you mean "{near[0]}"?' if near else f"Declared: {', '.join(accounts) or 'none'}."
    raise _wrong(
        "Unknown account",
        f'"{name}" is no account of this manifest, so nothing can be found in it.',
        hint,
        place,
    )


def _check_text(kind: EntityKind, name: str, path: str, text: str, place: Place) -> None:
    if kind == "bucket":
        if path != "/" or not _BUCKET.fullmatch(name) or ".." in name:
            raise _wrong(
                "Malformed bucket name",
                f'"{text}": a bucket has 3 to 63 lower case letters, digits, dots and hyphens, and no path.',
                "Write it as S3 lists it.",
                place,
            )
        return
    if not _NAME.fullmatch(name):
        raise _wrong(
            "Malformed name",
            f'"{text}": IAM takes letters, digits and +=,.@_- in names, and no wildcards.',
            f"Take out {odd(name)}.",
            place,
        )
    if len(name) > _LONGEST[kind] or len(path) > _LIMITS.path:
        raise _wrong(
            "Name too long",
            f'"{text}": a {kind} may have {_LONGEST[kind]} characters, a path {_LIMITS.path}.',
            "Shorten it.",
            place,
        )


def odd(name: str) -> str:
    """The characters of a name that IAM does not take, for a message."""
    return " ".join(f'"{one}"' for one in dict.fromkeys(_NAME.sub("", name)))


def _kind_fix(kind: str, kinds: tuple[EntityKind, ...]) -> str:
    if kind == "group" and "user" in kinds:
        return (
            "A group cannot be a principal. Write {group: ACCOUNT/group/NAME, by: members}, or by: account."
        )
    near = difflib.get_close_matches(kind, kinds, n=1, cutoff=0.5)
    return f'Did you mean "{near[0]}"?' if near else f"Write ACCOUNT/{kinds[0]}/NAME."


def _group(text: str, place: Place) -> NameProblem:
    return _wrong(
        "A group as a principal",
        f'"{text}" is a group, and a group cannot be a principal: the service would refuse the trust policy.',
        "Write {group: ACCOUNT/group/NAME, by: members}, or by: account.",
        place,
    )


def _wrong(summary: str, detail: str, fix: str, place: Place) -> NameProblem:
    return NameProblem(Problem(summary=summary, detail=detail, fix=fix, place=place))


def _or(kinds: tuple[EntityKind, ...]) -> str:
    return " or ".join(kinds)
