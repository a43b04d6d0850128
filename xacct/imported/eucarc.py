"""Eucalyptus' shell file (``eucarc``): addresses and keys as variables. It is read, never sourced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from immutabledict import immutabledict

from xacct.imported.found import (
    Found,
    Reading,
    Unmapped,
    endpoint,
    malformed,
    profile_name,
    region_or_none,
    unasked,
    url_problem,
)
from xacct.imported.shell import Assignment, Shell, read_shell
from xacct.problem import Place, Problem

_KEYS = {
    "access_key_id": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "EC2_ACCESS_KEY"),
    "secret_access_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "EC2_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "EC2_SECURITY_TOKEN"),
}
_URLS = {
    "iam": ("EUARE_URL", "AWS_IAM_URL", "IAM_URL"),
    "sts": ("TOKEN_URL", "AWS_STS_URL", "STS_URL"),
    "s3": ("S3_URL",),
}
_REGION = ("AWS_DEFAULT_REGION", "EC2_REGION")
_ACCOUNT = ("EC2_ACCOUNT_NUMBER", "AWS_ACCOUNT_NUMBER")
_USED = {name for names in (*_KEYS.values(), *_URLS.values(), _REGION, _ACCOUNT) for name in names}


def read_eucarc(text: str, file: str, name: str = "") -> Reading:
    """The one user of the file."""
    shell = read_shell(text, file)
    problems = [*shell.problems]
    keys: dict[str, str] = {}
    names: tuple[str, ...]
    for field, names in _KEYS.items():
        keys[field] = _one(shell, names, file, problems)
        if not keys[field] and field != "session_token" and not shell.problems:
            problems.append(
                malformed(
                    _place(shell, names, file),
                    f"None of {', '.join(names)} has a value that can be read: without it there is nothing to sign "
                    "with.",
                    "Complete the file, or give the keys to a profile by hand.",
                )
            )
    endpoints: dict[str, str] = {}
    for service, names in sorted(_URLS.items()):
        url = _one(shell, names, file, problems)
        if url and (why := url_problem(url)):
            problems.append(
                malformed(
                    _place(shell, names, file),
                    f"The address of {service} cannot be used: {why}.",
                    "Put the address there that the cloud gave you.",
                )
            )
        elif url:
            endpoints[service] = endpoint(url)
    region = _one(shell, _REGION, file, problems)
    if problems:
        return Reading(problems=tuple(problems))
    return Reading(
        found=(
            Found(
                name=profile_name(name or "eucarc"),
                access_key_id=keys["access_key_id"],
                secret_access_key=keys["secret_access_key"],
                session_token=keys["session_token"],
                endpoints=immutabledict(endpoints),
                region=region_or_none(region),
                unmapped=tuple(_unmapped(shell, file, endpoints, region)),
            ),
        )
    )


def _one(shell: Shell, names: tuple[str, ...], file: str, problems: list[Problem]) -> str:
    """The value that these variables agree on; a problem where they do not."""
    given = [found for name in names if (found := shell.variables.get(name)) and found.value]
    if len({found.value for found in given}) > 1:
        problems.append(
            malformed(
                Place(file, given[-1].line, 1),
                f"{' and '.join(found.name for found in given)} differ, and they mean the same.",
                "Make them one.",
            )
        )
    return (given[0].value or "") if given else ""


def _place(shell: Shell, names: tuple[str, ...], file: str) -> Place:
    lines = [shell.variables[name].line for name in names if name in shell.variables]
    return Place(file, lines[0], 1) if lines else Place(file)


def _unmapped(shell: Shell, file: str, endpoints: Mapping[str, str], region: str) -> Iterator[Unmapped]:
    for service, names in sorted(_URLS.items()):
        if service not in endpoints:
            yield Unmapped(
                setting=" / ".join(names),
                why=f"there is no address for {service}; add it with --endpoint {service}=URL.",
                place=_place(shell, names, file) if any(name in shell.variables for name in names) else None,
                services=frozenset({service}),
            )
    if region and not region_or_none(region):
        yield Unmapped(
            setting=_first(shell, _REGION).name,
            why="it cannot be a region in a profile; us-east-1 stands there instead, and Eucalyptus takes any.",
            place=Place(file, _first(shell, _REGION).line, 1),
        )
    for name in _ACCOUNT:
        if name in shell.variables:
            yield Unmapped(
                setting=name,
                why="a profile has none; it is the id of the account in a manifest.",
                place=Place(file, shell.variables[name].line, 1),
            )
    yield from unasked(
        (name for name in shell.variables if name not in _USED),
        "they are addresses, certificates and settings of other services; none of them is needed.",
    )
    if shell.skipped:
        lines = ", ".join(map(str, shell.skipped))
        yield Unmapped(setting=f"line {lines}", why="no plain assignment; the file is read and never run.")


def _first(shell: Shell, names: tuple[str, ...]) -> Assignment:
    return next(shell.variables[name] for name in names if name in shell.variables)
