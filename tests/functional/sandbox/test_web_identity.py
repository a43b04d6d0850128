"""Tokens of OIDC providers at the embedded cloud: believed only with a right signature, and then the trust decides."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.functional.sandbox.people import LOADER, Keys, People
from xacct.sandbox.issuer import Issuer

GITHUB = "token.actions.githubusercontent.com"
MAIN = "repo:acme@1/web@2:ref:refs/heads/main"
ROLE = f"arn:aws:iam::{People.DATA}:role/ci/reader"
TRUST: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Federated": f"arn:aws:iam::{People.DATA}:oidc-provider/{GITHUB}"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": MAIN},
    },
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def admin(people: People, service: str, account: str = People.DATA) -> Any:
    found = people.sandbox.credentials[account]
    return people.client(service, Keys(found.access_key_id, found.secret_access_key))


def anyone(people: People, service: str = "sts") -> Any:
    return LOADER.client(
        service,
        endpoint_url=people.sandbox.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def github(people: People) -> Issuer:
    """Its provider in the account of the data, a role that trusts the jobs of one branch, and a bucket."""
    issuer = Issuer(f"https://{GITHUB}")
    people.sandbox.oidc_keys[issuer.url] = issuer.keys
    iam = admin(people, "iam")
    iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["sts.amazonaws.com"])
    iam.create_role(RoleName="reader", Path="/ci/", AssumeRolePolicyDocument=document(TRUST))
    allow = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"}
    iam.put_role_policy(RoleName="reader", PolicyName="list", PolicyDocument=document(allow))
    admin(people, "s3").create_bucket(Bucket="logs")
    return issuer


def enter(people: People, token: str, role: str = ROLE, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = anyone(people).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="job-7", WebIdentityToken=token, **more
    )
    return answer


def refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as found:
        call()
    error = found.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_token_opens_a_session_that_may_do_what_the_role_may(people: People, github: Issuer) -> None:
    answer = enter(people, github.token(MAIN, "sts.amazonaws.com"))
    assert answer["SubjectFromWebIdentityToken"] == MAIN
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{People.DATA}:assumed-role/reader/job-7"
    given = answer["Credentials"]
    keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert people.client("s3", keys).list_objects_v2(Bucket="logs")["KeyCount"] == 0
    assert refused(lambda: people.client("s3", keys).put_object(Bucket="logs", Key="x"))[0] == "AccessDenied"
    assert people.client("sts", keys).get_caller_identity()["Account"] == People.DATA


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme@1/web@2:ref:refs/heads/next",
        "repo:acme@1/web@2:pull_request",
        "repo:evil@9/web@2:ref:refs/heads/main",
    ],
)
def test_jobs_of_another_branch_or_owner_are_refused_by_the_trust(
    people: People, github: Issuer, subject: str
) -> None:
    code, message = refused(lambda: enter(people, github.token(subject, "sts.amazonaws.com")))
    assert (code, message) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_a_token_of_another_key_is_not_believed(people: People, github: Issuer) -> None:
    forged = Issuer(github.url).token(MAIN, "sts.amazonaws.com")
    assert refused(lambda: enter(people, forged)) == (
        "InvalidIdentityToken",
        "The signature of the ID Token is not valid.",
    )


def test_a_token_that_was_changed_is_not_believed(people: People, github: Issuer) -> None:
    head, body, signature = github.token("repo:evil/x:ref:refs/heads/main", "sts.amazonaws.com").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": MAIN}).encode()).rstrip(b"=").decode()
    assert refused(lambda: enter(people, f"{head}.{changed}.{signature}"))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES384", ""])
def test_the_token_does_not_choose_how_it_is_verified(people: People, github: Issuer, algorithm: str) -> None:
    head, body, _ = github.token(MAIN, "sts.amazonaws.com", header={"alg": algorithm}).split(".")
    public = json.dumps(github.keys["keys"][0]).encode()
    by_public_key = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    for signature in (b"", by_public_key, b"\0" * 64):
        token = f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert refused(lambda token=token: enter(people, token))[0] == "InvalidIdentityToken"


def test_zeros_are_no_signature(people: People, github: Issuer) -> None:
    head, body, _ = github.token(MAIN, "sts.amazonaws.com").split(".")
    zeros = base64.urlsafe_b64encode(b"\0" * 64).rstrip(b"=").decode()
    assert refused(lambda: enter(people, f"{head}.{body}.{zeros}"))[0] == "InvalidIdentityToken"


def test_keys_of_rsa_are_taken_too(people: People, github: Issuer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    people.sandbox.oidc_keys[github.url] = {
        "keys": [
            *github.keys["keys"],
            {"kty": "RSA", "kid": "r", "n": encoded(numbers.n.to_bytes(256, "big")), "e": "AQAB"},
        ]
    }
    head, body, _ = github.token(MAIN, "sts.amazonaws.com", header={"alg": "RS256", "kid": "r"}).split(".")
    right = encoded(key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()))
    assert enter(people, f"{head}.{body}.{right}")["Provider"].endswith(GITHUB)
    wrong = encoded(key.sign(f"{head}.{body}x".encode(), padding.PKCS1v15(), hashes.SHA256()))
    assert refused(lambda: enter(people, f"{head}.{body}.{wrong}"))[0] == "InvalidIdentityToken"


def test_without_keys_of_the_issuer_no_token_is_believed(people: People, github: Issuer) -> None:
    people.sandbox.oidc_keys.clear()
    code, message = refused(lambda: enter(people, github.token(MAIN, "sts.amazonaws.com")))
    assert code == "InvalidIdentityToken"
    assert "verification key" in message


def test_a_key_that_is_not_known_is_not_guessed(people: People, github: Issuer) -> None:
    token = github.token(MAIN, "sts.amazonaws.com", header={"kid": "2"})
    assert refused(lambda: enter(people, token))[0] == "InvalidIdentityToken"


def test_time_counts(people: People, github: Issuer) -> None:
    old = github.token(MAIN, "sts.amazonaws.com", now=datetime.now(UTC) - timedelta(hours=1))
    assert refused(lambda: enter(people, old))[0] == "ExpiredTokenException"
    early = github.token(MAIN, "sts.amazonaws.com", nbf=int(datetime.now(UTC).timestamp()) + 600)
    assert refused(lambda: enter(people, early))[0] == "InvalidIdentityToken"


def test_the_audience_must_be_one_of_the_providers(people: People, github: Issuer) -> None:
    assert refused(lambda: enter(people, github.token(MAIN, "https://github.com/acme"))) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )
    several: Any = ["sts.amazonaws.com", "other"]
    assert refused(lambda: enter(people, github.token(MAIN, several)))[0] == "InvalidIdentityToken"
    assert (
        enter(people, github.token(MAIN, "other", azp="sts.amazonaws.com"))["Audience"] == "sts.amazonaws.com"
    )


def test_the_provider_must_be_in_the_account_of_the_role(people: People, github: Issuer) -> None:
    role = f"arn:aws:iam::{People.ANALYTICS}:role/reader"
    code, message = refused(lambda: enter(people, github.token(MAIN, "sts.amazonaws.com"), role))
    assert code == "InvalidIdentityToken"
    assert message.startswith("No OpenIDConnect provider found in your account")


@pytest.mark.parametrize("role", [f"arn:aws:iam::{People.DATA}:role/reader", f"{ROLE}2"])
def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(
    people: People, github: Issuer, role: str
) -> None:
    """Trap 9: the ARN without its path is another one."""
    assert refused(lambda: enter(people, github.token(MAIN, "sts.amazonaws.com"), role))[0] == "AccessDenied"


@pytest.mark.parametrize("text", ["none", "aa.bb", "a.b.c", "x" * 30_000, "e30.e30.", "W10.W10.AA"])
def test_what_is_no_token_is_refused(people: People, github: Issuer, text: str) -> None:
    call = anyone(people).meta.service_model.operation_model("AssumeRoleWithWebIdentity")
    assert call.auth_type == "none"
    assert refused(lambda: enter(people, text))[0] == "InvalidIdentityToken"


def test_tags_in_a_token_ask_for_the_permission_to_tag(people: People, github: Issuer) -> None:
    """Trap 59."""
    tags = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}}}
    token = github.token(MAIN, "sts.amazonaws.com", **tags)
    code, message = refused(lambda: enter(people, token))
    assert (code, message) == ("AccessDenied", "Not authorized to perform sts:TagSession")
    both = {**TRUST, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}
    admin(people, "iam").update_assume_role_policy(RoleName="reader", PolicyDocument=document(both))
    assert enter(people, token)["Credentials"]


def test_a_session_may_be_as_long_as_the_role_says(people: People, github: Issuer) -> None:
    """Trap 57; and it is no chain, so that one hour is no limit: trap 56."""
    token = github.token(MAIN, "sts.amazonaws.com")
    assert refused(lambda: enter(people, token, DurationSeconds=7200))[0] == "ValidationError"
    admin(people, "iam").update_role(RoleName="reader", MaxSessionDuration=7200)
    assert enter(people, token, DurationSeconds=7200)["Credentials"]


def test_a_trust_in_everybodys_jobs_is_not_saved(people: People, github: Issuer) -> None:
    for condition in ({}, {"StringLike": {f"{GITHUB}:sub": "repo:*:ref:refs/heads/main"}}):
        wide = document({**TRUST, "Condition": condition})
        code, message = refused(
            lambda wide=wide: admin(people, "iam").update_assume_role_policy(
                RoleName="reader", PolicyDocument=wide
            )
        )
        assert code == "MalformedPolicyDocument"
        assert GITHUB in message


def test_assertions_of_saml_are_never_taken(people: People) -> None:
    assertion = base64.b64encode(b"<samlp:Response/>").decode()
    code, message = refused(
        lambda: anyone(people).assume_role_with_saml(
            RoleArn=ROLE,
            PrincipalArn=f"arn:aws:iam::{People.DATA}:saml-provider/Acme",
            SAMLAssertion=assertion,
        )
    )
    assert code == "NotImplemented"
    assert "cannot verify" in message


def test_other_calls_still_need_a_signature(people: People, github: Issuer) -> None:
    for call in (
        lambda: anyone(people).get_caller_identity(),
        lambda: anyone(people).assume_role(RoleArn=ROLE, RoleSessionName="me"),
        lambda: anyone(people, "iam").list_roles(),
    ):
        assert refused(call)[0] == "MissingAuthenticationToken"


@pytest.mark.parametrize(
    "path", ["/aws-reserved/sso.amazonaws.com/", "/aws-service-role/batch.amazonaws.com/"]
)
def test_roles_of_aws_are_made_and_changed_by_aws_only(people: People, path: str) -> None:
    """Trap 10 and trap 11."""
    iam = admin(people, "iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": People.DATA}, "Action": "sts:AssumeRole"})
    code, _ = refused(lambda: iam.create_role(RoleName="x", Path=path, AssumeRolePolicyDocument=trust))
    assert code == "InvalidInput"


def test_the_role_of_a_permission_set_can_be_read_and_not_changed(people: People) -> None:
    """Trap 10."""
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    arn = people.sandbox.assign_permission_set(People.DATA, "Readers", document(allow))
    name = arn.rpartition("/")[2]
    iam = admin(people, "iam")
    assert iam.get_role(RoleName=name)["Role"]["Path"] == "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    for call in (
        lambda: iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow)),
        lambda: iam.delete_role(RoleName=name),
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(TRUST)),
        lambda: iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "b"}]),
    ):
        assert refused(call)[0] == "UnmodifiableEntity"
    again = people.sandbox.assign_permission_set(People.DATA, "Readers", document(allow))
    assert again != arn
    assert refused(lambda: iam.get_role(RoleName=name))[0] == "NoSuchEntity"
