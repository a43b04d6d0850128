"""What a manifest takes for granted beside users and roles: identity providers with tokens, and permission sets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import timedelta
from typing import Any, Protocol

from xacct.account import Account
from xacct.manifest.identities import PermissionSet, SamlUser, WebIdentity
from xacct.manifest.model import Manifest, Name, Trusted, TrustList
from xacct.sandbox.issuer import Issuer


class Beyond(Protocol):
    """The hands that nobody has over HTTP: keys of issuers, and Identity Center; the sandbox has them."""

    oidc_keys: MutableMapping[str, Mapping[str, Any]]

    def assign_permission_set(self, account: str, name: str, document: str) -> str:
        """Make the role of a permission set in an account, by its id."""


Clients = Mapping[str, Any]
"""IAM clients of administrators, by account id."""


class Outsiders:
    """Makes providers and permission sets, and remembers the profiles and tokens of those who come that way."""

    def __init__(self, beyond: Beyond) -> None:
        self._beyond = beyond
        self._issuers: dict[str, Issuer] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        """By profile: the ARN of the role to enter, and the token."""
        self.roles: dict[str, tuple[str, Account]] = {}
        """By profile: the ARN of the role of a permission set, and its account."""

    def furnish(self, manifest: Manifest, iam: Clients) -> None:
        """Everything that trusts of this manifest name."""
        reaching: dict[tuple[Account, str], set[str]] = {}
        profiles: dict[tuple[Account, str], str] = {}
        for role, trusted in _trusts(manifest):
            match trusted:
                case WebIdentity():
                    self._oidc(trusted, iam[role.account.id], role.arn)
                case SamlUser():
                    self._saml(trusted, iam[role.account.id])
                case PermissionSet():
                    key = (trusted.account, trusted.name)
                    reaching.setdefault(key, set()).add(role.arn)
                    profiles[key] = trusted.profile or profiles.get(key, "")
        for (account, name), arns in reaching.items():
            actions = ["sts:AssumeRole", "sts:TagSession"]
            allow = {"Effect": "Allow", "Action": actions, "Resource": sorted(arns)}
            document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            made = self._beyond.assign_permission_set(account.id, name, document)
            if profiles[account, name]:
                self.roles[profiles[account, name]] = (made, account)

    def _oidc(self, one: WebIdentity, iam: Any, role_arn: str) -> None:
        url = f"https://{one.issuer}"
        issuer = self._issuers.setdefault(url, Issuer(url))
        self._beyond.oidc_keys[url] = issuer.keys
        try:
            iam.create_open_id_connect_provider(Url=url, ClientIDList=[one.audience])
        except iam.exceptions.EntityAlreadyExistsException:
            known = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            arn = next(found["Arn"] for found in known if found["Arn"].endswith(f"/{one.issuer}"))
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=one.audience)
        if one.profile:
            subject = one.subject.replace("*", "1").replace("?", "1")
            token = issuer.token(subject, one.audience, lasting=timedelta(hours=1))
            self.tokens[one.profile] = role_arn, token

    def _saml(self, one: SamlUser, iam: Any) -> None:
        known = {found["Arn"].rpartition("/")[2] for found in iam.list_saml_providers()["SAMLProviderList"]}
        if one.provider not in known:
            metadata = f"<EntityDescriptor entityID='https://idp.example.com/{one.provider}'/>"
            iam.create_saml_provider(Name=one.provider, SAMLMetadataDocument=metadata.ljust(1000))


def _trusts(manifest: Manifest) -> Iterator[tuple[Name, Trusted]]:
    for link in manifest.links.values():
        for trusted in link.trust:
            yield link.role, trusted
    for role in manifest.roles.values():
        if isinstance(role.trust, TrustList):
            for trusted in role.trust.principals:
                yield role.name, trusted
