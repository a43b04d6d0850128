"""The addresses of a Eucalyptus cloud, by a recording endpoint: host, port, path, path style, signature.

The hosts are those of its documentation (``tokens.``, ``euare.``, ``objectstorage.`` on 8773, without TLS); every
name leads to one recorder on loopback here, and the requests are what a real cloud would have got.
"""

import socket

import pytest

from tests.unit.aws.wire import Wire, refused, result
from xacct.account import Account, AccountSpec, Profile
from xacct.aws.caller import Caller
from xacct.aws.session import Sessions, Temporary
from xacct.errors import Refused
from xacct.resource import Call

DATA = Account(name="data", id="325271821652")
KEYS = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hidden-secret\nregion = eucalyptus\n"
DOMAIN = "cloud.example"


@pytest.fixture
def recorder(monkeypatch):
    """Every host of the domain, on whatever port, is this one; any other name is a mistake."""
    with Wire(answer) as wire:
        port = int(wire.url.rpartition(":")[2])
        resolve = socket.getaddrinfo

        def local(host, asked, *more, **named):
            assert host.endswith(DOMAIN) or host == "10.0.0.5", host
            assert asked == 8773
            return resolve("127.0.0.1", port, *more, **named)

        monkeypatch.setattr(socket, "getaddrinfo", local)
        yield wire


def answer(seen):
    match seen.action:
        case "GetCallerIdentity":
            return refused("InvalidAction", 400)  # as before version 5
        case "GetUser":
            return result(
                "GetUser",
                f"<User><Path>/</Path><UserName>admin</UserName><UserId>AID1</UserId><Arn>arn:aws:iam::{DATA.id}:user/admin"
                "</Arn><CreateDate>2020-01-01T00:00:00Z</CreateDate></User>",
            )
        case "AssumeRole":
            return result(
                "AssumeRole",
                "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token"
                "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>",
            )
    return 200, ""


WAYS = {
    "by names": {
        "iam": (f"http://euare.{DOMAIN}:8773", "/"),
        "sts": (f"http://tokens.{DOMAIN}:8773", "/"),
        "s3": (f"http://objectstorage.{DOMAIN}:8773", ""),
    },
    "by names with paths": {
        "iam": (f"http://euare.{DOMAIN}:8773/services/Euare", "/services/Euare"),
        "sts": (f"http://tokens.{DOMAIN}:8773/services/Tokens", "/services/Tokens"),
        "s3": (f"http://objectstorage.{DOMAIN}:8773/services/objectstorage", "/services/objectstorage"),
    },
    "by one address": {
        "iam": ("http://10.0.0.5:8773/services/Euare", "/services/Euare"),
        "sts": ("http://10.0.0.5:8773/services/Tokens", "/services/Tokens"),
        "s3": ("http://10.0.0.5:8773/services/objectstorage", "/services/objectstorage"),
    },
}


@pytest.mark.parametrize("declared", [False, True], ids=["detected", "declared"])
@pytest.mark.parametrize("way", WAYS)
def test_each_service_is_asked_at_its_own_address(way, declared, aws_config, recorder):
    places = WAYS[way]
    lines = "".join(f"{service} =\n  endpoint_url = {url}\n" for service, (url, _) in places.items())
    aws_config(f"[profile euca]\n{KEYS}services = euca\n[services euca]\n{lines}")
    spec = AccountSpec(
        account=DATA, credentials=Profile("euca"), platform="eucalyptus" if declared else "", region=""
    )
    gateway = Sessions().gateway(spec)
    assert gateway.platform.name == "eucalyptus"
    assert recorder.seen == []
    assert gateway.caller() == Caller(DATA.id, f"arn:aws:iam::{DATA.id}:user/admin")
    given = gateway.ask(
        Call.of(
            "sts", "AssumeRole", RoleArn=DATA.iam_arn("role/reader"), RoleSessionName="page", ExternalId="e-1"
        )
    )
    session = Sessions().gateway(spec, Temporary.of(given))
    session.ask(Call.of("s3", "ListObjectsV2", Bucket="mongodb-snapshots"))
    session.ask(Call.of("s3", "HeadObject", Bucket="mongodb-snapshots", Key="a b/x.img.xz"))
    identity, user, assume, listing, head = recorder.seen

    def host(service):
        return places[service][0].removeprefix("http://").partition("/")[0]

    for seen, service in ((identity, "sts"), (user, "iam"), (assume, "sts"), (listing, "s3"), (head, "s3")):
        assert seen.headers["host"] == host(service)
        scope = seen.headers["authorization"].partition("Credential=")[2].partition(",")[0].split("/")
        assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
        assert scope[2:] == ["eucalyptus", service, "aws4_request"]
        assert scope[0] == ("ASIA1" if service == "s3" else "AKIDEXAMPLE")
    assert (identity.method, identity.path) == ("POST", places["sts"][1])
    assert (user.method, user.path) == ("POST", places["iam"][1])
    assert (assume.path, assume.form["ExternalId"]) == (places["sts"][1], "e-1")
    # Buckets stand in the path, whatever the host is called.
    assert listing.path.partition("?")[0] == f"{places['s3'][1]}/mongodb-snapshots"
    assert head.path == f"{places['s3'][1]}/mongodb-snapshots/a%20b/x.img.xz"
    assert (listing.method, head.method) == ("GET", "HEAD")
    assert listing.headers["x-amz-security-token"] == "token"


def test_the_region_of_the_page_alone_leads_nowhere(aws_config, recorder):
    """``region = eucalyptus`` without endpoints would be a host below the public cloud's name."""
    aws_config(f"[profile euca]\n{KEYS}")
    with pytest.raises(Refused, match=r'region "eucalyptus" is of no partition.*nothing was sent'):
        Sessions().gateway(AccountSpec(account=DATA, credentials=Profile("euca")))
    assert recorder.seen == []
