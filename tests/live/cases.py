"""Decisions to be tried for real: who may enter a role, what its session may do, what a user may do directly.

``allowed`` is what AWS's documentation says. Where a platform answers otherwise, ``differs`` says why; with
``told`` our own decision knows it, without it ours is AWS's. Words in angle brackets stand for the accounts'
own names: <user>, <other>, <root a>, <root b>, <id a>, <role>, <session>, <bucket>.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Statement = dict[str, Any]

UNASKED = "Ceph asks the trust policy only"
UNFILLED = "Ceph does not fill this key, so even the right value is refused"
DELEGATES = "Ceph takes the account in a bucket policy for everyone in it, without a policy of their own"
NOT_ACTION = "Ceph takes a statement with NotAction for one that is about nothing"
MISSING_KEY = "Ceph takes a missing key for a condition that does not hold, negated or not"
NEVER_THERE = "Ceph does not fill this key, so it counts as missing even where it was sent"
NO_SESSION = "Ceph knows no session as a principal"
HTTP = "Ceph does not enforce a condition on aws:SecureTransport over http"
ENFORCED = "enforced"
WHERE = {
    # By reason: what a reader of the README would ask for, what AWS does, what is done otherwise.
    UNASKED: (
        "a missing grant, or a Deny, in the user's account",
        ENFORCED,
        "not enforced: the trust alone decides",
    ),
    UNFILLED: (
        "`sts:ExternalId`, `sts:RoleSessionName`, `aws:Principal*` in a trust",
        ENFORCED,
        "refused even when right",
    ),
    NEVER_THERE: ("`Null` on `sts:ExternalId`", ENFORCED, "holds even when it was sent"),
    MISSING_KEY: ("a negated condition on a key that is missing", "holds", "does not hold"),
    DELEGATES: (
        "a bucket policy that names the account",
        "only delegates",
        "lets everyone of the account in",
    ),
    NOT_ACTION: ("`NotAction`", ENFORCED, "ignored"),
    NO_SESSION: ("a bucket policy that names a session", ENFORCED, "refused"),
    HTTP: ("a Deny on plain http", ENFORCED, "not enforced"),
}


def trusted(who: object = "<user>", effect: str = "Allow", **more: Any) -> Statement:
    return {"Effect": effect, "Principal": {"AWS": who}, "Action": "sts:AssumeRole", **more}


def when(operator: str, key: str, value: object, *rest: str) -> Statement:
    """The user is trusted under a condition."""
    return trusted(Condition={operator: {key: [value, *rest] if rest else value}})


def grant(effect: str = "Allow", **more: Any) -> Statement:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Resource": "*", **more}


def let(action: object, resource: object = "<bucket>/*", effect: str = "Allow", **more: Any) -> Statement:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    allowed: bool
    what: str = "enter"
    at: str = ""
    trust: tuple[Statement, ...] = (trusted(),)
    own: tuple[Statement, ...] = (grant(),)
    role: tuple[Statement, ...] = ()
    shared: tuple[Statement, ...] = ()
    sent: dict[str, str] = field(default_factory=dict)
    keys: dict[str, object] = field(default_factory=dict)
    differs: dict[str, str] = field(default_factory=dict)
    told: bool = False


def enter(name: str, allowed: bool, *trust: Statement, ceph: str = "", **more: Any) -> Case:
    differs = {"ceph": ceph} if ceph else {}
    return Case(name=name, allowed=allowed, trust=trust or (trusted(),), differs=differs, **more)


def ungranted(name: str, *own: Statement, trust: Statement | None = None) -> Case:
    """Denied for want of a grant; Ceph does not look."""
    trust = trust or trusted()
    return Case(name=name, allowed=False, trust=(trust,), own=own, differs={"ceph": UNASKED}, told=True)


def session(
    name: str, allowed: bool, what: str, at: str, *role: Statement, ceph: str = "", **more: Any
) -> Case:
    differs = {"ceph": ceph} if ceph else {}
    return Case(name=name, allowed=allowed, what=what, at=at, role=role, differs=differs, **more)


def direct(name: str, allowed: bool, own: tuple[Statement, ...], *shared: Statement, ceph: str = "") -> Case:
    differs = {"ceph": ceph} if ceph else {}
    return Case(
        name=name, allowed=allowed, what="read directly", at="in/k", own=own, shared=shared, differs=differs
    )


FAR, PAST = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
OURS, THEIRS = "127.0.0.0/8", "192.0.2.0/24"
ID = "sts:ExternalId"
MFA = "aws:MultiFactorAuthPresent"

ENTER = (
    enter("the user is trusted, and granted", True),
    enter("a list with the user in it is trusted", True, trusted(["<other>", "<user>"])),
    enter("the account is trusted by its root", True, trusted("<root a>")),
    enter("the account is trusted by its id", True, trusted("<id a>")),
    enter("anyone is trusted", True, trusted("*")),
    enter("anyone is trusted, in one word", True, {**trusted(), "Principal": "*"}),
    enter("another user is trusted", False, trusted("<other>")),
    enter("the role's own account is trusted", False, trusted("<root b>")),
    enter("trusted and denied", False, trusted(), trusted(effect="Deny")),
    enter("trusted, and another denied", True, trusted(), trusted("<other>", "Deny")),
    enter("trusted, and the whole account denied", False, trusted(), trusted("<root a>", "Deny")),
    enter("trusted by two statements", True, trusted("<other>"), trusted()),
    enter("trusted with every action of STS", True, {**trusted(), "Action": "sts:*"}),
    enter(
        "trusted with a list of actions", True, {**trusted(), "Action": ["sts:TagSession", "sts:AssumeRole"]}
    ),
    enter("trusted with a wildcard in the action", True, {**trusted(), "Action": "sts:Assume*"}),
    enter("trusted with the action in other letters", True, {**trusted(), "Action": "STS:assumerole"}),
    enter("trusted for tagging sessions only", False, {**trusted(), "Action": "sts:TagSession"}),
    enter("trusted for web identities only", False, {**trusted(), "Action": "sts:AssumeRoleWithWebIdentity"}),
    ungranted("no grant"),
    ungranted("no grant, trusted by the root", trust=trusted("<root a>")),
    ungranted("no grant, trusted by the id", trust=trusted("<id a>")),
    ungranted("no grant, anyone trusted", trust=trusted("*")),
    ungranted("granted and denied", grant(), grant("Deny")),
    ungranted("granted for another role", grant(Resource="arn:aws:iam::<id b>:role/another")),
    ungranted("granted, and this role denied", grant(), grant("Deny", Resource="<role>")),
    ungranted("granted for another action", grant(Action="sts:GetSessionToken")),
    ungranted("granted from elsewhere", grant(Condition={"IpAddress": {"aws:SourceIp": THEIRS}})),
    enter("granted for this role", True, own=(grant(Resource="<role>"),)),
    enter("granted for all roles of the account", True, own=(grant(Resource="arn:aws:iam::<id b>:role/*"),)),
    enter("granted, and another role denied", True, own=(grant(), grant("Deny", Resource="<role>-2"))),
    enter("granted with every action of STS", True, own=(grant(Action="sts:*"),)),
    enter("before a moment that is far", True, when("DateLessThan", "aws:CurrentTime", FAR)),
    enter("before a moment that is past", False, when("DateLessThan", "aws:CurrentTime", PAST)),
    enter("after a moment that is past", True, when("DateGreaterThan", "aws:CurrentTime", PAST)),
    enter("after a moment that is far", False, when("DateGreaterThanEquals", "aws:CurrentTime", FAR)),
    enter("from our address", True, when("IpAddress", "aws:SourceIp", OURS)),
    enter("from an address that is not ours", False, when("IpAddress", "aws:SourceIp", THEIRS)),
    enter("from one of two addresses", True, when("IpAddress", "aws:SourceIp", THEIRS, OURS)),
    enter("not from an address that is not ours", True, when("NotIpAddress", "aws:SourceIp", THEIRS)),
    enter("not from our address", False, when("NotIpAddress", "aws:SourceIp", OURS)),
    enter(
        "two conditions that hold",
        True,
        trusted(Condition={"IpAddress": {"aws:SourceIp": OURS}, "DateLessThan": {"aws:CurrentTime": FAR}}),
    ),
    enter(
        "one condition of two holds",
        False,
        trusted(Condition={"IpAddress": {"aws:SourceIp": THEIRS}, "DateLessThan": {"aws:CurrentTime": FAR}}),
    ),
    enter(
        "denied from elsewhere, and we are here",
        True,
        trusted(),
        trusted(effect="Deny", Condition={"NotIpAddress": {"aws:SourceIp": OURS}}),
    ),
    enter(
        "denied from here",
        False,
        trusted(),
        trusted(effect="Deny", Condition={"IpAddress": {"aws:SourceIp": OURS}}),
    ),
    enter("with MFA that nobody has", False, when("Bool", MFA, "true")),
    enter("with MFA if it is known", True, when("BoolIfExists", MFA, "true")),
    enter(
        "with the right external id",
        True,
        when("StringEquals", ID, "x-1"),
        sent={"ExternalId": "x-1"},
        ceph=UNFILLED,
    ),
    enter("with a wrong external id", False, when("StringEquals", ID, "x-1"), sent={"ExternalId": "x-2"}),
    enter("without the external id", False, when("StringEquals", ID, "x-1")),
    enter(
        "with another id than one",
        True,
        when("StringNotEquals", ID, "x-1"),
        sent={"ExternalId": "x-2"},
        ceph=MISSING_KEY,
    ),
    enter(
        "with another id than one, and none sent",
        True,
        when("StringNotEquals", ID, "x-1"),
        ceph=MISSING_KEY,
    ),
    enter("without an external id, as it should", True, when("Null", ID, "true")),
    enter(
        "with an external id, as it must not",
        False,
        when("Null", ID, "true"),
        sent={"ExternalId": "x-1"},
        ceph=NEVER_THERE,
    ),
    enter(
        "with any external id",
        True,
        when("Null", ID, "false"),
        sent={"ExternalId": "x-1"},
        ceph=UNFILLED,
    ),
    enter("with the external id if it is known", True, when("StringEqualsIfExists", ID, "x-1")),
    enter(
        "with the session's name", True, when("StringEquals", "sts:RoleSessionName", "check"), ceph=UNFILLED
    ),
    enter("with another session's name", False, when("StringEquals", "sts:RoleSessionName", "other")),
    enter(
        "the account, for the user's ARN",
        True,
        trusted("<root a>", Condition={"ArnLike": {"aws:PrincipalArn": "<user>"}}),
        ceph=UNFILLED,
    ),
    enter(
        "the account, for another's ARN",
        False,
        trusted("<root a>", Condition={"ArnLike": {"aws:PrincipalArn": "<other>"}}),
    ),
    enter(
        "anyone, of this account",
        True,
        trusted("*", Condition={"StringEquals": {"aws:PrincipalAccount": "<id a>"}}),
        ceph=UNFILLED,
    ),
    enter(
        "anyone, of another account",
        False,
        trusted("*", Condition={"StringEquals": {"aws:PrincipalAccount": "<id b>"}}),
    ),
)

READ, LIST, WRITE = "s3:GetObject", "s3:ListBucket", "s3:PutObject"
IN = {"StringLike": {"s3:prefix": ["in/", "in/*"]}}


def shared(action: object, who: object = "<role>", effect: str = "Allow", **more: Any) -> Statement:
    return {"Effect": effect, "Principal": {"AWS": who}, "Action": action, "Resource": "<bucket>/*", **more}


SESSION = (
    session("the role reads", True, "read", "in/k", let(READ)),
    session("the role reads with a wildcard", True, "read", "in/k", let("s3:Get*")),
    session("the role reads in other letters", True, "read", "in/k", let("S3:getobject")),
    session("the role may all of S3", True, "read", "in/k", let("s3:*", "*")),
    session("the role may all", True, "read", "in/k", let("*", "*")),
    session("one letter stands for any", True, "read", "in/k", let(READ, "<bucket>/i?/k")),
    session("one letter stands for one", False, "read", "in/k", let(READ, "<bucket>/?/k")),
    session("buckets that begin so", True, "read", "in/k", let(READ, "<bucket>*")),
    session("the bucket is no object", False, "read", "in/k", let(READ, "<bucket>")),
    session("the role reads elsewhere", False, "read", "in/k", let(READ, "<bucket>/out/*")),
    session("the role reads this key only", True, "read", "in/k", let(READ, "<bucket>/in/k")),
    session("another case of the key", False, "read", "in/k", let(READ, "<bucket>/IN/k")),
    session("the role only lists", False, "read", "in/k", let(LIST, "<bucket>")),
    session("the role lists", True, "list", "", let(LIST, "<bucket>")),
    session("listing is asked of objects", False, "list", "", let(LIST)),
    session("the role lists a prefix", True, "list", "in/", let(LIST, "<bucket>", Condition=IN)),
    session("the role lists below a prefix", True, "list", "in/deep/", let(LIST, "<bucket>", Condition=IN)),
    session("the role lists beside its prefix", False, "list", "out/", let(LIST, "<bucket>", Condition=IN)),
    session("the role lists all, and has a prefix", False, "list", "", let(LIST, "<bucket>", Condition=IN)),
    session("a prefix that begins alike", False, "list", "inner/", let(LIST, "<bucket>", Condition=IN)),
    session(
        "the exact prefix",
        True,
        "list",
        "in/",
        let(LIST, "<bucket>", Condition={"StringEquals": {"s3:prefix": "in/"}}),
    ),
    session(
        "any prefix but one",
        False,
        "list",
        "in/",
        let(LIST, "<bucket>", Condition={"StringNotEquals": {"s3:prefix": "in/"}}),
    ),
    session("the role writes", True, "write", "in/new", let(WRITE)),
    session("the role writes beside its prefix", False, "write", "out/new", let(WRITE, "<bucket>/in/*")),
    session("the role reads and does not write", False, "write", "in/new", let(READ)),
    session("the role deletes", True, "delete", "in/gone", let("s3:DeleteObject")),
    session("the role writes and does not delete", False, "delete", "in/gone", let(WRITE)),
    session("the tags of an object", True, "read tags", "in/k", let("s3:GetObjectTagging")),
    session("the tags are not the object", False, "read tags", "in/k", let(READ)),
    session("where the bucket is", True, "locate", "", let("s3:GetBucketLocation", "<bucket>")),
    session("listing is not locating", False, "locate", "", let(LIST, "<bucket>")),
    session("the versions", True, "list versions", "", let("s3:ListBucketVersions", "<bucket>")),
    session("listing is not listing versions", False, "list versions", "", let(LIST, "<bucket>")),
    session("a Deny beside", False, "read", "in/k", let(READ), let(READ, effect="Deny")),
    session("a wider Deny beside", False, "read", "in/k", let(READ), let("s3:*", effect="Deny")),
    session(
        "a Deny of something else beside",
        True,
        "read",
        "in/k",
        let(READ),
        let(READ, "<bucket>/out/*", "Deny"),
    ),
    session("a Deny of another action beside", True, "read", "in/k", let(READ), let(WRITE, effect="Deny")),
    session(
        "a Deny elsewhere than here",
        False,
        "read",
        "out/k",
        let(READ),
        {"Effect": "Deny", "Action": READ, "NotResource": "<bucket>/in/*"},
    ),
    session(
        "here, and a Deny elsewhere",
        True,
        "read",
        "in/k",
        let(READ),
        {"Effect": "Deny", "Action": READ, "NotResource": "<bucket>/in/*"},
    ),
    session(
        "all but another place",
        True,
        "read",
        "in/k",
        {"Effect": "Allow", "Action": READ, "NotResource": "<bucket>/out/*"},
    ),
    session(
        "everything but reading",
        False,
        "read",
        "in/k",
        {"Effect": "Allow", "NotAction": READ, "Resource": "<bucket>/*"},
    ),
    session(
        "everything but writing",
        True,
        "read",
        "in/k",
        {"Effect": "Allow", "NotAction": WRITE, "Resource": "<bucket>/*"},
        ceph=NOT_ACTION,
    ),
    session(
        "a Deny of everything but listing",
        False,
        "read",
        "in/k",
        let(READ),
        {"Effect": "Deny", "NotAction": LIST, "Resource": "<bucket>/*"},
        ceph=NOT_ACTION,
    ),
    session(
        "from our address", True, "read", "in/k", let(READ, Condition={"IpAddress": {"aws:SourceIp": OURS}})
    ),
    session(
        "from elsewhere", False, "read", "in/k", let(READ, Condition={"IpAddress": {"aws:SourceIp": THEIRS}})
    ),
    session(
        "until it is over",
        False,
        "read",
        "in/k",
        let(READ, Condition={"DateLessThan": {"aws:CurrentTime": PAST}}),
    ),
    session(
        "until it is not over",
        True,
        "read",
        "in/k",
        let(READ, Condition={"DateLessThan": {"aws:CurrentTime": FAR}}),
    ),
    session(
        "with MFA, which a session never has",
        False,
        "read",
        "in/k",
        let(READ, Condition={"Bool": {MFA: "true"}}),
    ),
    session(
        "the bucket denies everyone", False, "read", "in/k", let(READ), shared=(shared(READ, "*", "Deny"),)
    ),
    session(
        "the bucket denies the role", False, "read", "in/k", let(READ), shared=(shared(READ, effect="Deny"),)
    ),
    session(
        "the bucket denies the user",
        True,
        "read",
        "in/k",
        let(READ),
        shared=(shared(READ, "<user>", "Deny"),),
    ),
    session(
        "the bucket denies the account",
        False,
        "read",
        "in/k",
        let(READ),
        shared=(shared(READ, "<root b>", "Deny"),),
    ),
    session("the bucket allows the role", True, "read", "in/k", shared=(shared(READ),)),
    session("the bucket allows anyone", True, "read", "in/k", shared=(shared(READ, "*"),)),
    session(
        "the bucket allows the account, which only delegates",
        False,
        "read",
        "in/k",
        shared=(shared(READ, "<root b>"),),
        ceph=DELEGATES,
        told=True,
    ),
    session(
        "the bucket allows the user, not the session", False, "read", "in/k", shared=(shared(READ, "<user>"),)
    ),
    session(
        "the bucket allows the session",
        True,
        "read",
        "in/k",
        shared=(shared(READ, "<session>"),),
        ceph=NO_SESSION,
    ),
    session(
        "the bucket denies plain http, and this is",
        False,
        "read",
        "in/k",
        let(READ),
        shared=(shared("s3:*", "*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}),),
        keys={"aws:SecureTransport": "false"},
        ceph=HTTP,
    ),
)

OWN = (let(READ),)
DIRECT = (
    direct("the bucket and the user's own policy allow", True, OWN, shared(READ, "<user>")),
    direct("the bucket allows, the user's own policy does not", False, (), shared(READ, "<user>")),
    direct("the user's own policy allows, the bucket does not", False, OWN),
    direct("the bucket allows another user", False, OWN, shared(READ, "<other>")),
    direct("the bucket allows the user's account", True, OWN, shared(READ, "<root a>")),
    direct(
        "the bucket allows the user's account, and nothing else does", False, (), shared(READ, "<root a>")
    ),
    direct("the bucket allows anyone, and nothing else does", False, (), shared(READ, "*")),
    direct("the bucket allows anyone, and the own policy", True, OWN, shared(READ, "*")),
    direct(
        "the bucket allows, the own policy denies",
        False,
        (*OWN, let(READ, effect="Deny")),
        shared(READ, "<user>"),
    ),
    direct(
        "the own policy is about another place", False, (let(READ, "<bucket>/out/*"),), shared(READ, "<user>")
    ),
    direct(
        "the bucket allows and denies", False, OWN, shared(READ, "<user>"), shared(READ, "<user>", "Deny")
    ),
    direct("the bucket allows writing", False, OWN, shared(WRITE, "<user>")),
    direct(
        "the bucket allows from our address",
        True,
        OWN,
        shared(READ, "<user>", Condition={"IpAddress": {"aws:SourceIp": OURS}}),
    ),
    direct(
        "the bucket allows from elsewhere",
        False,
        OWN,
        shared(READ, "<user>", Condition={"IpAddress": {"aws:SourceIp": THEIRS}}),
    ),
)

CASES = (*ENTER, *SESSION, *DIRECT)
