"""The values inside a manifest's sections: names, principals, conditions, prefixes, tags, each with its rules."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from ipaddress import ip_network

from immutabledict import immutabledict

from xacct.manifest.loading.actions import action_problems
from xacct.manifest.loading.identity_fields import form_of, identity_of
from xacct.manifest.loading.names import Accounts, NameProblem, check_name, parse_name, parse_principal
from xacct.manifest.loading.tree import Items, Node, Scalar, Table
from xacct.manifest.model import Conditions, EntityKind, Members, Name, Trusted, WholeAccount
from xacct.problem import Place, Problem, Severity

_SPAN = re.compile(r"([1-9][0-9]*)(s|m|h)?")
_UNITS = {"s": 1, "m": 60, "h": 3600, None: 1}
_TAG = re.compile(r"[\w\s_.:/=+\-@]*")


class Fields:
    """Reads values of one file; what is wrong goes to ``problems``, what is right comes back."""

    def __init__(self, accounts: Accounts, problems: list[Problem]) -> None:
        self.accounts = accounts
        self.problems = problems

    def name(self, text: str, place: Place, *kinds: EntityKind) -> Name | None:
        """A name of one of these kinds, or a problem."""
        try:
            return parse_name(text, self.accounts, place, *kinds)
        except NameProblem as found:
            self.problems.append(found.problem)
            return None

    def names(self, node: Node | None, *kinds: EntityKind) -> tuple[Name, ...]:
        """The names of a list."""
        found = (self.name(plain_text(item), item.place, *kinds) for item in items_of(node))
        return tuple(name for name in found if name is not None)

    def wrong(
        self, place: Place, summary: str, detail: str, fix: str, severity: Severity = Severity.ERROR
    ) -> None:
        """One more problem."""
        self.problems.append(Problem(summary=summary, detail=detail, fix=fix, place=place, severity=severity))

    def principals(self, node: Node | None) -> tuple[Trusted, ...]:
        """Who may assume a role."""
        return tuple(found for item in items_of(node) if (found := self.principal(item)) is not None)

    def principal(self, node: Node) -> Trusted | None:
        """One who may assume a role, or a problem."""
        if isinstance(node, Scalar):
            try:
                return parse_principal(plain_text(node), self.accounts, node.place)
            except NameProblem as found:
                self.problems.append(found.problem)
                return None
        assert isinstance(node, Table)
        if form := form_of(node):
            return identity_of(node, form, self.accounts, self.wrong)
        if "account" in node.members:
            account = self.accounts.get(text_of(node, "account"))
            if account is None:
                self.wrong(
                    node.place,
                    "Unknown account",
                    f'"{text_of(node, "account")}" is no account of this manifest.',
                    f"Declared: {', '.join(self.accounts) or 'none'}.",
                )
                return None
            return WholeAccount(account=account, place=node.place)
        by = text_of(node, "by")
        if "group" not in node.members or by not in ("members", "account"):
            self.wrong(
                node.place,
                "A group without a way",
                "A group cannot be a principal, so say who is named in its place; there is no default.",
                "Write {group: ACCOUNT/group/NAME, by: members}, or by: account.",
            )
            return None
        group = self.name(text_of(node, "group"), node.members["group"].place, "group")
        if group is None:
            return None
        return Members(group=group, by="members" if by == "members" else "account", place=node.place)

    def conditions(self, table: Table) -> Conditions:
        """The conditions of a link or a trust."""
        blocks = items_of(table.members.get("source_ip"))
        external_id = table.members.get("external_id")
        for block in blocks:
            self._cidr(block)
        return Conditions(
            external_id=text_of(table, "external_id"),
            mfa=flag_of(table, "mfa"),
            source_ip=tuple(plain_text(block) for block in blocks),
            expires=self._moment(table.members.get("expires")),
            session_tags=self._tag_keys(table.members.get("session_tags")),
            pin=flag_of(table, "pin"),
            external_id_place=external_id.place if external_id is not None else None,
        )

    def _tag_keys(self, node: Node | None) -> tuple[str, ...]:
        """Keys of session tags, sorted; STS compares them whatever their case."""
        keys = sorted(plain_text(item) for item in items_of(node))
        for item in items_of(node):
            text = plain_text(item)
            if text != "*" and (
                not _TAG.fullmatch(text) or len(text) > 128 or text.lower().startswith("aws:")
            ):
                self.wrong(
                    item.place,
                    "Malformed tag",
                    f'"{text}" is no key of a session tag: 1 to 128 letters, digits, spaces and _.:/=+-@.',
                    "Rename it.",
                )
        return ("*",) if "*" in keys else tuple(keys)

    def _cidr(self, node: Node) -> None:
        try:
            ip_network(plain_text(node))
        except ValueError as error:
            self.wrong(
                node.place,
                "Malformed address block",
                f'"{plain_text(node)}" is no CIDR block: {error}.',
                "Write such as 192.0.2.0/24.",
            )

    def _moment(self, node: Node | None) -> str:
        if node is None:
            return ""
        text = plain_text(node)
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

    def session(self, node: Node | None) -> int:
        """A session length in seconds."""
        if node is None:
            return 3600
        seconds = _seconds(node)
        if not 3600 <= seconds <= 43_200:
            self.wrong(
                node.place,
                "Session length out of range",
                f'"{plain_text(node)}": a role\'s longest session is 1 to 12 hours (3600 to 43200 seconds).',
                "Write such as 1h.",
            )
            return 3600
        return seconds

    def span(self, node: Node | None, *, default: int, least: int, most: int) -> int:
        """A span of time in seconds, within bounds."""
        if node is None:
            return default
        seconds = _seconds(node)
        if not least <= seconds <= most:
            self.wrong(
                node.place,
                "Time out of range",
                f'"{plain_text(node)}" is no time between {least} and {most} seconds.',
                "Write such as 90s, 15m or 1h.",
            )
            return default
        return seconds

    def prefixes(self, node: Node | None) -> tuple[str, ...]:
        """Prefixes, each with its slash."""
        found: list[str] = []
        for item in items_of(node):
            text = plain_text(item)
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

    def actions(self, node: Node | None) -> tuple[str, ...]:
        """Actions of S3."""
        for item in items_of(node):
            self.problems += action_problems(plain_text(item), item.place)
        return tuple(plain_text(item) for item in items_of(node))

    def buckets(self, node: Node | None, role: Name | None) -> tuple[Name, ...]:
        """A link's buckets, in the account of its role; without one only what they are called is judged."""
        items = node.items if isinstance(node, Items) else (node,) if node else ()
        found = (self._bucket(item, role) for item in items)
        return tuple(bucket for bucket in found if bucket is not None)

    def _bucket(self, node: Node, role: Name | None) -> Name | None:
        text = plain_text(node)
        if role is None and "/" not in text:
            try:
                check_name("bucket", text, node.place)
            except NameProblem as found:
                self.problems.append(found.problem)
            return None
        full = text if "/" in text or role is None else f"{role.account.name}/bucket/{text}"
        name = self.name(full, node.place, "bucket")
        if name is None or role is None or name.account == role.account:
            return name
        self.wrong(
            node.place,
            "Bucket of another account",
            f'Bucket "{name}" is not in account {role.account.name}, where the role is: '
            "the role alone would give no access to it.",
            f"Use a role of account {name.account.name}.",
        )
        return None

    def tags(self, node: Node | None) -> immutabledict[str, str]:
        """Tags of the author, checked against the alphabet of IAM."""
        if not isinstance(node, Table):
            return immutabledict()
        for key, value in node.members.items():
            text = plain_text(value)
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
                    "Shorten it, or take out what is none of these.",
                )
        return immutabledict({key: plain_text(value) for key, value in node.members.items()})


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; none of anything else."""
    return node.items if isinstance(node, Items) else ()


def plain_text(node: Node) -> str:
    """A scalar as the author wrote it; empty for null and for what is no scalar."""
    if not isinstance(node, Scalar):
        return ""
    return node.text if node.value is not None or node.quoted else ""


def text_of(table: Table, key: str) -> str:
    """The text of a member, empty where there is none."""
    node = table.members.get(key)
    return plain_text(node) if node is not None else ""


def flag_of(table: Table, key: str) -> bool:
    """Whether a member is true."""
    node = table.members.get(key)
    return isinstance(node, Scalar) and node.value is True


def _seconds(node: Node) -> int:
    """``90``, ``90s``, ``15m`` or ``1h`` in seconds; 0 for what is none of them."""
    found = _SPAN.fullmatch(plain_text(node))
    return int(found.group(1)) * _UNITS[found.group(2)] if found else 0


def number_of(table: Table, key: str) -> int | None:
    """A member that is a whole number; None where there is none."""
    node = table.members.get(key)
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int) else None
