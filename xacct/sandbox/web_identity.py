"""AssumeRoleWithWebIdentity: who a token speaks for, once it is believed, and the session that follows.

The trust policy decides like everywhere else. Assertions of SAML cannot be verified here, so that call is refused
as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from xacct.policy.federation import oidc_arn
from xacct.policy.principal import Federated
from xacct.sandbox import tokens
from xacct.sandbox.answer import text
from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.credentials import Session
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Caller, Operation
from xacct.sandbox.store import PARTITION, Store
from xacct.sandbox.tokens import KeySets, Token

NAME = "AssumeRoleWithWebIdentity"
WITH_SAML = "AssumeRoleWithSAML"
TAGS = "https://aws.amazon.com/tags"
"""The claim in which a token brings session tags (IAM User Guide, "Passing session tags")."""


def vouched(
    operation: Operation, signed: Authenticated, store: Store, keys: KeySets, now: datetime
) -> Authenticated:
    """The request as one of whoever the token speaks for; whoever signed it does not count.

    Raises:
        ServiceFault: the provider is not known in the role's account, or the token is not believed.
    """
    account = str(operation.params["RoleArn"]).split(":")[4]
    token = tokens.read(str(operation.params["WebIdentityToken"]))
    issuer = token.issuer.removeprefix("https://").rstrip("/")
    audiences = store.oidc_audiences(account, issuer)
    if audiences is None or not token.issuer.startswith("https://"):
        raise _invalid(f"No OpenIDConnect provider found in your account for {token.issuer}")
    tokens.believe(token, keys, now)
    audience = _audience(token)
    if audience not in audiences:
        raise _invalid("Incorrect token audience")
    context: dict[str, str | tuple[str, ...]] = {
        f"{issuer}:aud": audience,
        f"{issuer}:sub": str(token.claims["sub"]),
        **{f"aws:RequestTag/{key}": value for key, value in tags_of(token).items()},
    }
    if token.claims.get("azp"):
        context[f"{issuer}:oaud"] = str(token.claims["aud"])
    if tags := tags_of(token):
        context["aws:TagKeys"] = tuple(tags)
    caller = Caller(
        principal=Federated(oidc_arn(account, issuer, PARTITION)), account=account, context=context
    )
    return replace(signed, caller=caller, entity=None, session=None)


def tags_of(token: Token) -> Mapping[str, str]:
    """The session tags that a token brings."""
    brought = token.claims.get(TAGS)
    given = brought.get("principal_tags") if isinstance(brought, dict) else None
    if not isinstance(given, dict):
        return {}
    return {
        str(key): str(value[0] if isinstance(value, list) and value else value)
        for key, value in given.items()
    }


def transitive_of(token: Token) -> frozenset[str]:
    """Which of the tags stay on when the session enters another role."""
    brought = token.claims.get(TAGS)
    given = brought.get("transitive_tag_keys") if isinstance(brought, dict) else None
    return frozenset(map(str, given)) if isinstance(given, list) else frozenset()


def answer(session: Session, role_id: str, token: Token, provider: str) -> str:
    """What the call gives besides the credentials."""
    return (
        f"<SubjectFromWebIdentityToken>{text(str(token.claims['sub']))}</SubjectFromWebIdentityToken>"
        f"<AssumedRoleUser><AssumedRoleId>{role_id}:{text(session.name)}</AssumedRoleId>"
        f"<Arn>{text(session.arn)}</Arn></AssumedRoleUser>"
        f"<Provider>{text(provider)}</Provider><Audience>{text(_audience(token))}</Audience>"
    )


def refuse_saml() -> ServiceFault:
    """No assertion is believed, for none can be verified."""
    return ServiceFault(
        status=501,
        code="NotImplemented",
        message="The embedded cloud cannot verify the signature of a SAML assertion, so it takes none.",
    )


def _audience(token: Token) -> str:
    """For whom the token is: ``azp`` where it says so (IAM User Guide, "Available keys for AWS OIDC federation")."""
    given = token.claims.get("azp") or token.claims["aud"]
    if isinstance(given, list):
        given = given[0] if len(given) == 1 else ""
    return str(given)


def _invalid(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="InvalidIdentityToken", message=message)
