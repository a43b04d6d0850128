"""What each platform is: the calls it has, what it enforces, its limits, its ids, its peculiarities; pure facts.

Where they come from: AWS's from its documentation; Ceph's were seen on a gateway of 20.2.4 with accounts;
Eucalyptus's from the documentation and the published messages of its services (4.4 and 5); the sandbox's from
its own tests. A call that is said to be there is still tried and never taken for sure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

PARTITIONS = (
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
)
"""The partitions of the public cloud; each is a cloud of its own, and no trust leads from one to another."""

GET_CALLER_IDENTITY = "sts:GetCallerIdentity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes and lengths. IAM User Guide, "IAM and AWS STS quotas"; S3 User Guide on bucket policies.

    ``inline`` is for all inline policies of an entity together, without white space. A trust policy may have
    ``trust`` characters, and ``trust_raised`` where the account's quota was raised.
    """

    inline_user: int = 2_048
    inline_group: int = 5_120
    inline_role: int = 10_240
    managed: int = 6_144
    trust: int = 2_048
    trust_raised: int = 8_192
    bucket_policy: int = 20_480
    role_name: int = 64
    user_name: int = 64
    group_name: int = 128
    policy_name: int = 128
    path: int = 512
    session: int = 43_200
    chained_session: int = 3_600
    tags_per_role: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one kind of service offers and does.

    ``identity`` are the calls that tell whose credentials they are, the best first: any ARN that IAM shows
    names the caller's own account. ``owner_on_writes`` tells whether writes to a bucket honour the expected
    owner; where they do not, HeadBucket with the owner has to come first. ``trust_by_id`` tells whether a
    trust is bound to the ids of those it names, and not to their names. ``grants_judged`` tells whether
    AssumeRole asks the caller's own policies, ``session_tags`` whether it asks for sts:TagSession and knows
    the keys. ``account_delegates`` tells whether a bucket policy that names the account only delegates to it,
    and does not let everyone in it in, ``tags_in_get_role`` whether GetRole shows the tags. ``tags_per_call``
    is how many role tags one call may carry, ``tags_replaced`` tells whether a tag can be changed and taken
    away again; where not, every change uses up one more of ``limits.tags_per_role``.
    ``conditional_writes`` tells whether our own suites saw, on objects of their own, that writing and deleting
    under a condition that does not hold changes nothing. ``keys`` tells whether it has KMS. ``keys_unfilled``
    are condition keys (or their beginnings) that no request carries, so that who asks for one is refused;
    ``keys_unenforced`` are looked at and let through. ``services`` are those that a document may name, empty
    for any. ``session_principals`` tells whether a session of a role is known as a principal, ``federated``
    which providers are, ``accounts_without_id`` whether the ARN of a principal may leave its account empty. A
    ``page_size`` of 0 leaves it to the service. ``remarks`` are whole sentences for people.
    """

    name: str
    title: str
    private: bool = False
    account_id: str = r"[0-9]{12}"
    limits: Limits = field(default_factory=Limits)
    identity: tuple[str, ...] = (GET_CALLER_IDENTITY, "iam:GetUser", "iam:ListUsers", "iam:ListRoles")
    bulk_read: bool = True
    managed_policies: bool = True
    boundaries: bool = True
    role_tags: bool = True
    owner_on_writes: bool = True
    grants_judged: bool = True
    session_tags: bool = True
    trust_by_id: bool = True
    account_delegates: bool = True
    session_principals: bool = True
    accounts_without_id: bool = False
    federated: frozenset[str] = frozenset({"oidc", "saml"})
    service_principals: bool = True
    not_action: bool = True
    services: frozenset[str] = frozenset()
    keys_unfilled: tuple[str, ...] = ()
    keys_unenforced: tuple[str, ...] = ()
    tags_in_get_role: bool = True
    tags_per_call: int = 50
    tags_replaced: bool = True
    conditional_writes: bool = True
    keys: bool = True
    page_size: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def caller_identity(self) -> bool:
        """Whether it says who is calling; the other ways are tried where it does not."""
        return GET_CALLER_IDENTITY in self.identity


AWS = Platform(name="aws", title="AWS", conditional_writes=False, page_size=1000)
SANDBOX = Platform(name="sandbox", title="the sandbox", private=True)
CEPH = Platform(
    keys=False,
    name="ceph",
    title="Ceph",
    private=True,
    account_id=r"RGW[0-9]{17}",
    identity=("iam:GetUser", "iam:ListUsers", "iam:ListRoles"),
    bulk_read=False,
    managed_policies=False,
    boundaries=False,
    owner_on_writes=False,
    grants_judged=False,
    session_tags=False,
    trust_by_id=False,
    session_principals=False,
    accounts_without_id=True,
    federated=frozenset({"oidc"}),
    service_principals=False,
    account_delegates=False,
    not_action=False,
    services=frozenset({"s3", "iam", "sts", "sns", "*"}),
    keys_unfilled=(
        "sts:externalid",
        "sts:rolesessionname",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principaltag/",
        "aws:principaltype",
        "aws:userid",
        "aws:username",
    ),
    keys_unenforced=("aws:securetransport",),
    tags_in_get_role=False,
    tags_per_call=9,
    tags_replaced=False,
    remarks=("AssumeRole asks the trust policy only: grants of the other account are not judged.",),
)
EUCALYPTUS = Platform(
    keys=False,
    name="eucalyptus",
    title="Eucalyptus",
    private=True,
    limits=Limits(session=3_600),
    bulk_read=False,
    boundaries=False,
    role_tags=False,
    owner_on_writes=False,
    federated=frozenset({"oidc"}),
    keys_unfilled=(
        "aws:multifactorauth",
        "aws:principal",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceorg",
        "aws:sourcevp",
        "aws:via",
        "aws:called",
        "aws:requestedregion",
        "aws:referer",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
    ),
    conditional_writes=False,
    remarks=("No server of it was at hand: what is said of it comes from its documentation.",),
)
PRIVATE = Platform(
    name="private",
    title="a private cloud",
    private=True,
    owner_on_writes=False,
    accounts_without_id=True,
    conditional_writes=False,
)
"""A service behind an endpoint of its own of which nothing else is known: everything is tried."""


def _title(partition: str) -> str:
    return "AWS" if partition == "aws" else f"AWS ({partition})"


PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (
        *(replace(AWS, name=name, title=_title(name)) for name in PARTITIONS),
        CEPH,
        EUCALYPTUS,
        SANDBOX,
    )
}
"""By the names that a manifest may use; the partitions of the public cloud are platforms of their own."""


def platform_named(name: str) -> Platform:
    """The platform of a name as a snapshot keeps it; one that says nothing where the name is not known."""
    return PLATFORMS.get(name, PRIVATE)


def told(*, declared: str = "", account_id: str = "") -> Platform | None:
    """The platform that a manifest says, or that the form of an account id tells; None where neither does."""
    if declared:
        return PLATFORMS.get(declared)
    return CEPH if account_id.startswith("RGW") else None


def unfilled(platform: Platform, key: str) -> bool:
    """Whether no request on the platform carries a condition key, whatever its case."""
    return key.lower().startswith(platform.keys_unfilled)
