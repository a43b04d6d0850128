"""Who signs how: everything a client may send over HTTP, and what must not get through."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.functional.sandbox.people import Keys, People, allow, refusal, trust
from xacct.sandbox.cloud import Sandbox

BUCKET = "mongodb-snapshots"


class Clock:
    """The sandbox's clock, which a test can move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(clock: Clock) -> Iterator[People]:
    with Sandbox((People.DATA, People.ANALYTICS), clock=clock) as sandbox:
        yield People(sandbox)


def plain(
    people: People, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """A request as it stands, signed by nobody."""
    connection = http.client.HTTPConnection(urlsplit(people.sandbox.endpoint).netloc, timeout=10)
    connection.request(method, target, body=body, headers=headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def presigned(people: People, keys: Keys, seconds: int = 60, key: str = "a.img.xz") -> str:
    url = people.client("s3", keys).generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=seconds
    )
    return str(url).removeprefix(people.sandbox.endpoint)


def test_a_presigned_url_is_taken_until_it_expires(people: People, clock: Clock) -> None:
    people.bucket()
    target = presigned(people, people.keys_of_admin(People.DATA))
    assert plain(people, "GET", target) == (200, b"backup")
    clock.ahead = timedelta(seconds=62)
    status, body = plain(people, "GET", target)
    assert (status, b"Request has expired" in body) == (403, True)


def test_a_presigned_url_is_for_one_key_and_one_method(people: People) -> None:
    people.bucket(keys=("a.img.xz", "b.img.xz"))
    target = presigned(people, people.keys_of_admin(People.DATA))
    assert plain(people, "GET", target.replace("a.img.xz", "b.img.xz"))[0] == 403
    assert plain(people, "DELETE", target)[0] == 403
    assert plain(people, "GET", target)[0] == 200


def test_a_presigned_url_of_a_session_carries_its_token(people: People) -> None:
    people.bucket()
    admin = f"arn:aws:iam::{People.DATA}:user/admin"
    role = people.role("reader", trust({"AWS": admin}), allow("s3:GetObject", "*"))
    target = presigned(people, people.assume(people.keys_of_admin(People.DATA), role))
    assert plain(people, "GET", target)[0] == 200
    assert plain(people, "GET", target.replace("X-Amz-Security-Token", "X-Amz-Other"))[0] == 403


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_wrong_by_more_than_a_quarter_of_an_hour(
    people: People, clock: Clock, minutes: int
) -> None:
    clock.ahead = timedelta(minutes=minutes)
    admin = people.keys_of_admin(People.DATA)
    told = refusal(people.client("s3", admin).list_buckets)
    assert (told.status, told.code) == (403, "RequestTimeTooSkewed")
    told = refusal(people.client("iam", admin).list_users)
    assert (told.status, told.code) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_wrong_by_less_is_taken(people: People, clock: Clock, minutes: int) -> None:
    clock.ahead = timedelta(minutes=minutes)
    admin = people.keys_of_admin(People.DATA)
    people.client("s3", admin).list_buckets()
    people.client("iam", admin).list_users()


def test_a_wrong_secret(people: People) -> None:
    wrong = Keys(people.keys_of_admin(People.DATA).id, "not the secret")
    for service, call in (("s3", "list_buckets"), ("iam", "list_users"), ("sts", "get_caller_identity")):
        told = refusal(getattr(people.client(service, wrong), call))
        assert (told.status, told.code) == (403, "SignatureDoesNotMatch"), service


def test_an_unknown_key(people: People) -> None:
    unknown = Keys("AKIAUNKNOWNUNKNOWN77", "secret")
    expected = {"s3": "InvalidAccessKeyId", "iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId"}
    for service, call in (("s3", "list_buckets"), ("iam", "list_users"), ("sts", "get_caller_identity")):
        assert refusal(getattr(people.client(service, unknown), call)).code == expected[service]


def test_a_key_that_was_switched_off(people: People) -> None:
    keys = people.user(People.DATA, "anna", all=allow("*", "*"))
    iam = people.admin(People.DATA, "iam")
    people.client("iam", keys).list_users()
    iam.update_access_key(UserName="anna", AccessKeyId=keys.id, Status="Inactive")
    assert refusal(people.client("iam", keys).list_users).code == "InvalidClientTokenId"
    iam.update_access_key(UserName="anna", AccessKeyId=keys.id, Status="Active")
    people.client("iam", keys).list_users()
    iam.delete_access_key(UserName="anna", AccessKeyId=keys.id)
    assert refusal(people.client("iam", keys).list_users).code == "InvalidClientTokenId"


@pytest.fixture
def session(people: People) -> Keys:
    admin = f"arn:aws:iam::{People.DATA}:user/admin"
    role = people.role("all", trust({"AWS": admin}), allow("*", "*"))
    return people.assume(people.keys_of_admin(People.DATA), role)


def test_a_session_ends(people: People, clock: Clock, session: Keys) -> None:
    people.client("s3", session).list_buckets()
    clock.ahead = timedelta(minutes=61)
    told = refusal(people.client("s3", session).list_buckets)
    assert (told.status, told.code) == (400, "ExpiredToken")
    told = refusal(people.client("iam", session).list_users)
    assert (told.status, told.code) == (403, "ExpiredToken")


def test_a_session_without_its_token_or_with_another_is_nobody(people: People, session: Keys) -> None:
    without = Keys(session.id, session.secret)
    assert refusal(people.client("s3", without).list_buckets).code == "InvalidAccessKeyId"
    assert refusal(people.client("iam", without).list_users).code == "InvalidClientTokenId"
    other = Keys(session.id, session.secret, "another")
    assert refusal(people.client("s3", other).list_buckets).code == "InvalidToken"
    admin = people.keys_of_admin(People.DATA)
    with_token = Keys(admin.id, admin.secret, session.token)
    assert refusal(people.client("iam", with_token).list_users).code == "InvalidClientTokenId"


def test_who_does_not_sign_is_anonymous(people: People) -> None:
    people.bucket()
    assert plain(people, "GET", f"/{BUCKET}/a.img.xz")[0] == 403
    assert plain(people, "GET", f"/{BUCKET}")[0] == 403
    assert plain(people, "PUT", f"/{BUCKET}/x", b"")[0] == 403
    assert plain(people, "GET", "/")[0] == 403
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    status, told = plain(people, "POST", "/", body, form)
    assert (status, b"MissingAuthenticationToken" in told) == (403, True)
    assert plain(people, "POST", "/", b"Action=ListUsers&Version=2010-05-08", form)[0] == 403


def test_signature_version_2_is_refused(people: People) -> None:
    people.bucket()
    admin = people.keys_of_admin(People.DATA)
    status, body = plain(people, "GET", f"/{BUCKET}", headers={"Authorization": f"AWS {admin.id}:c2lnbg=="})
    assert (status, b"InvalidRequest" in body) == (400, True)


CHECKSUMS = ["CRC32", "SHA1", "SHA256"]


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_body_in_chunks_with_a_trailing_checksum(people: People, algorithm: str) -> None:
    people.bucket()
    s3 = people.client("s3", people.keys_of_admin(People.DATA), request_checksum_calculation="when_supported")
    body = bytes(range(256)) * 700
    s3.put_object(Bucket=BUCKET, Key="chunked", Body=body, ChecksumAlgorithm=algorithm)
    found = s3.get_object(Bucket=BUCKET, Key="chunked")
    assert found["Body"].read() == body
    assert found.get("ContentEncoding", "") == ""


def test_a_body_that_is_not_what_its_checksum_says_is_not_stored(people: People) -> None:
    people.bucket()
    s3 = people.admin(People.DATA, "s3")
    told = refusal(s3.put_object, Bucket=BUCKET, Key="x", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert (told.status, told.code) == (400, "BadDigest")
    assert refusal(s3.get_object, Bucket=BUCKET, Key="x").code == "NoSuchKey"


def test_keys_that_need_encoding_come_back(people: People) -> None:
    names = ("a b", "a+b", "ä/ö", "a//b", "a%2Fb", "x/../y", "tilde~", "q?r&s=t", "dir/")
    people.bucket(keys=names)
    s3 = people.admin(People.DATA, "s3")
    for name in names:
        assert s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() == b"backup", name
    listed = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert listed == set(names)


def test_virtual_host_style_means_the_same_bucket(people: People) -> None:
    people.bucket()
    admin = people.keys_of_admin(People.DATA)
    port = people.sandbox.endpoint.rpartition(":")[2]
    request = AWSRequest(method="GET", url=f"http://{BUCKET}.localhost:{port}/a.img.xz")
    S3SigV4Auth(Credentials(admin.id, admin.secret), "s3", "us-east-1").add_auth(request)
    headers = {**dict(request.headers), "Host": f"{BUCKET}.localhost:{port}"}
    assert plain(people, "GET", "/a.img.xz", headers=headers) == (200, b"backup")
    assert plain(people, "GET", "/a.img.xz", headers=headers | {"Host": f"other.localhost:{port}"})[0] == 403


def test_a_bucket_can_be_made_by_a_client_that_signs_for_no_real_region(people: People) -> None:
    admin = people.keys_of_admin(People.DATA)
    request = AWSRequest(method="PUT", url=f"{people.sandbox.endpoint}/made-by-s3cmd")
    S3SigV4Auth(Credentials(admin.id, admin.secret), "s3", "US").add_auth(request)
    assert plain(people, "PUT", "/made-by-s3cmd", headers=dict(request.headers))[0] == 200


def test_the_signature_of_one_service_is_not_for_another(people: People) -> None:
    """What is signed for S3 cannot be read as a call of IAM, whatever its body says."""
    s3 = people.admin(People.DATA, "s3")
    body = b"Action=CreateUser&UserName=eve&Version=2010-05-08"
    told = refusal(
        s3.put_object, Bucket="any", Key="x", Body=body, ContentType="application/x-www-form-urlencoded"
    )
    assert told.code == "NoSuchBucket"
    users = people.admin(People.DATA, "iam").list_users()["Users"]
    assert [user["UserName"] for user in users] == ["admin"]
