"""From one file's tree to the values of the model; what is wrong is gathered, what is right is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from ipaddress import ip_network
from typing import TypeVar

from immutabledict import immutabledict

from xacct.account import Account, AccountSpec, Credentials, Enter, Environment, Profile
from xacct.kinds import KINDS
from xacct.manifest.model import (
    BucketSpec,
    Conditions,
    EntityKind,
    GroupSpec,
    LinkSpec,
    ManagedSpec,
    Members,
    Name,
    Removed,
    RoleSpec,
    Trusted,
    TrustList,
    UserSpec,
    WholeAccount,
    WrittenDocument,
)
from xacct.manifest.names import Accounts, NameProblem, parse_name, parse_principal
from xacct.manifest.tree import Items, Node, Scalar, Table
from xacct.policy.arn import Arn
from xacct.problem import Place, Problem, Severity

Made = TypeVar("Made")
ReadDocument = Callable[[Node], WrittenDocument | None]
_SESSION = re.compile(r"([1-9][0-9]*)(s|m|h)?")
_UNITS = {"s": 1, "m": 60, "h": 3600, None: 1}
_TAG = re.compile(r"[\w\s_.:/=+\-@]*")
_KINDS = tuple(kind.kind for kind in KINDS)


def build_account(name: str, table: Table) -> AccountSpec:
    """An account; its shape has been checked."""
    account = Account(name=name, id=_text(table, "id"), partition=_text(table, "partition") or "aws")
    endpoints = {
        service: _text(table, "endpoint") for service in ("iam", "sts", "s3") if _text(table, "endpoint")
    }
    if isinstance(given := table.members.get("endpoints"), Table):
        endpoints |= {service: _plain(node) for service, node in given.members.items()}
    return AccountSpec(
        account=account,
        credentials=_credentials(table),
        platform=_text(table, "platform"),
        region=_text(table, "region"),
        endpoints=immutabledict(endpoints),
        place=table.place,
    )


def _credentials(table: Table) -> Credentials:
    if _text(table, "profile"):
        return Profile(_text(table, "profile"))
    if isinstance(enter := table.members.get("enter"), Table):
        return Enter(
            role=_text(enter, "role"),
            profile=_text(enter, "profile"),
            external_id=_text(enter, "external_id"),
        )
    return Environment()


class Builder:
    """Makes values of one file's sections; ``document`` reads a policy document of the file."""

    def __init__(self, accounts: Accounts, document: ReadDocument, problems: list[Problem]) -> None:
        self.accounts = accounts
        self.document = document
        self.problems = problems

    def role(self, text: str, place: Place, table: Table) -> RoleSpec | None:
        """A role of the plain form."""
        name = self.name(text, place, "role")
        if name is None:
            return None
        existing = _flag(table, "existing")
        managed, attached = self._managed(table)
        if not existing and "trust" not in table.members:
            trust = None
        else:
            trust = self._trust(table.members.get("trust"))
        return RoleSpec(
            name=name,
            trust=trust,
            policies=self._documents(table.members.get("policies")),
            managed=managed,
            attached=attached,
            description=_text(table, "description"),
            session_seconds=self._session(table.members.get("session")),
            boundary=_text(table, "boundary"),
            tags=self._tags(table.members.get("tags")),
            profile=_text(table, "profile"),
            existing=existing,
            place=place,
        )

    def group(self, text: str, place: Place, table: Table) -> GroupSpec | None:
        """A group with its grants and members."""
        name = self.name(text, place, "group")
        if name is None:
            return None
        managed, attached = self._managed(table)
        members = table.members.get("members")
        return GroupSpec(
            name=name,
            grants=self._documents(table.members.get("grants")),
            managed=managed,
            attached=attached,
            members=self.names(members, "user") if isinstance(members, Items) else None,
            create=_flag(table, "create"),
            place=place,
        )

    def user(self, text: str, place: Place, table: Table) -> UserSpec | None:
        """A user with its grants and its profile."""
        name = self.name(text, place, "user")
        if name is None:
            return None
        managed, attached = self._managed(table)
        return UserSpec(
            name=name,
            grants=self._documents(table.members.get("grants")),
            managed=managed,
            attached=attached,
            profile=_text(table, "profile"),
            place=place,
        )

    def bucket(self, text: str, place: Place, table: Table) -> BucketSpec | None:
        """A bucket with the statements of its policy."""
        name = self.name(text, place, "bucket")
        written = self.document(table.members["policy"])
        if name is None or written is None:
            return None
        return BucketSpec(name=name, policy=written, place=place)

    def link(self, table: Table) -> LinkSpec | None:
        """A link."""
        role = self.name(_text(table, "role"), table.members["role"].place, "role")
        trust = self._principals(table.members["trust"])
        grants = self.names(table.members.get("grant"), "group", "user", "role")
        if role is None:
            return None
        names = table.members.get("names")
        exact = names if isinstance(names, Table) else Table({}, table.place)
        access = tuple(_plain(item) for item in _items(table.members.get("access")))
        actions = tuple(_plain(item) for item in _items(table.members.get("actions")))
        if not access and not actions:
            self.wrong(
                table.place,
                "A link that gives nothing",
                f'The link through "{role}" has neither access nor actions.',
                "Add access: [list, read], or actions.",
            )
        return LinkSpec(
            name=_text(table, "name") or role.name,
            role=role,
            trust=trust,
            grants=grants,
            buckets=self._buckets(table.members["bucket"], role),
            prefixes=self._prefixes(table.members.get("prefixes")),
            access=access,
            actions=actions,
            conditions=self._conditions(table),
            session_seconds=self._session(table.members.get("session")),
            description=_text(table, "description"),
            policy_name=_text(exact, "policy"),
            grant_name=_text(exact, "grant"),
            place=table.place,
        )

    def removed(self, node: Scalar) -> Removed | None:
        """An address that must not exist."""
        parts = str(node.value).split("/")
        account = self.accounts.get(parts[0])
        if account is None or len(parts) < 3 or parts[1] not in _KINDS:
            self.wrong(
                node.place,
                "Malformed address",
                f'"{node.value}" is no address of a resource: ACCOUNT/KIND/NAMES, as plans print it.',
                f"Copy it from a plan. Kinds: {', '.join(_KINDS)}.",
            )
            return None
        rest = parts[2:]
        if parts[1].endswith("attachment"):
            rest = [rest[0], "/".join(rest[1:])]
        return Removed(account=account, kind=parts[1], parts=tuple(rest), place=node.place)

    def name(self, text: str, place: Place, *kinds: EntityKind) -> Name | None:
        """A name of one of these kinds, or a problem."""
        try:
            return parse_name(text, self.accounts, place, *kinds)
        except NameProblem as found:
            self.problems.append(found.problem)
            return None

    def names(self, node: Node | None, *kinds: EntityKind) -> tuple[Name, ...]:
        """The names of a list."""
        found = (self.name(_plain(item), item.place, *kinds) for item in _items(node))
        return tuple(name for name in found if name is not None)

    def wrong(
        self, place: Place, summary: str, detail: str, fix: str, severity: Severity = Severity.ERROR
    ) -> None:
        """One more problem."""
        self.problems.append(Problem(summary=summary, detail=detail, fix=fix, place=place, severity=severity))

    def _trust(self, node: Node | None) -> WrittenDocument | TrustList | None:
        if not isinstance(node, Table):
            return None
        if "principals" in node.members:
            for key in ("file", "Statement"):
                if key in node.members:
                    self.wrong(
                        node.keys[key],
                        "Two ways at once",
                        f'A trust is said by principals or by a document, not by both; it has "{key}" too.',
                        "Take one of the two out.",
                    )
            return TrustList(
                principals=self._principals(node.members["principals"]),
                conditions=self._conditions(node),
                place=node.place,
            )
        return self.document(node)

    def _principals(self, node: Node) -> tuple[Trusted, ...]:
        return tuple(found for item in _items(node) if (found := self._principal(item)) is not None)

    def _principal(self, node: Node) -> Trusted | None:
        if isinstance(node, Scalar):
            try:
                return parse_principal(_plain(node), self.accounts, node.place)
            except NameProblem as found:
                self.problems.append(found.problem)
                return None
        assert isinstance(node, Table)
        if "account" in node.members:
            account = self.accounts.get(_text(node, "account"))
            if account is None:
                self.wrong(
                    node.place,
                    "Unknown account",
                    f'"{_text(node, "account")}" is no account of this manifest.',
                    f"Declared: {', '.join(self.accounts) or 'none'}.",
                )
                return None
            return WholeAccount(account=account, place=node.place)
        by = _text(node, "by")
        if "group" not in node.members or by not in ("members", "account"):
            self.wrong(
                node.place,
                "A group without a way",
                "A group cannot be a principal, so say who is named in its place; there is no default.",
                "Write {group: ACCOUNT/group/NAME, by: members}, or by: account.",
            )
            return None
        group = self.name(_text(node, "group"), node.members["group"].place, "group")
        if group is None:
            return None
        return Members(group=group, by="members" if by == "members" else "account", place=node.place)

    def _conditions(self, table: Table) -> Conditions:
        blocks = _items(table.members.get("source_ip"))
        for block in blocks:
            self._cidr(block)
        return Conditions(
            external_id=_text(table, "external_id"),
            mfa=_flag(table, "mfa"),
            source_ip=tuple(_plain(block) for block in blocks),
            expires=self._moment(table.members.get("expires")),
        )

    def _cidr(self, node: Node) -> None:
        try:
            ip_network(_plain(node))
        except ValueError as error:
            self.wrong(
                node.place,
                "Malformed address block",
                f'"{_plain(node)}" is no CIDR block: {error}.',
                "Write such as 192.0.2.0/24.",
            )

    def _moment(self, node: Node | None) -> str:
        if node is None:
            return ""
        text = _plain(node)
        try:
            moment = (
                datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
                if len(text) == 10
                else datetime.fromisoformat(text)
            )
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.wrong(
                node.place,
                "Malformed date",
                f'"{text}" is no moment: the end of an access must be exact, with its zone.',
                "Write 2027-01-31 (the start of that day, UTC) or 2027-01-31T18:00:00Z.",
            )
            return ""
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _session(self, node: Node | None) -> int:
        if node is None:
            return 3600
        found = _SESSION.fullmatch(_plain(node))
        seconds = int(found.group(1)) * _UNITS[found.group(2)] if found else 0
        if not 3600 <= seconds <= 43_200:
            self.wrong(
                node.place,
                "Session length out of range",
                f'"{_plain(node)}": a role\'s longest session is 1 to 12 hours (3600 to 43200 seconds).',
                "Write such as 1h.",
            )
            return 3600
        return seconds

    def _prefixes(self, node: Node | None) -> tuple[str, ...]:
        found: list[str] = []
        for item in _items(node):
            text = _plain(item)
            if not text or text.startswith("/") or "*" in text or "?" in text or "//" in text:
                self.wrong(
                    item.place,
                    "Malformed prefix",
                    f'"{text}": a prefix has no leading slash, no empty part, no wildcards; no key would match.',
                    f'Write "{text.strip("/*?") or "logs"}/".',
                )
                continue
            found.append(text if text.endswith("/") else f"{text}/")
        return tuple(found)

    def _buckets(self, node: Node, role: Name) -> tuple[Name, ...]:
        items = node.items if isinstance(node, Items) else (node,)
        found: list[Name] = []
        for item in items:
            text = _plain(item)
            full = text if "/" in text else f"{role.account.name}/bucket/{text}"
            name = self.name(full, item.place, "bucket")
            if name is None:
                continue
            if name.account != role.account:
                self.wrong(
                    item.place,
                    "Bucket of another account",
                    f'Bucket "{name}" is not in account {role.account.name}, where the role is: '
                    "the role alone would give no access to it.",
                    f"Use a role of account {name.account.name}.",
                )
                continue
            found.append(name)
        return tuple(found)

    def _documents(self, node: Node | None) -> immutabledict[str, WrittenDocument]:
        if not isinstance(node, Table):
            return immutabledict()
        found: dict[str, WrittenDocument] = {}
        for name, value in node.members.items():
            if not re.fullmatch(r"[A-Za-z0-9+=,.@_-]{1,128}", name):
                self.wrong(
                    node.keys[name],
                    "Malformed name",
                    f'"{name}" is no name of a policy: IAM takes 1 to 128 letters, digits and +=,.@_-.',
                    "Correct the name.",
                )
            written = self.document(value)
            if written is not None:
                found[name] = written
        return immutabledict(found)

    def _managed(self, table: Table) -> tuple[tuple[ManagedSpec, ...], tuple[str, ...]]:
        made: list[ManagedSpec] = []
        attached: list[str] = []
        for item in _items(table.members.get("managed_policies")):
            if isinstance(item, Table):
                written = self.document(item)
                if written is not None:
                    made.append(ManagedSpec(name=_text(item, "name"), document=written))
                continue
            arn = Arn.parse(_plain(item))
            if arn is None or arn.service != "iam" or not arn.resource.startswith("policy/"):
                self.wrong(
                    item.place,
                    "Malformed ARN",
                    f'"{_plain(item)}" is no ARN of a managed policy.',
                    "Write such as arn:aws:iam::aws:policy/ReadOnlyAccess, or {name: NAME, file: PATH}.",
                )
                continue
            attached.append(_plain(item))
        return tuple(made), tuple(attached)

    def _tags(self, node: Node | None) -> immutabledict[str, str]:
        if not isinstance(node, Table):
            return immutabledict()
        for key, value in node.members.items():
            text = _plain(value)
            if key.lower().startswith(("aws:", "xacct:")):
                self.wrong(
                    node.keys[key],
                    "Reserved tag",
                    f'"{key}": tags that begin so are not yours.',
                    "Rename it.",
                )
            elif (
                not (_TAG.fullmatch(key) and _TAG.fullmatch(text))
                or not key
                or len(key) > 128
                or len(text) > 256
            ):
                self.wrong(
                    value.place,
                    "Malformed tag",
                    f'"{key}": IAM takes letters, digits, spaces and _.:/=+-@, 128 in keys, 256 in values.',
                    "Correct the tag.",
                )
        return immutabledict({key: _plain(value) for key, value in node.members.items()})


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _plain(node: Node) -> str:
    if not isinstance(node, Scalar):
        return ""
    return node.text if node.value is not None or node.quoted else ""


def _text(table: Table, key: str) -> str:
    node = table.members.get(key)
    return _plain(node) if node is not None else ""


def _flag(table: Table, key: str) -> bool:
    node = table.members.get(key)
    return isinstance(node, Scalar) and node.value is True


def tables(node: Node | None) -> Iterator[tuple[str, Place, Table]]:
    """The members of a section that are mappings, with their names and the names' places."""
    if isinstance(node, Table):
        for name, value in node.members.items():
            if isinstance(value, Table):
                yield name, node.keys[name], value
            elif isinstance(value, Scalar) and value.value is None:
                yield name, node.keys[name], Table({}, value.place)
