"""Which platform an account lives on, told by what is declared, its id, its endpoints and its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from xacct.errors import Refused, ServiceError
from xacct.platform import CEPH, EUCALYPTUS, PLATFORMS, PRIVATE, SANDBOX, Platform, told

PUBLIC_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
)
"""Host names below these belong to the public cloud: the DNS suffixes of botocore's partitions."""

REGIONS = {
    "aws": re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]+|aws-global"),
    "aws-cn": re.compile(r"cn-[a-z]+-[0-9]+|aws-cn-global"),
    "aws-us-gov": re.compile(r"us-gov-[a-z]+-[0-9]+|aws-us-gov-global"),
    "aws-eusc": re.compile(r"eusc-(de)-[a-z]+-[0-9]+"),
    "aws-iso": re.compile(r"us-iso-[a-z]+-[0-9]+|aws-iso-global"),
    "aws-iso-b": re.compile(r"us-isob-[a-z]+-[0-9]+|aws-iso-b-global"),
    "aws-iso-e": re.compile(r"eu-isoe-[a-z]+-[0-9]+|aws-iso-e-global"),
    "aws-iso-f": re.compile(r"us-isof-[a-z]+-[0-9]+|aws-iso-f-global"),
}
"""The form of a partition's regions, as botocore has it; a newer region than the SDK's list fits too."""

_SERVERS = (("xacct-sandbox", SANDBOX), ("Ceph Object Gateway", CEPH))
"""How the services that say so call themselves in the Server header."""
_EUCALYPTUS_PATHS = ("/services/Euare", "/services/Tokens", "/services/objectstorage", "/services/Walrus")
_EUCALYPTUS_HOSTS = ("euare.", "tokens.", "objectstorage.")


def on_public_cloud(url: str) -> bool:
    """Whether an endpoint belongs to the public cloud, in whatever partition."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in PUBLIC_SUFFIXES)


def detect(
    *,
    declared: str,
    account_id: str,
    partition: str,
    endpoints: Mapping[str, str],
    account: str,
    region: str = "",
) -> Platform:
    """The declared platform, or the one that endpoints and the form of the account id tell.

    Raises:
        Refused: a private platform would be asked at the public cloud, or the other way round; or a partition
            of the public cloud would be asked for an account of another one.
    """
    if declared and declared not in PLATFORMS:
        raise Refused(
            f'account {account} declares the platform "{declared}", which is not known',
            fix=f"Use one of {', '.join(PLATFORMS)}, or leave it out.",
        )
    public = {service: url for service, url in sorted(endpoints.items()) if on_public_cloud(url)}
    private = {service: url for service, url in sorted(endpoints.items()) if service not in public}
    platform = told(declared=declared, account_id=account_id)
    if platform is not None:
        if platform.private and public:
            raise Refused(
                f"account {account} lives on {platform.name}, but its {_list(public)} would be asked at the "
                "public cloud; nothing was sent",
                fix="Set endpoint_url in its AWS profile, or AWS_ENDPOINT_URL, for every service.",
            )
        if not platform.private and private:
            raise Refused(
                f"account {account} is declared to live on {declared}, but its {_list(private)} "
                "is no endpoint of the public cloud; nothing was sent",
                fix="Take endpoint_url out of its AWS profile and AWS_ENDPOINT_URL out of the environment, "
                "or correct the platform.",
            )
    if public and private:
        raise Refused(
            f"account {account} is split: its {_list(private)} is a service of its own, but its {_list(public)} "
            "would be asked at the public cloud; nothing was sent",
            fix="Set endpoint_url for every service, or for none.",
        )
    if public:
        _in_partition(account, partition, region, public)
    if platform is not None:
        return platform
    if public or not endpoints:
        return PLATFORMS[partition]
    if any(_of_eucalyptus(url) for url in endpoints.values()):
        return EUCALYPTUS
    return PRIVATE


def _of_eucalyptus(url: str) -> bool:
    parts = urlsplit(url)
    return (parts.hostname or "").startswith(_EUCALYPTUS_HOSTS) or parts.path.startswith(_EUCALYPTUS_PATHS)


def _in_partition(account: str, partition: str, region: str, public: Mapping[str, str]) -> None:
    """That a region belongs to the account's partition: any other word is a host name below amazonaws.com too."""
    if not region or REGIONS[partition].fullmatch(region):
        return
    other = next((name for name, form in REGIONS.items() if form.fullmatch(region)), "")
    where = f"in partition {other}" if other else "of no partition of the public cloud"
    raise Refused(
        f'account {account} is in partition {partition}, but its region "{region}" is {where}, and its '
        f"{_list(public)} would be asked; nothing was sent",
        fix=f"Write partition: {other} for the account, or correct the region of its AWS profile."
        if other
        else "Set endpoint_url for every service where it is a private cloud, or correct the region.",
    )


def answering(headers: Mapping[str, str]) -> Platform | None:
    """The platform that an answer's headers name; None where they name none that is known."""
    server = headers.get("server", "")
    return next((found for word, found in _SERVERS if server.startswith(word)), None)


def not_offered(error: ServiceError) -> bool:
    """Whether the service has no such operation, so that another way is worth trying.

    Ceph answers 405 with a body in the style of S3, of which the SDK makes no code: the status decides. A
    bucket of a foreign account gives 405 as well; the caller knows which of the two it asked for.
    """
    return error.status in {405, 501} or error.code in {
        "InvalidAction",
        "MethodNotAllowed",
        "NotImplemented",
        "UnknownOperationException",
        "UnsupportedOperation",
    }


def _list(endpoints: Mapping[str, str]) -> str:
    return ", ".join(f"{service} ({url})" for service, url in endpoints.items())
