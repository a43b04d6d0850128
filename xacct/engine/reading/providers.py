"""Identity providers of an account that somebody asks for: whether they exist, and whose tokens they take."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from xacct.engine.gateway import Gateway
from xacct.engine.reading.piecemeal import reason
from xacct.errors import ServiceError
from xacct.policy.federation import is_saml
from xacct.resource import Call
from xacct.snapshot import ProviderRecord, Unread


def read_providers(gateway: Gateway, arns: Collection[str]) -> tuple[ProviderRecord, ...] | Unread:
    """All providers of the account; those of ``arns`` with their audiences. A gap where that cannot be read."""
    try:
        return tuple(_all(gateway, frozenset(arns)))
    except ServiceError as error:
        return Unread(account=gateway.account.name, what="providers", reason=reason(error))


def _all(gateway: Gateway, arns: frozenset[str]) -> Iterator[ProviderRecord]:
    if any(is_saml(arn) for arn in arns):
        answer = gateway.ask(Call.of("iam", "ListSAMLProviders")) or {}
        for found in answer.get("SAMLProviderList", ()):
            yield ProviderRecord(arn=str(found["Arn"]))
    if all(is_saml(arn) for arn in arns):
        return
    named = sorted(arn for arn in arns if not is_saml(arn))
    for arn in named:
        one = gateway.ask(Call.of("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn))
        if one is not None:
            yield ProviderRecord(arn=arn, audiences=frozenset(one.get("ClientIDList", ())))
    # The others only for the case that one of these is meant.
    answer = gateway.ask(Call.of("iam", "ListOpenIDConnectProviders")) or {}
    for found in answer.get("OpenIDConnectProviderList", ()):
        if found["Arn"] not in named:
            yield ProviderRecord(arn=str(found["Arn"]))
