"""Endpoints and credentials come from the AWS conventions, and are checked before anything is sent."""

import socket

import pytest
from immutabledict import immutabledict

from tests.unit.aws.wire import Wire, refused, result
from xacct.account import Account, AccountSpec, Enter, Environment, Profile
from xacct.aws.caller import Caller, NoCredentials
from xacct.aws.endpoints import shown
from xacct.aws.session import Sessions, Temporary
from xacct.errors import Refused, ServiceError
from xacct.resource import Call

DATA = Account(name="data", id="325271821652")
KEYS = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hidden-secret\n"
WHO = Call.of("sts", "GetCallerIdentity")


def spec(credentials=None, **more):
    return AccountSpec(account=DATA, credentials=credentials or Profile("acct-b"), **more)


def identity(account="325271821652"):
    return result(
        "GetCallerIdentity",
        f"<Arn>arn:aws:iam::{account}:user/admin</Arn><UserId>AIDA</UserId><Account>{account}</Account>",
    )


def test_public_cloud_is_the_default(aws_config):
    aws_config(f"[profile acct-b]\n{KEYS}")
    gateway = Sessions().gateway(spec())
    assert gateway.platform.name == "aws"
    assert gateway.endpoints["iam"] == "https://iam.amazonaws.com"


def test_region_of_the_partition_is_used_where_none_is_set(aws_config):
    aws_config(f"[profile acct-b]\n{KEYS}")
    account = Account(name="data", id="325271821652", partition="aws-cn")
    gateway = Sessions().gateway(AccountSpec(account=account, credentials=Profile("acct-b")))
    assert gateway.platform.name == "aws-cn"
    assert gateway.endpoints["iam"] == "https://iam.cn-north-1.amazonaws.com.cn"


def test_services_section_of_the_profile_gives_the_endpoints(aws_config):
    aws_config(
        f"[profile acct-b]\n{KEYS}services = cloud\n[services cloud]\n"
        "iam =\n  endpoint_url = http://euare.cloud.example:8773\n"
        "sts =\n  endpoint_url = http://tokens.cloud.example:8773\n"
        "s3 =\n  endpoint_url = http://objectstorage.cloud.example:8773\n"
    )
    gateway = Sessions().gateway(spec(platform="eucalyptus"))
    assert gateway.endpoints == {
        "iam": "http://euare.cloud.example:8773",
        "sts": "http://tokens.cloud.example:8773",
        "s3": "http://objectstorage.cloud.example:8773",
    }


def test_endpoint_in_the_environment_is_used(aws_config, monkeypatch):
    aws_config(f"[profile acct-b]\n{KEYS}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    assert set(Sessions().gateway(spec()).endpoints.values()) == {"http://127.0.0.1:5000"}


def test_private_platform_without_an_endpoint_is_refused(aws_config):
    aws_config(f"[profile acct-b]\n{KEYS}region = eucalyptus\n")
    with pytest.raises(Refused, match="public cloud"):
        Sessions().gateway(spec(platform="eucalyptus"))


@pytest.mark.parametrize(
    ("declared", "fits"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://127.0.0.1:5000/", True),
        ("HTTP://127.0.0.1:5000", True),
        ("https://127.0.0.1:5000", False),
        ("http://127.0.0.1:5001", False),
        ("http://127.0.0.1:5000/other", False),
        ("https://iam.amazonaws.com", False),
    ],
)
def test_declared_endpoint_has_to_be_the_one_used(aws_config, declared, fits):
    aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = http://127.0.0.1:5000\n")
    described = spec(endpoints=immutabledict({"iam": declared}))
    if fits:
        assert Sessions().gateway(described).endpoints["iam"] == "http://127.0.0.1:5000"
    else:
        with pytest.raises(Refused, match=r"declares .* for iam, but requests would go to http://127"):
            Sessions().gateway(described)


def test_missing_profile_stops_only_its_own_account(aws_config):
    aws_config(f"[profile acct-b]\n{KEYS}")
    other = AccountSpec(account=Account(name="analytics", id="290122656840"), credentials=Profile("acct-a"))
    gateways = Sessions().gateways([spec(), other])
    assert gateways["data"].endpoints
    with pytest.raises(NoCredentials, match="account analytics: there is no AWS profile named 'acct-a'"):
        gateways["analytics"].caller()


def test_profile_without_keys_is_told_when_it_is_used(aws_config):
    aws_config("[profile acct-b]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9\n")
    with pytest.raises(NoCredentials, match="the AWS profile acct-b has none"):
        Sessions().gateway(spec()).ask(WHO)


def test_environment_without_keys_is_told_when_it_is_used(aws_config):
    with pytest.raises(NoCredentials, match="the environment has none"):
        Sessions().gateway(spec(Environment())).ask(WHO)


def test_named_profile_is_not_overruled_by_keys_in_the_environment(aws_config, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDFROMENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with Wire(lambda seen: identity()) as wire:
        aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = {wire.url}\n")
        assert Sessions().gateway(spec()).caller() == Caller(DATA.id, "arn:aws:iam::325271821652:user/admin")
    assert "Credential=AKIDEXAMPLE/" in wire.seen[0].headers["authorization"]
    assert " xacct/" in wire.seen[0].headers["user-agent"]


def test_buckets_stand_in_the_path_and_name_their_owner_at_an_endpoint_of_ones_own_trap_35(
    aws_config, monkeypatch
):
    # A host name, because an address has its buckets in the path anyway; a bare system may not know localhost.
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: resolve("127.0.0.1" if host == "localhost" else host, *more, **named),
    )
    with Wire(lambda seen: (200, "")) as wire:
        aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = {wire.url.replace('127.0.0.1', 'localhost')}\n")
        gateway = Sessions().gateway(spec())
        gateway.ask(Call.of("s3", "HeadBucket", Bucket="snapshots", ExpectedBucketOwner=DATA.id))
    assert wire.seen[0].path == "/snapshots"
    assert wire.seen[0].headers["x-amz-expected-bucket-owner"] == DATA.id


def test_addressing_style_of_the_profile_is_kept(aws_config):
    aws_config(
        f"[profile acct-b]\n{KEYS}endpoint_url = http://s3.cloud.example\n"
        "s3 =\n  addressing_style = virtual\n"
    )
    gateway = Sessions().gateway(spec())
    assert gateway._client("s3").meta.config.s3["addressing_style"] == "virtual"


ENTERED = (
    "<Credentials><AccessKeyId>ASIAENTERED</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    "<AssumedRoleUser><Arn>a</Arn><AssumedRoleId>AROA:xacct</AssumedRoleId></AssumedRoleUser>"
)


def test_role_is_entered_at_the_first_request_and_once(aws_config):
    def answer(seen):
        return result("AssumeRole", ENTERED) if seen.action == "AssumeRole" else identity()

    with Wire(answer) as wire:
        aws_config(f"[profile hub]\n{KEYS}endpoint_url = {wire.url}\n")
        entering = Enter(role="arn:aws:iam::325271821652:role/Admin", profile="hub", external_id="e-1")
        gateway = Sessions().gateway(spec(entering))
        assert wire.seen == []
        gateway.ask(WHO)
        gateway.ask(WHO)
    assert [seen.action for seen in wire.seen] == ["AssumeRole", "GetCallerIdentity", "GetCallerIdentity"]
    assert wire.seen[0].form["ExternalId"] == "e-1"
    assert wire.seen[0].form["RoleArn"] == "arn:aws:iam::325271821652:role/Admin"
    assert "Credential=ASIAENTERED/" in wire.seen[1].headers["authorization"]


def test_role_that_cannot_be_entered_is_missing_credentials(aws_config):
    with Wire(lambda seen: refused("AccessDenied", 403, "not authorized")) as wire:
        aws_config(f"[profile hub]\n{KEYS}endpoint_url = {wire.url}\n")
        gateway = Sessions().gateway(spec(Enter(role="arn:aws:iam::325271821652:role/Admin", profile="hub")))
        with pytest.raises(NoCredentials, match=r"account data: .*AssumeRole.*AccessDenied"):
            gateway.caller()


def test_source_without_keys_is_missing_credentials_too(aws_config):
    aws_config("[profile hub]\nendpoint_url = http://127.0.0.1:9\n")
    gateway = Sessions().gateway(spec(Enter(role="arn:aws:iam::325271821652:role/Admin", profile="hub")))
    with pytest.raises(NoCredentials, match="profile hub has none"):
        gateway.caller()


def test_temporary_credentials_are_used_and_not_shown(aws_config):
    given = Temporary.of(
        {
            "Credentials": {
                "AccessKeyId": "ASIA1",
                "SecretAccessKey": "hidden-secret",
                "SessionToken": "hidden-token",
            }
        }
    )
    with Wire(lambda seen: identity()) as wire:
        aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = {wire.url}\n")
        gateway = Sessions().gateway(spec(), given)
        gateway.ask(WHO)
    assert wire.seen[0].headers["x-amz-security-token"] == "hidden-token"
    assert "hidden" not in repr(given) + repr(gateway)


def test_password_in_an_endpoint_is_not_shown(aws_config):
    aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = http://me:hidden@cloud.example:8000\n")
    gateway = Sessions().gateway(spec())
    assert gateway.endpoints["iam"] == "http://cloud.example:8000"


@pytest.mark.parametrize(
    "url",
    ["http://me:hidden@cloud.example:8000/s3", "http://cloud.example:8000/s3?X-Amz-Signature=hidden#hidden"],
)
def test_what_may_be_a_secret_in_an_endpoint_is_cut_off(url):
    assert shown(url) == "http://cloud.example:8000/s3"


def test_sts_is_asked_in_the_region_of_the_profile_trap_18(aws_config):
    """The global endpoint's sessions are not good in regions that have to be opted into."""
    aws_config(f"[profile acct-b]\n{KEYS}region = ap-east-1\n")
    assert Sessions().gateway(spec()).endpoints["sts"] == "https://sts.ap-east-1.amazonaws.com"


def test_a_region_that_sts_is_not_active_in_is_named_trap_18(aws_config):
    def answer(seen):
        return refused("RegionDisabledException", 403, "STS is not activated in this region for account")

    with Wire(answer) as wire:
        aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = {wire.url}\n")
        with pytest.raises(ServiceError) as told:
            Sessions().gateway(spec()).ask(WHO)
    assert told.value.fix == "Enable the region for this account, or use another one."


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "raise session in the manifest",
        ),
        ("InvalidArgument", "", "raise session in the manifest"),  # as Ceph says it
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            "3600 seconds or less",
        ),
    ],
    ids=["AWS", "Ceph", "chained, trap 56"],
)
def test_a_session_that_is_too_long_says_what_to_do_trap_57(aws_config, code, message, fix):
    with Wire(lambda seen: refused(code, 400, message)) as wire:
        aws_config(f"[profile acct-b]\n{KEYS}endpoint_url = {wire.url}\n")
        ask = Call.of(
            "sts",
            "AssumeRole",
            RoleArn="arn:aws:iam::325271821652:role/r",
            RoleSessionName="me",
            DurationSeconds=7200,
        )
        with pytest.raises(ServiceError) as told:
            Sessions().gateway(spec()).ask(ask)
    assert fix in told.value.fix
