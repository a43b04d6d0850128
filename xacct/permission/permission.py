"""A permission that a request needs, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from xacct.errors import XacctError

Context: TypeAlias = dict[str, str | tuple[str, ...]]
"""The condition keys that the parameters of a request fill."""

Lookup: TypeAlias = Callable[[str, str], str | None]
"""The ARN of an entity that exists, by kind (``role``, ``user``, ``group``, ``instance-profile``) and name."""


class Unmapped(XacctError):
    """A request that is no known operation, or one that nobody said the permissions of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An action on a resource, with the condition keys that the request carries."""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, as far as it matters for what is asked: the account, its partition, a user's own ARN.

    ``find`` tells where what is named lives already; what is not found is named by the parameters.
    """

    account: str
    partition: str = "aws"
    own_arn: str = ""
    find: Lookup = lambda kind, name: None
