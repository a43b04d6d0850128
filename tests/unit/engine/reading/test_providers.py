"""Identity providers are read only where somebody asks for them."""

from __future__ import annotations

from tests.fakes import FakeGateway, refusal
from xacct.account import Account
from xacct.engine.reading.providers import read_providers
from xacct.snapshot import ProviderRecord, Unread

DATA = Account(name="data", id="325271821652")
GITHUB = DATA.iam_arn("oidc-provider/token.actions.githubusercontent.com")
GITLAB = DATA.iam_arn("oidc-provider/gitlab.com")
SAML = DATA.iam_arn("saml-provider/Acme")
OIDC = {
    "iam:ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": GITHUB}, {"Arn": GITLAB}]},
    "iam:GetOpenIDConnectProvider": {"Url": "x", "ClientIDList": ["sts.amazonaws.com"]},
}


def test_audiences_are_asked_of_those_that_are_named() -> None:
    gateway = FakeGateway(DATA, OIDC)
    assert read_providers(gateway, {GITHUB}) == (
        ProviderRecord(arn=GITHUB, audiences=frozenset({"sts.amazonaws.com"})),
        ProviderRecord(arn=GITLAB),
    )


def test_saml_providers_are_listed_where_one_is_named_and_nothing_else_is() -> None:
    gateway = FakeGateway(DATA, {"iam:ListSAMLProviders": {"SAMLProviderList": [{"Arn": SAML}]}})
    assert read_providers(gateway, {SAML}) == (ProviderRecord(arn=SAML),)


def test_a_refusal_is_a_gap_and_not_an_absence() -> None:
    gateway = FakeGateway(DATA, {"iam:ListSAMLProviders": refusal("AccessDenied", 403)})
    found = read_providers(gateway, {SAML})
    assert isinstance(found, Unread)
    assert found.what == "providers"


def test_a_named_provider_is_asked_for_by_itself_so_that_the_right_to_read_it_is_known_beforehand() -> None:
    gateway = FakeGateway(DATA, {"iam:GetOpenIDConnectProvider": {"ClientIDList": ["sts.amazonaws.com"]}})
    (found,) = tuple(read_providers(gateway, {GITHUB, SAML}))  # type: ignore[arg-type]
    assert found == ProviderRecord(arn=GITHUB, audiences=frozenset({"sts.amazonaws.com"}))
    assert sorted(call.operation for call in gateway.asked) == [
        "GetOpenIDConnectProvider",
        "ListOpenIDConnectProviders",
        "ListSAMLProviders",
    ]
