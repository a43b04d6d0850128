"""What a file of another tool says, in the terms of an AWS profile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from immutabledict import immutabledict

from xacct.problem import Place, Problem

SERVICES = ("iam", "s3", "sts")
_REGION = re.compile(r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
"""What the SDK takes for a region; anything else it refuses before it asks."""
_SETTING = re.compile(r"[a-z][a-z0-9_-]{0,40}|[A-Z][A-Z0-9_]{0,40}")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.@+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A setting that no profile can hold, by its name and never with its value, and what to do about it.

    ``services`` are those whose address is missing: with all of them given nothing is left to say.
    """

    setting: str
    why: str
    place: Place | None = None
    services: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """One line."""
        return f"{f'{self.place}: ' if self.place else ''}{self.setting}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One user's access to one cloud. ``endpoints`` by service; "" is what the file does not say."""

    name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    endpoints: immutabledict[str, str] = field(default_factory=immutabledict)
    region: str = ""
    ca_bundle: str = ""
    path_style: bool = True
    unmapped: tuple[Unmapped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The users of a file, and what is wrong with it; with problems nothing is to be written."""

    found: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()


def profile_name(text: str) -> str:
    """A text as the name of a profile, without what would have to be quoted there."""
    return _NOT_IN_A_NAME.sub("-", text).strip("-") or "imported"


def region_or_none(text: str) -> str:
    """The region, or "" where the SDK would not take it."""
    return text if _REGION.fullmatch(text) else ""


def malformed(place: Place, detail: str, fix: str) -> Problem:
    """A problem of the file's own grammar; ``detail`` never repeats a line, which may hold a secret."""
    return Problem(summary="Malformed file", detail=detail, fix=fix, place=place)


def url_problem(url: str) -> str:
    """Why a text is no endpoint; "" where it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"it is no URL ({error})"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "it is no URL of http or https"
    if parts.username or parts.password:
        return "it holds a user name or a password, which an endpoint cannot"
    if parts.query or parts.fragment:
        return "it has a query, which an endpoint cannot have"
    return "" if port is None or port > 0 else "its port is 0"


def endpoint(url: str) -> str:
    """The URL as it stands in a profile: without the slash at its end."""
    return url.rstrip("/")


def unasked(names: Iterable[str], why: str) -> Iterable[Unmapped]:
    """Settings that have nothing to do with reaching a cloud, in one line."""
    given = set(names)
    told = sorted(name for name in given if is_name(name))
    if len(told) < len(given):
        told.append(f"{len(given) - len(told)} more")
    if told:
        yield Unmapped(setting=", ".join(told), why=why)


def is_name(text: str) -> bool:
    """Whether a text surely is the name of a setting, and not a piece of a secret that was broken over lines."""
    return _SETTING.fullmatch(text) is not None
