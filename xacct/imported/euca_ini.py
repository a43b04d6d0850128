"""euca2ools' configuration (``~/.euca/*.ini``): regions with the addresses of services, and users with keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from immutabledict import immutabledict

from xacct.imported.found import (
    SERVICES,
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
from xacct.imported.ini import Ini, read_ini
from xacct.problem import Place, Problem

_URLS = {"iam": "iam-url", "sts": "sts-url", "s3": "s3-url"}
_REGION_KEYS = {*_URLS.values(), "user", "verify-ssl", "certificate"}
_USER_KEYS = {"key-id", "secret-key", "account-id"}


def read_euca_ini(text: str, file: str, name: str = "") -> Reading:
    """Every user that has keys, each with the region that is the user's own; ``name`` is for a single one."""
    ini, problems = read_ini(text, file)
    if problems:
        return Reading(problems=problems)
    users = [one for one in _named(ini, "user") if not set(one) & set("*?[")]
    if not users:
        return Reading(
            problems=(
                malformed(
                    Place(file), "There is no section [user NAME].", "Is it a file of euca2ools with keys?"
                ),
            )
        )
    wrong = [problem for user in users for problem in _keys(ini, user)] + list(_urls(ini))
    if wrong:
        return Reading(problems=tuple(wrong))
    return Reading(found=tuple(_user(ini, user, name if len(users) == 1 else "") for user in users))


def _user(ini: Ini, user: str, name: str) -> Found:
    region, doubt = _region_of(ini, user)
    settings = _settings(ini, "region", region) if region else {}
    unmapped = list(_unmapped(ini, user, region, settings))
    if doubt:
        place = ini.place(f"user {user}")
        unmapped.insert(0, Unmapped(setting="region", why=doubt, place=place, services=frozenset(SERVICES)))
    keys = _settings(ini, "user", user)
    return Found(
        name=profile_name(name or user),
        access_key_id=keys["key-id"],
        secret_access_key=keys["secret-key"],
        endpoints=immutabledict(
            {service: endpoint(settings[key]) for service, key in sorted(_URLS.items()) if settings.get(key)}
        ),
        region=region_or_none(region),
        unmapped=tuple(unmapped),
    )


def _region_of(ini: Ini, user: str) -> tuple[str, str]:
    """The region whose user it is, else the default one, else the only one; and why there is none."""
    regions = [one for one in _named(ini, "region") if not set(one) & set("*?[")]
    theirs = [one for one in regions if _settings(ini, "region", one).get("user") == user]
    default = ini.sections.get("global", {}).get("default-region", "")
    named, _, chosen = default.rpartition("@")
    if chosen in theirs or (chosen in regions and not theirs and named in ("", user)):
        return chosen, ""
    candidates = theirs or regions
    if len(candidates) == 1:
        return candidates[0], ""
    if not candidates:
        return "", "the file names no region, so that no addresses are known; add them with --endpoint."
    return "", f"the user may belong to any of {', '.join(candidates)}; add the addresses with --endpoint."


def _settings(ini: Ini, kind: str, name: str) -> dict[str, str]:
    """What a section says, completed by sections with wildcards, those with fewer of them first."""
    found: dict[str, str] = {}
    fitting = [one for one in _named(ini, kind) if one == name or ("*" in one and fnmatchcase(name, one))]
    for one in sorted(fitting, key=lambda text: (text.count("*"), -len(text))):
        for key, value in ini.sections[f"{kind} {one}"].items():
            found.setdefault(key, value.strip())
    return found


def _named(ini: Ini, kind: str) -> list[str]:
    return [section.partition(" ")[2].strip() for section in ini.sections if section.startswith(f"{kind} ")]


def _keys(ini: Ini, user: str) -> Iterator[Problem]:
    settings = _settings(ini, "user", user)
    for key in ("key-id", "secret-key"):
        if not settings.get(key):
            yield malformed(
                ini.place(f"user {user}"),
                f'User "{user}" has no {key}: without it there is nothing to sign with.',
                "Complete the section, or take it out.",
            )


def _urls(ini: Ini) -> Iterator[Problem]:
    for section, settings in ini.sections.items():
        for key in _URLS.values():
            if settings.get(key, "").strip() and (why := url_problem(settings[key].strip())):
                yield malformed(
                    ini.place(section, key), f"{key} cannot be used: {why}.", "Correct the address."
                )


def _unmapped(ini: Ini, user: str, region: str, settings: Mapping[str, str]) -> Iterator[Unmapped]:
    section = f"region {region}"
    if region:
        for service, key in sorted(_URLS.items()):
            if not settings.get(key):
                yield Unmapped(
                    setting=key,
                    why=f"the region has no address for {service}; add it with --endpoint {service}=URL.",
                    place=ini.place(section),
                    services=frozenset({service}),
                )
        if not region_or_none(region):
            yield Unmapped(
                setting="region",
                why=f'"{region}" cannot be a region in a profile; us-east-1 stands there instead, and Eucalyptus '
                "takes any.",
                place=ini.place(section),
            )
    if settings.get("verify-ssl", "").lower() in ("false", "no", "off", "0"):
        yield Unmapped(
            setting="verify-ssl",
            why="certificates are always checked; name the cloud's own authority in ca_bundle.",
            place=ini.place(section, "verify-ssl"),
        )
    if _settings(ini, "user", user).get("account-id"):
        yield Unmapped(
            setting="account-id",
            why="a profile has none; it is the id of the account in a manifest.",
            place=ini.place(f"user {user}", "account-id"),
        )
    yield from unasked(
        (key for key in settings if key not in _REGION_KEYS),
        "they are addresses and settings of other services; none of them is needed.",
    )
    yield from unasked(
        (key for key in _settings(ini, "user", user) if key not in _USER_KEYS),
        "certificates and keys of other interfaces; only access keys sign requests here.",
    )
