"""One thing that verify tries, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from xacct.account import Account
from xacct.problem import Place


class Outcome(Enum):
    """What came of a check. Refused is an answer; no answer is ``unknown``, never a refusal."""

    AS_DECLARED = "as declared"
    MISSING = "missing"
    TOO_WIDE = "too wide"
    NOT_ENFORCED = "not enforced"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


class Want(Enum):
    """Whether the manifest says that a request must work or must not."""

    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A principal that verify acts as, and the AWS profile that holds its credentials ("" = not at hand)."""

    account: Account
    arn: str
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One request and the answer the manifest asks for.

    ``action`` is an IAM action; ``sts:AssumeRole`` checks the hop itself, all others run in the session of
    ``role`` (``role`` "" = the caller's own credentials, without any role). ``resource`` is an ARN.
    ``prefix`` goes with ``s3:ListBucket`` and with what is done to objects, None where it is the whole bucket.
    ``external_id`` is what the hop sends. ``owner`` is the account of the role, or of the bucket.
    ``source_ip`` says from where the link lets in; who tries from elsewhere learns nothing. ``ended`` marks
    the hop of a link that is over: nobody can be seen to be let in any more. ``why`` says in a sentence why
    nobody can try, where that is so.
    """

    name: str
    link: str
    caller: Caller
    owner: Account
    role: str
    action: str
    resource: str
    want: Want
    prefix: str | None = None
    external_id: str = ""
    mfa: bool = False
    session_seconds: int = 3600
    source_ip: tuple[str, ...] = ()
    ended: bool = False
    why: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one check: the outcome, a sentence for people, and what was seen (listed keys)."""

    check: Check
    outcome: Outcome
    detail: str
    seen: tuple[str, ...] = ()
    fix: str = ""
