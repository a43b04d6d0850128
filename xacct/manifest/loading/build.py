"""From one file's tree to the values of the model; what is wrong is gathered, what is right is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TypeVar

from immutabledict import immutabledict

from xacct.account import Account, AccountSpec, Credentials, Enter, Environment, Profile
from xacct.kinds import KINDS
from xacct.manifest.loading.fields import Fields, flag_of, items_of, number_of, plain_text, text_of
from xacct.manifest.loading.names import Accounts, odd
from xacct.manifest.loading.tree import Items, Node, Scalar, Table
from xacct.manifest.model import (
    BucketSpec,
    GroupSpec,
    Limits,
    LinkSpec,
    LockSpec,
    ManagedSpec,
    Protected,
    Removed,
    RoleSpec,
    TrustList,
    UserSpec,
    WrittenDocument,
)
from xacct.platform import PARTITIONS
from xacct.policy.arn import Arn
from xacct.problem import Place, Problem

Made = TypeVar("Made")
ReadDocument = Callable[[Node], WrittenDocument | None]
_KINDS = tuple(kind.kind for kind in KINDS)
_NAMED = tuple(dict.fromkeys(("role", "group", "user", "bucket", *_KINDS)))


def build_account(name: str, table: Table) -> AccountSpec:
    """An account; its shape has been checked."""
    platform = text_of(table, "platform")
    partition = text_of(table, "partition") or (platform if platform in PARTITIONS else "aws")
    account = Account(name=name, id=text_of(table, "id"), partition=partition)
    endpoints = {
        service: text_of(table, "endpoint") for service in ("iam", "sts", "s3") if text_of(table, "endpoint")
    }
    if isinstance(given := table.members.get("endpoints"), Table):
        endpoints |= {service: plain_text(node) for service, node in given.members.items()}
    return AccountSpec(
        account=account,
        credentials=_credentials(table),
        platform=platform,
        region=text_of(table, "region"),
        endpoints=immutabledict(endpoints),
        partner=flag_of(table, "partner"),
        place=table.place,
    )


def _credentials(table: Table) -> Credentials:
    if text_of(table, "profile"):
        return Profile(text_of(table, "profile"))
    if isinstance(enter := table.members.get("enter"), Table):
        return Enter(
            role=text_of(enter, "role"),
            profile=text_of(enter, "profile"),
            external_id=text_of(enter, "external_id"),
        )
    return Environment()


class Builder(Fields):
    """Makes the specs of one file's sections; ``document`` reads a policy document of the file.

    What has the wrong shape has been told and taken out: it is in a table's ``keys`` and not in its ``members``.
    """

    def __init__(self, accounts: Accounts, document: ReadDocument, problems: list[Problem]) -> None:
        super().__init__(accounts, problems)
        self.document = document

    def role(self, text: str, place: Place, table: Table) -> RoleSpec | None:
        """A role of the plain form."""
        name = self.name(text, place, "role")
        if name is None:
            return None
        existing = flag_of(table, "existing")
        managed, attached = self._managed(table)
        trust = self._trust(table.members.get("trust"))
        return RoleSpec(
            name=name,
            trust=trust,
            policies=self._documents(table.members.get("policies")),
            managed=managed,
            attached=attached,
            description=text_of(table, "description"),
            session_seconds=self.session(table.members.get("session")),
            boundary=text_of(table, "boundary"),
            tags=self.tags(table.members.get("tags")),
            profile=text_of(table, "profile"),
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
            create=flag_of(table, "create"),
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
            profile=text_of(table, "profile"),
            place=place,
        )

    def bucket(self, text: str, place: Place, table: Table) -> BucketSpec | None:
        """A bucket with the statements of its policy."""
        name = self.name(text, place, "bucket")
        policy = table.members.get("policy")
        written = self.document(policy) if policy is not None else None
        if name is None or written is None:
            return None
        return BucketSpec(name=name, policy=written, place=place)

    def link(self, table: Table) -> LinkSpec | None:
        """A link."""
        through = table.members.get("role")
        role = self.name(plain_text(through), through.place, "role") if through is not None else None
        trust = self.principals(table.members.get("trust"))
        grants = self.names(table.members.get("grant"), "group", "user", "role")
        buckets = self.buckets(table.members.get("bucket"), role)
        prefixes = self.prefixes(table.members.get("prefixes"))
        conditions = self.conditions(table)
        session = self.session(table.members.get("session"))
        names = table.members.get("names")
        exact = names if isinstance(names, Table) else Table({}, table.place)
        key = table.members.get("key")
        access = tuple(plain_text(item) for item in items_of(table.members.get("access")))
        actions = self.actions(table.members.get("actions"))
        if "access" not in table.keys and "actions" not in table.keys:
            self.wrong(
                table.place,
                "A link that gives nothing",
                "The link has neither access nor actions.",
                "Add access: [list, read], or actions.",
            )
        if role is None:
            return None
        return LinkSpec(
            name=text_of(table, "name") or role.name,
            role=role,
            trust=trust,
            grants=grants,
            buckets=buckets,
            prefixes=prefixes,
            access=access,
            actions=actions,
            conditions=conditions,
            session_seconds=session,
            description=text_of(table, "description"),
            policy_name=text_of(exact, "policy"),
            grant_name=text_of(exact, "grant"),
            key_policy=flag_of(key, "policy") if isinstance(key, Table) else False,
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
        if parts[1] == "key-policy":
            rest = ["/".join(rest[:-1]), rest[-1]]
        return Removed(account=account, kind=parts[1], parts=tuple(rest), place=node.place)

    def limits(self, table: Table) -> Limits:
        """The limits of every plan."""
        patterns = items_of(table.members.get("protect"))
        return Limits(
            max_delete=number_of(table, "max_delete"),
            max_delete_share=number_of(table, "max_delete_share"),
            protect=tuple(Protected(plain_text(one), one.place) for one in patterns if self._protects(one)),
            lock=self._lock(table.members.get("lock")),
            place=table.place,
        )

    def _lock(self, node: Node | None) -> LockSpec | None:
        if not isinstance(node, Table):
            return None
        given = node.members.get("bucket")
        bucket = self.name(plain_text(given), given.place, "bucket") if given is not None else None
        seconds = self.span(node.members.get("expires"), default=900, least=30, most=86_400)
        if bucket is None:
            return None
        return LockSpec(bucket=bucket, key=text_of(node, "key") or "xacct.lock", seconds=seconds)

    def _protects(self, node: Node) -> bool:
        """Whether a pattern can mean anything; one that never does would protect nothing and look as if."""
        account, _, rest = plain_text(node).partition("/")
        kind, _, name = rest.partition("/")
        accounts = any(fnmatchcase(one, account) for one in self.accounts)
        if accounts and (name or kind.endswith("*")) and any(fnmatchcase(one, kind) for one in _NAMED):
            return True
        self.wrong(
            node.place,
            "Protects nothing",
            f'"{plain_text(node)}" fits no name and no address: ACCOUNT/KIND/NAME, with wildcards.',
            f"Accounts: {', '.join(self.accounts)}. Kinds: {', '.join(_NAMED)}.",
        )
        return False

    def _trust(self, node: Node | None) -> WrittenDocument | TrustList | None:
        if not isinstance(node, Table):
            return None
        if "principals" in node.keys:
            for key in ("file", "Statement"):
                if key in node.members:
                    self.wrong(
                        node.keys[key],
                        "Two ways at once",
                        f'A trust is said by principals or by a document, not by both; it has "{key}" too.',
                        "Take one of the two out.",
                    )
            return TrustList(
                principals=self.principals(node.members.get("principals")),
                conditions=self.conditions(node),
                place=node.place,
            )
        return self.document(node)

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
                    f"Take out {odd(name)}." if odd(name) else "Shorten it.",
                )
            written = self.document(value)
            if written is not None:
                found[name] = written
        return immutabledict(found)

    def _managed(self, table: Table) -> tuple[tuple[ManagedSpec, ...], tuple[str, ...]]:
        made: list[ManagedSpec] = []
        attached: list[str] = []
        for item in items_of(table.members.get("managed_policies")):
            if isinstance(item, Table):
                written = self.document(item)
                if written is not None:
                    made.append(ManagedSpec(name=text_of(item, "name"), document=written))
                continue
            arn = Arn.parse(plain_text(item))
            if arn is None or arn.service != "iam" or not arn.resource.startswith("policy/"):
                self.wrong(
                    item.place,
                    "Malformed ARN",
                    f'"{plain_text(item)}" is no ARN of a managed policy.',
                    "Write such as arn:aws:iam::aws:policy/ReadOnlyAccess, or {name: NAME, file: PATH}.",
                )
                continue
            attached.append(plain_text(item))
        return tuple(made), tuple(attached)


def tables(node: Node | None) -> Iterator[tuple[str, Place, Table]]:
    """The members of a section that are mappings, with their names and the names' places."""
    if isinstance(node, Table):
        for name, value in node.members.items():
            if isinstance(value, Table):
                yield name, node.keys[name], value
            elif isinstance(value, Scalar) and value.value is None:
                yield name, node.keys[name], Table({}, value.place)
