"""Every way in which the AWS conventions come to credentials, against a recording service on loopback."""

import hashlib
import json
import os
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.aws.wire import Wire, refused, result
from xacct.account import Account, AccountSpec, Environment, Profile
from xacct.aws.caller import NoCredentials
from xacct.aws.session import Sessions
from xacct.errors import ServiceError
from xacct.resource import Call

DATA = Account(name="data", id="325271821652")
KEYS = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hidden-secret\n"
ROLE = "arn:aws:iam::325271821652:role/admin"
WHO = Call.of("sts", "GetCallerIdentity")
LATER = "2099-01-01T00:00:00Z"


def answer(seen):
    if seen.action.startswith("AssumeRole"):
        name = seen.form["RoleArn"].rpartition("/")[2]
        return result(
            seen.action,
            f"<Credentials><AccessKeyId>ASIA{name}</AccessKeyId><SecretAccessKey>hidden-{name}</SecretAccessKey>"
            f"<SessionToken>token</SessionToken><Expiration>{LATER}</Expiration></Credentials>"
            "<AssumedRoleUser><Arn>a</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>",
        )
    if seen.path.startswith("/federation/credentials"):
        keys = {
            "accessKeyId": "ASIASSO",
            "secretAccessKey": "hidden",
            "sessionToken": "t",
            "expiration": 4070908800000,
        }
        return 200, json.dumps({"roleCredentials": keys})
    return result(
        "GetCallerIdentity", f"<Arn>arn:aws:iam::{DATA.id}:user/x</Arn><Account>{DATA.id}</Account>"
    )


@pytest.fixture
def wire():
    with Wire(answer) as recording:
        yield recording


def signed_by(seen):
    return seen.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]


def gateway(profile="p", code=None):
    credentials = Profile(profile) if profile else Environment()
    return Sessions(code).gateway(AccountSpec(account=DATA, credentials=credentials))


def test_keys_in_the_environment(aws_config, wire, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    gateway("").caller()
    assert signed_by(wire.seen[0]) == "AKIDENV"
    assert wire.seen[0].headers["x-amz-security-token"] == "token"


def test_the_profile_that_the_environment_names(aws_config, wire, monkeypatch):
    aws_config(f"[profile other]\n{KEYS}endpoint_url = {wire.url}\n")
    monkeypatch.setenv("AWS_PROFILE", "other")
    gateway("").caller()
    assert signed_by(wire.seen[0]) == "AKIDEXAMPLE"


def test_the_shared_credentials_file(aws_config, wire, monkeypatch, tmp_path):
    aws_config(f"[profile p]\nendpoint_url = {wire.url}\n")
    (tmp_path / "credentials").write_text(f"[p]\n{KEYS}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    gateway().caller()
    assert signed_by(wire.seen[0]) == "AKIDEXAMPLE"


def test_an_endpoint_for_one_service_in_the_environment(aws_config, wire, monkeypatch):
    aws_config(f"[profile p]\n{KEYS}")
    for service in ("IAM", "S3", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"{wire.url}/{service}")
    made = gateway()
    assert made.endpoints == {one: f"{wire.url}/{one.upper()}" for one in ("iam", "s3", "sts")}
    made.caller()
    assert wire.seen[0].path == "/STS"


def test_an_s3_setting_without_indented_lines_is_said_and_no_fault_of_ours(aws_config):
    aws_config(f"[profile p]\n{KEYS}s3 =\naddressing_style = path\n")
    with pytest.raises(
        NoCredentials, match="the AWS profile p has an s3 setting that is no group"
    ) as refusal:
        gateway().caller()
    assert "indent the lines" in refusal.value.fix


def test_endpoints_of_the_file_are_left_out_where_the_profile_says_so(aws_config):
    aws_config(
        f"[profile p]\n{KEYS}endpoint_url = http://127.0.0.1:9\nignore_configured_endpoint_urls = true\n"
    )
    assert gateway().platform.name == "aws"


def program(folder, text):
    path = folder / "keys.py"
    path.write_text(text)
    return f"credential_process = {sys.executable} {path}\n"


def test_a_program(aws_config, wire, tmp_path):
    given = {"Version": 1, "AccessKeyId": "AKIDPROGRAM", "SecretAccessKey": "hidden", "SessionToken": "t"}
    line = program(tmp_path, f"import json\nprint(json.dumps({given!r}))\n")
    aws_config(f"[profile p]\n{line}endpoint_url = {wire.url}\n")
    gateway().caller()
    assert signed_by(wire.seen[0]) == "AKIDPROGRAM"


def test_a_program_that_fails_is_told_without_what_it_said(aws_config, wire, tmp_path):
    line = program(tmp_path, "import sys\nsys.exit('hidden-secret')\n")
    aws_config(f"[profile p]\n{line}endpoint_url = {wire.url}\n")
    with pytest.raises(
        NoCredentials, match="account data: the program or service that the AWS profile p"
    ) as told:
        gateway().caller()
    assert "hidden" not in str(told.value) + told.value.fix
    assert wire.seen == []


def test_a_token_of_an_identity_provider(aws_config, wire, tmp_path):
    (tmp_path / "token").write_text("hidden-jwt")
    aws_config(
        f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {tmp_path / 'token'}\nrole_session_name = ci\n"
        f"endpoint_url = {wire.url}\n"
    )
    gateway().caller()
    assert [seen.action for seen in wire.seen] == ["AssumeRoleWithWebIdentity", "GetCallerIdentity"]
    assert wire.seen[0].form["WebIdentityToken"] == "hidden-jwt"
    assert signed_by(wire.seen[0]) == ""
    assert signed_by(wire.seen[1]) == "ASIAadmin"


def test_a_token_that_the_service_refuses(aws_config, tmp_path):
    (tmp_path / "token").write_text("hidden-jwt")
    with Wire(lambda seen: refused("InvalidIdentityToken", 400, "No OpenIDConnect provider found")) as wire:
        aws_config(
            f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {tmp_path / 'token'}\n"
            f"endpoint_url = {wire.url}\n"
        )
        with pytest.raises(
            NoCredentials, match="the AWS profile p gives none: AssumeRoleWithWebIdentity"
        ) as told:
            gateway().caller()
    assert "hidden" not in str(told.value)


SSO = """[profile p]
sso_session = corp
sso_account_id = 325271821652
sso_role_name = Admin
endpoint_url = URL
region = us-east-1
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
"""


def login(monkeypatch, folder, ends):
    monkeypatch.setenv("HOME", str(folder))
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(b"corp").hexdigest()
    token = {"accessToken": "hidden-token", "expiresAt": ends, "startUrl": "https://corp.example/start"}
    (cache / f"{name}.json").write_text(json.dumps(token))


@pytest.fixture
def sso_cache(monkeypatch, tmp_path):
    """The SDK looks the folder up when it is imported, so that it is told again."""
    folder = tmp_path / ".aws" / "sso" / "cache"
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", str(folder))
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(folder))
    return folder


def test_the_cache_of_a_login(aws_config, wire, monkeypatch, tmp_path, sso_cache):
    login(monkeypatch, tmp_path, LATER)
    aws_config(SSO.replace("URL", wire.url))
    gateway().caller()
    first, second = wire.seen
    assert first.path.startswith("/federation/credentials?")
    assert first.headers["x-amz-sso_bearer_token"] == "hidden-token"
    assert signed_by(second) == "ASIASSO"


@pytest.mark.parametrize("ends", ["2020-01-01T00:00:00Z", None], ids=["ended", "never made"])
def test_a_login_that_is_over_says_how_to_renew_it(ends, aws_config, wire, monkeypatch, tmp_path, sso_cache):
    if ends:
        login(monkeypatch, tmp_path, ends)
    aws_config(SSO.replace("URL", wire.url))
    with pytest.raises(NoCredentials, match="account data: the login session of the AWS profile p") as told:
        gateway().caller()
    assert told.value.fix == "Run: aws sso login --profile p."
    assert wire.seen == []


CHAIN = f"""[profile keys]
{KEYS}
[profile hub]
role_arn = arn:aws:iam::111122223333:role/hub
source_profile = keys
external_id = id-1
[profile p]
role_arn = {ROLE}
source_profile = hub
duration_seconds = 900
region = eu-west-1
"""


def test_a_chain_of_roles_with_an_external_id(aws_config, wire):
    aws_config(CHAIN.replace("region", f"endpoint_url = {wire.url}\nregion"))
    gateway().caller()
    first, second, third = wire.seen
    assert (first.form["RoleArn"], first.form["ExternalId"]) == ("arn:aws:iam::111122223333:role/hub", "id-1")
    assert (second.form["RoleArn"], second.form["DurationSeconds"]) == (ROLE, "900")
    assert [signed_by(seen) for seen in wire.seen] == ["AKIDEXAMPLE", "ASIAhub", "ASIAadmin"]
    assert third.action == "GetCallerIdentity"


def test_a_chain_that_asks_for_more_than_an_hour_trap_56(aws_config):
    text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"

    def refusing(seen):
        return refused("ValidationError", 400, text) if seen.form.get("RoleArn") == ROLE else answer(seen)

    with Wire(refusing) as wire:
        aws_config(CHAIN.replace("region", f"endpoint_url = {wire.url}\nregion").replace("900", "7200"))
        with pytest.raises(NoCredentials, match="AssumeRole was refused: ValidationError") as told:
            gateway().caller()
    assert "one hour at most" in told.value.fix


def test_a_role_that_does_not_let_in_is_told_as_such_and_not_as_the_call(aws_config):
    with Wire(lambda seen: refused("AccessDenied", 403, "not authorized")) as wire:
        aws_config(CHAIN.replace("region", f"endpoint_url = {wire.url}\nregion"))
        with pytest.raises(
            NoCredentials, match="account data: the AWS profile p gives none: AssumeRole was"
        ) as told:
            gateway().ask(Call.of("iam", "GetRole", RoleName="r"))
    assert "external_id" in told.value.fix
    assert {seen.action for seen in wire.seen} == {"AssumeRole"}


MFA = f"""[profile keys]
{KEYS}
[profile p]
role_arn = {ROLE}
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/anna
"""


def test_the_code_of_a_second_factor_is_asked_once_for_all_clients(aws_config, wire):
    aws_config(f"{MFA}endpoint_url = {wire.url}\n")
    asked = []
    opened = Sessions(lambda prompt: asked.append(prompt) or "123456")
    spec = AccountSpec(account=DATA, credentials=Profile("p"))
    for _ in range(2):
        made = opened.gateway(spec)
        made.ask(WHO)
        made.ask(WHO)
    assert len(asked) == 1
    assert "arn:aws:iam::111122223333:mfa/anna" in asked[0]
    assert [seen.action for seen in wire.seen] == ["AssumeRole"] + ["GetCallerIdentity"] * 4
    assert wire.seen[0].form["TokenCode"] == "123456"
    assert wire.seen[0].form["SerialNumber"] == "arn:aws:iam::111122223333:mfa/anna"


def test_a_second_factor_with_nobody_to_ask(aws_config, wire):
    aws_config(f"{MFA}endpoint_url = {wire.url}\n")
    with pytest.raises(NoCredentials, match="a second factor, and there is nobody to ask") as told:
        gateway().caller()
    assert "terminal" in told.value.fix
    assert wire.seen == []


# ---- the way there


@pytest.fixture
def certificate(tmp_path):
    """A key and a certificate for 127.0.0.1 that signs itself, in one file each."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return tmp_path


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    with Wire(answer, tls=context) as wire:
        yield wire


@pytest.mark.parametrize("way", ["profile", "variable"])
def test_a_certificate_authority_of_ones_own(way, aws_config, tls, certificate, monkeypatch):
    bundle = f"ca_bundle = {certificate / 'ca.pem'}\n" if way == "profile" else ""
    if way == "variable":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate / "ca.pem"))
    aws_config(f"[profile p]\n{KEYS}{bundle}endpoint_url = {tls.url}\n")
    assert gateway().caller().account == DATA.id


def test_a_certificate_that_nobody_here_trusts(aws_config, tls):
    aws_config(f"[profile p]\n{KEYS}endpoint_url = {tls.url}\nmax_attempts = 1\n")
    with pytest.raises(ServiceError) as told:
        gateway().ask(Call.of("iam", "GetRole", RoleName="reader"))
    assert "iam:GetRole on role/reader in account data failed: no answer" in str(told.value)
    assert "ca_bundle" in told.value.fix
    assert told.value.unanswered
    assert tls.seen == []


def test_a_service_that_is_not_there(aws_config):
    aws_config(f"[profile p]\n{KEYS}endpoint_url = http://127.0.0.1:9\nmax_attempts = 1\n")
    with pytest.raises(ServiceError) as told:
        gateway().ask(Call.of("s3", "HeadBucket", Bucket="logs"))
    assert "s3:HeadBucket on bucket/logs in account data failed: no answer" in str(told.value)
    assert "http://127.0.0.1:9 can be reached" in told.value.fix


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20260101T000000Z is still later than 2025"),
    ],
)
def test_a_clock_that_is_wrong_is_named(code, message, aws_config):
    with Wire(lambda seen: refused(code, 403, message)) as wire:
        aws_config(f"[profile p]\n{KEYS}endpoint_url = {wire.url}\nmax_attempts = 1\n")
        with pytest.raises(ServiceError) as told:
            gateway().ask(WHO)
    assert "Set the clock of this machine" in told.value.fix


def test_a_wrong_secret_is_not_taken_for_a_wrong_clock(aws_config):
    with Wire(lambda seen: refused("SignatureDoesNotMatch", 403, "does not match")) as wire:
        aws_config(f"[profile p]\n{KEYS}endpoint_url = {wire.url}\nmax_attempts = 1\n")
        with pytest.raises(ServiceError) as told:
            gateway().ask(WHO)
    assert "secret access key" in told.value.fix


def test_nothing_of_the_machine_was_used():
    assert not [name for name in os.environ if name.startswith("AWS_ACCESS")]
