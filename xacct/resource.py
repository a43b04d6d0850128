"""Addresses, calls, and what every kind of resource can say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from immutabledict import immutabledict

from xacct.account import Account
from xacct.policy.document import Document
from xacct.policy.splice import splice

if TYPE_CHECKING:
    from xacct.snapshot import Snapshot, Unread

Value: TypeAlias = "str | int | bool | tuple[Value, ...] | immutabledict[str, Value]"
Shown: TypeAlias = str | Document | None


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a resource stands: account, kind, and the names that tell it apart within both."""

    account: Account
    kind: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        """``data/role/app/reader``, as people write and read it."""
        return "/".join((self.account.name, self.kind, *self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a service, as a value. Making a Call sends nothing.

    ``operation`` is the name in the service's own model (``PutRolePolicy``); lists are tuples and structures
    are ``immutabledict`` in ``params``.
    """

    service: str
    operation: str
    params: immutabledict[str, Value] = field(default_factory=immutabledict)

    @classmethod
    def of(cls, service: str, operation: str, **params: Any) -> Self:
        """A call from plain Python values; parameters that are None are left out."""
        given = {name: freeze(value) for name, value in params.items() if value is not None}
        return cls(service=service, operation=operation, params=immutabledict(given))

    def arguments(self) -> dict[str, Any]:
        """The parameters as plain dicts and lists, as the SDK takes them."""
        return {name: thaw(value) for name, value in self.params.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A change to a document that others write too: own statements in, own statements out, the rest kept.

    It is one read and one put (or a delete, where nothing is left), merged anew at the moment of the put,
    because the service has no compare-and-swap. ``put`` holds statement texts with their Sids, ``drop`` Sids,
    and ``dead`` unique ids of deleted principals that have to leave the document with it.
    """

    read: Call
    write: Call
    remove: Call
    parameter: str
    put: tuple[str, ...] = ()
    drop: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()

    def merged(self, live: str | None) -> Call:
        """The one call that turns the live text into the merged one; None means that there is no document."""
        text = splice(live, self.put, self.drop, self.dead)
        if text is None:
            return self.remove
        return Call(
            service=self.write.service,
            operation=self.write.operation,
            params=immutabledict({**self.write.params, self.parameter: text}),
        )


Request: TypeAlias = Call | Splice


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The sign on a live thing that says which manifest made it.

    ``intact`` tells whether the content still is what was written with the mark: a mark alone never
    authorizes a deletion.
    """

    manifest: str
    intact: bool


class Resource(ABC):
    """A value that describes one live object completely, as far as we manage it.

    Equality is the differ: what is compared stands in the fields, in its normal form; what is only seen has
    ``compare=False``. Subclasses are frozen dataclasses with a field ``account``.
    """

    kind: ClassVar[str]
    __slots__ = ()

    @property
    @abstractmethod
    def address(self) -> Address:
        """Where it stands; the key of every State."""

    @property
    def arn(self) -> str | None:
        """How other resources refer to it; None where nobody can."""
        return None

    @property
    def mark(self) -> Mark | None:
        """The ownership mark seen on the live thing; None where there is none or the kind has none."""
        return None

    def needs(self) -> frozenset[str]:
        """ARNs of what must exist for the calls of this resource to succeed, derived from the fields."""
        return frozenset()

    def principals(self) -> frozenset[str]:
        """ARNs of users, roles and accounts named by it that a service insists on at the put."""
        return frozenset()

    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """The parts of a snapshot that this resource is read from (see ``Unread``)."""

    @abstractmethod
    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """The fields as people read them, in a fixed order; documents are compared statement by statement."""

    def same(self, live: Self) -> bool:
        """Whether the live one already is what this one says; equality unless a kind knows better."""
        return self == live

    def sparing(self, live: Self, earlier: Self | None) -> tuple[Self, tuple[str, ...]]:
        """This one with what of the live one bears its mark and is nobody's to take away, and how that is called.

        That is what is neither declared here, nor what was written with the mark, nor what the ``earlier`` one
        declared.
        """
        return self, ()

    def as_was(self) -> Self:
        """The same, to be restored in everything that was read of it, marks included, and not only as declared."""
        return self

    def irreplaceable(self, live: Self) -> str | None:
        """Why the live one cannot be turned into this one by any call; None where it can."""
        return None

    def forms(self) -> Iterator[Self]:
        """Live forms of it that differ from it, so that with them every call that it may ever send is seen."""
        yield self

    def halfway(self, live: Self | None, statements: Sequence[Mapping[str, Any]]) -> Self | None:
        """This one on the way from the live one, its document made of these statements and marked as ours.

        Without a statement the document gives nothing, in a form that services take. None where a change of
        this kind cannot be made in two.
        """
        return None

    @classmethod
    @abstractmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every live resource of this kind, out of what was read of an account."""

    @abstractmethod
    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """The account as it is once this resource is as it says; the opposite of ``pick``.

        What it is part of (the role of an inline policy) must be there, else nothing is added.
        """

    @abstractmethod
    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """The account as it is once this resource is gone."""

    @abstractmethod
    def create(self) -> tuple[Request, ...]:
        """The calls that make it, in their order."""

    @abstractmethod
    def update(self, live: Self) -> tuple[Request, ...]:
        """The calls that turn the live one into this one; empty where nothing differs."""

    @abstractmethod
    def delete(self) -> tuple[Request, ...]:
        """The calls that take it away."""


@dataclass(frozen=True, slots=True)
class State:
    """Resources by address, with what could not be read; one type for desired and live.

    ``unread`` belongs to a live state: an address whose ``sources`` are unread is unknown, never absent.
    """

    resources: immutabledict[Address, Resource]
    unread: frozenset[Unread] = frozenset()

    @classmethod
    def of(cls, resources: Iterable[Resource], unread: Iterable[Unread] = ()) -> State:
        """A state of these resources; two at one address are a mistake of the caller (``ValueError``)."""
        table: dict[Address, Resource] = {}
        for resource in resources:
            if table.setdefault(resource.address, resource) is not resource:
                raise ValueError(f"two resources at {resource.address}")
        return cls(immutabledict(table), frozenset(unread))

    def unknown(self, resource: Resource) -> Unread | None:
        """Why nothing is known of what lives at this resource's address; None where it was read."""
        account, sources = resource.address.account.name, resource.sources()
        for unread in sorted(self.unread, key=lambda gap: (gap.account, gap.what)):
            if unread.account == account and unread.covers(sources):
                return unread
        return None


def freeze(value: Any) -> Value:
    """Plain dicts and lists as values that hash."""
    if isinstance(value, Mapping):
        return immutabledict({str(key): freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, str | int | bool):
        return value
    raise TypeError(f"a call cannot hold a {type(value).__name__}")


def thaw(value: Value) -> Any:
    """The plain dicts and lists again."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return value
