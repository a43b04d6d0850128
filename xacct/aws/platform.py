"""What a service really does, as far as reading and changing depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from xacct.errors import Refused, ServiceError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one kind of service offers. A feature said to be there is still tried, never taken for sure.

    ``owner_on_writes`` tells whether writes to a bucket honour the expected owner; where they do not,
    HeadBucket with the owner has to come first. ``grants_judged`` tells whether AssumeRole asks the caller's
    own policies, ``tags_in_get_role`` whether GetRole shows the tags. ``tags_per_call`` is how many role tags
    one call may carry, ``tags_replaced`` tells whether a tag can be changed and taken away again.
    ``conditional_writes`` tells whether writing and deleting an object under a condition that does not hold
    surely changes nothing. A ``page_size`` of 0 leaves it to the service.
    """

    name: str
    private: bool = False
    bulk_read: bool = True
    caller_identity: bool = True
    managed_policies: bool = True
    boundaries: bool = True
    owner_on_writes: bool = True
    grants_judged: bool = True
    tags_in_get_role: bool = True
    tags_per_call: int = 50
    tags_replaced: bool = True
    conditional_writes: bool = True
    page_size: int = 0


AWS = Platform(name="aws", page_size=1000)
SANDBOX = Platform(name="sandbox", private=True)
CEPH = Platform(
    name="ceph",
    private=True,
    bulk_read=False,
    caller_identity=False,
    managed_policies=False,
    boundaries=False,
    owner_on_writes=False,
    grants_judged=False,
    tags_in_get_role=False,
    tags_per_call=9,
    tags_replaced=False,
)
EUCALYPTUS = Platform(
    name="eucalyptus",
    private=True,
    bulk_read=False,
    caller_identity=False,
    owner_on_writes=False,
    conditional_writes=False,
)
PRIVATE = Platform(name="private", private=True, owner_on_writes=False, conditional_writes=False)
"""A service behind an endpoint of its own of which nothing else is known: everything is tried."""

_PLATFORMS = {
    platform.name: platform
    for platform in (
        AWS,
        replace(AWS, name="aws-cn"),
        replace(AWS, name="aws-us-gov"),
        SANDBOX,
        CEPH,
        EUCALYPTUS,
    )
}
PLATFORMS = tuple(_PLATFORMS)
"""The names a manifest may use."""

_EUCALYPTUS_HOSTS = ("euare.", "tokens.", "objectstorage.")


def on_public_cloud(url: str) -> bool:
    """Whether an endpoint belongs to the public cloud, in whatever partition."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in PUBLIC_SUFFIXES)


def detect(
    *, declared: str, account_id: str, partition: str, endpoints: Mapping[str, str], account: str
) -> Platform:
    """The declared platform, or the one that endpoints and the form of the account id tell.

    Raises:
        Refused: a private platform is declared and an endpoint is the public cloud's, or the other way round.
    """
    public = {service: url for service, url in sorted(endpoints.items()) if on_public_cloud(url)}
    if declared:
        platform = _PLATFORMS.get(declared)
        if platform is None:
            raise Refused(
                f'account {account} declares the platform "{declared}", which is not known',
                fix=f"Use one of {', '.join(PLATFORMS)}, or leave it out.",
            )
        if platform.private and public:
            raise Refused(
                f"account {account} is declared to live on {declared}, but its {_list(public)} "
                "would be asked at the public cloud; nothing was sent",
                fix="Set endpoint_url in its AWS profile, or AWS_ENDPOINT_URL, for every service.",
            )
        private = {service: url for service, url in sorted(endpoints.items()) if service not in public}
        if not platform.private and private:
            raise Refused(
                f"account {account} is declared to live on {declared}, but its {_list(private)} "
                "is no endpoint of the public cloud; nothing was sent",
                fix="Take endpoint_url out of its AWS profile and AWS_ENDPOINT_URL out of the environment, "
                "or correct the platform.",
            )
        return platform
    if account_id.startswith("RGW"):
        return CEPH
    if public or not endpoints:
        return _PLATFORMS.get(partition) or replace(AWS, name=partition)
    if any((urlsplit(url).hostname or "").startswith(_EUCALYPTUS_HOSTS) for url in endpoints.values()):
        return EUCALYPTUS
    return PRIVATE


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
