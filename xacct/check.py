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


class Layer(Enum):
    """Where a refusal comes from; or, where something works that must not, what lets it."""

    CREDENTIALS = "credentials"
    PRINCIPAL = "principal"
    GRANT = "grant"
    TRUST = "trust"
    ROLE = "role"
    SESSION_LENGTH = "session length"
    SESSION_POLICY = "session policy"
    ROLE_POLICY = "role policy"
    OWN_POLICY = "own policy"
    BOUNDARY = "permissions boundary"
    BUCKET_POLICY = "bucket policy"
    BUCKET = "bucket"
    KEY = "encryption key"
    CONTROL_POLICY = "control policy"
    NETWORK = "network"
    SERVICE = "service"
    PLATFORM = "platform"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why something is refused, or allowed: the layer, a sentence, what to do, and a statement to paste.

    ``paste`` is JSON, "" where there is nothing to paste.
    """

    layer: Layer
    text: str
    fix: str = ""
    paste: str = ""


class Decision(Enum):
    """What the documents come to where nobody could try."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "not decided"


class Want(Enum):
    """Whether the manifest says that a request must work or must not."""

    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A principal that verify acts as, and the AWS profile that holds its credentials ("" = not at hand).

    Those whom an identity provider vouches for have the provider's ARN, a service its name, with the keys and
    values (patterns) in ``claims`` that their requests bring; ``called`` is how people speak of them.
    """

    account: Account
    arn: str
    profile: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    called: str = ""

    @property
    def federated(self) -> bool:
        """Whether it has no credentials of its own, but a token or an assertion of a provider."""
        return ":oidc-provider/" in self.arn or ":saml-provider/" in self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One request and the answer the manifest asks for.

    ``action`` is an IAM action; ``sts:AssumeRole`` checks the hop itself, all others run in the session of
    ``role`` (``role`` "" = the caller's own credentials, without any role). ``resource`` is an ARN.
    ``prefix`` goes with ``s3:ListBucket`` and with what is done to objects, None where it is the whole bucket.
    ``key`` is one object, where the manifest names it; "" = any below the prefix.
    ``external_id`` is what the hop sends. ``owner`` is the account of the role, or of the bucket.
    ``source_ip`` says from where the link lets in; who tries from elsewhere learns nothing. ``ended`` marks
    the hop of a link that is over: nobody can be seen to be let in any more. ``removed`` marks what an earlier
    manifest declared and this one does not: refused once is not enough there. ``why`` says in a sentence why
    nobody can try, where that is so. ``tags`` are keys of session tags that the hop sends.
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
    key: str = ""
    external_id: str = ""
    mfa: bool = False
    session_seconds: int = 3600
    source_ip: tuple[str, ...] = ()
    ended: bool = False
    removed: bool = False
    why: str = ""
    tags: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one check: the outcome, a sentence for people, and what was seen (listed keys).

    ``decided`` is set where nobody tried and the live documents were judged instead; an outcome that was only
    decided is never ``as declared``. ``why`` explains what is not as declared. ``said`` are the service's own
    words, ``notes`` further sentences (sessions that go on, objects that were left).
    """

    check: Check
    outcome: Outcome
    detail: str
    seen: tuple[str, ...] = ()
    why: Why | None = None
    said: str = ""
    decided: Decision | None = None
    notes: tuple[str, ...] = ()

    @property
    def tried(self) -> bool:
        """Whether something was really asked of the service for it."""
        return self.decided is None and self.outcome not in (Outcome.NOT_TRIED, Outcome.NOT_ENFORCED)

    @property
    def fix(self) -> str:
        """What to do, "" where nothing is."""
        return self.why.fix if self.why else ""
