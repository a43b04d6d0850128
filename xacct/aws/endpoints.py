"""Where requests would go, held against where they are meant to go, before the first one is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from xacct.account import AccountSpec
from xacct.aws.platform import on_public_cloud
from xacct.errors import Refused


def compare(spec: AccountSpec, endpoints: Mapping[str, str], origin: str) -> None:
    """That every endpoint that the manifest declares is the one that is used.

    Raises:
        Refused: one of them is not.
    """
    for service, declared in sorted(spec.endpoints.items()):
        used = endpoints.get(service)
        if used is None or normal(used) != normal(declared):
            raise Refused(
                f"account {spec.account.name} declares {shown(declared)} for {service}, "
                f"but requests would go to {used or 'nowhere'}; nothing was sent",
                fix=f"Set endpoint_url for {service} in {origin}, or correct the manifest.",
            )


def overruled(spec: AccountSpec, profile: str, own: Mapping[str, str], endpoints: Mapping[str, str]) -> None:
    """That a variable of the environment does not take the place of what a named profile says.

    By the AWS conventions AWS_ENDPOINT_URL beats every profile. With several accounts that is hardly ever meant,
    so that it has to be declared.

    Raises:
        Refused: ``own`` is what the profile says by service, and another endpoint is used and not declared.
    """
    for service, said in sorted(own.items()):
        used = endpoints.get(service, "")
        if used and service not in spec.endpoints and normal(used) != normal(said):
            raise Refused(
                f"the AWS profile {profile} of account {spec.account.name} says {shown(said)} for {service}, but the "
                f"environment sends its requests to {used}; nothing was sent",
                fix=f"Unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_{service.upper()}, or write endpoints: "
                f"{{{service}: URL}} for the account in the manifest.",
            )


def own_endpoints(
    scoped: Mapping[str, Any], full: Mapping[str, Any], services: Iterable[str]
) -> dict[str, str]:
    """What a profile says of these services by itself: its services section first, then its endpoint_url."""
    if str(scoped.get("ignore_configured_endpoint_urls", "")).lower() == "true":
        return {}
    section = full.get("services", {}).get(scoped.get("services", ""), {})
    found: dict[str, str] = {}
    for service in services:
        named = section.get(service, {}) if isinstance(section, Mapping) else {}
        url = named.get("endpoint_url") if isinstance(named, Mapping) else None
        if url := url or scoped.get("endpoint_url"):
            found[service] = str(url)
    return found


def together(endpoints: Mapping[str, Mapping[str, str]], specs: Mapping[str, AccountSpec]) -> None:
    """That no account of a private cloud is left over at the public one, for want of an endpoint.

    An account that really belongs there says so with ``platform:``.

    Raises:
        Refused: an account without a declared platform would be asked at the public cloud, another is private.
    """
    public = {name for name, urls in endpoints.items() if urls and any(map(on_public_cloud, urls.values()))}
    private = {name for name, urls in endpoints.items() if urls and name not in public}
    for name in sorted(public):
        spec = specs[name]
        if private and not spec.platform and not spec.endpoints:
            other = min(private)
            urls = ", ".join(sorted(set(endpoints[name].values())))
            raise Refused(
                f"account {name} would be asked at the public cloud ({urls}), but account {other} lives at "
                f"{', '.join(sorted(set(endpoints[other].values())))}; nothing was sent",
                fix=f"Set endpoint_url in the AWS profile of account {name}, or write platform: "
                f"{spec.account.partition} for it in the manifest.",
            )


def beside(who: str, account: str, own: Mapping[str, str], theirs: Mapping[str, str]) -> None:
    """That a principal's profile leads into the cloud that its account's profile leads to.

    Raises:
        Refused: one of them leads to the public cloud and the other one does not.
    """
    if not own or not theirs:
        return
    if any(map(on_public_cloud, own.values())) != any(map(on_public_cloud, theirs.values())):
        raise Refused(
            f"{who} would send requests to {', '.join(sorted(set(theirs.values())))}, but account {account} lives at "
            f"{', '.join(sorted(set(own.values())))}; nothing was sent",
            fix="Set endpoint_url (or services) in that profile as it stands in the account's own.",
        )


def normal(url: str) -> tuple[str, str, int, str]:
    """What two endpoints have to have in common to be one."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return parts.scheme.lower(), (parts.hostname or "").rstrip("."), port, parts.path.rstrip("/")


def shown(url: str) -> str:
    """The endpoint without a password or a signed query that may stand in it."""
    parts = urlsplit(url)
    if "@" not in parts.netloc and not parts.query and not parts.fragment:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
