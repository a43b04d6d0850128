"""Buckets across accounts: both sides judged, owners checked, S3's own refusals."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.functional.sandbox.people import Keys, People, allow, document, refusal

BUCKET = "mongodb-snapshots"
ARN = f"arn:aws:s3:::{BUCKET}"
USER = f"arn:aws:iam::{People.ANALYTICS}:user/user01"


def lets_in(principal: Any, action: Any = "s3:*", effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": action,
        "Resource": [ARN, f"{ARN}/*"],
    }
    return document(statement, condition)


def put_policy(people: People, policy: dict[str, Any]) -> None:
    people.admin(People.DATA, "s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def anonymous(people: People, target: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(people.sandbox.endpoint).netloc, timeout=10)
    connection.request("GET", target)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture
def user01(people: People) -> Keys:
    people.bucket()
    return people.user(People.ANALYTICS, "user01", all=allow("s3:*", "*"))


def test_the_callers_own_policy_is_not_enough_across_accounts(people: People, user01: Keys) -> None:
    """Trap 41, 77: with moto's own enforcement it is."""
    s3 = people.client("s3", user01)
    assert refusal(s3.get_object, Bucket=BUCKET, Key="a.img.xz").code == "AccessDenied"
    assert refusal(s3.put_object, Bucket=BUCKET, Key="x", Body=b"").code == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket=BUCKET).code == "AccessDenied"


def test_the_bucket_policy_is_not_enough_across_accounts(people: People, user01: Keys) -> None:
    put_policy(people, lets_in({"AWS": USER}))
    people.admin(People.ANALYTICS, "iam").delete_user_policy(UserName="user01", PolicyName="all")
    s3 = people.client("s3", user01)
    assert refusal(s3.get_object, Bucket=BUCKET, Key="a.img.xz").code == "AccessDenied"


def test_both_sides_together_are_and_reach_the_owners_bucket(people: People, user01: Keys) -> None:
    put_policy(people, lets_in({"AWS": USER}))
    s3 = people.client("s3", user01)
    assert s3.get_object(Bucket=BUCKET, Key="a.img.xz")["Body"].read() == b"backup"
    s3.put_object(Bucket=BUCKET, Key="theirs", Body=b"x")
    listed = people.admin(People.DATA, "s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [item["Key"] for item in listed] == ["a.img.xz", "theirs"]
    assert s3.list_buckets()["Buckets"] == []


def test_a_deny_of_the_owner_wins(people: People, user01: Keys) -> None:
    both = lets_in({"AWS": USER})
    both["Statement"] += lets_in({"AWS": USER}, "s3:GetObject", "Deny")["Statement"]
    put_policy(people, both)
    told = refusal(people.client("s3", user01).get_object, Bucket=BUCKET, Key="a.img.xz")
    assert told.message == (
        f'User: {USER} is not authorized to perform: s3:GetObject on resource: "{ARN}/a.img.xz" '
        "with an explicit deny in a resource-based policy"
    )


def test_another_user_of_the_same_account_is_not_let_in(people: People, user01: Keys) -> None:
    put_policy(people, lets_in({"AWS": USER}))
    other = people.user(People.ANALYTICS, "user012", all=allow("s3:*", "*"))
    assert (
        refusal(people.client("s3", other).get_object, Bucket=BUCKET, Key="a.img.xz").code == "AccessDenied"
    )


def test_within_one_account_the_bucket_policy_alone_is_enough(people: People) -> None:
    people.bucket()
    keys = people.user(People.DATA, "reader")
    put_policy(people, lets_in({"AWS": f"arn:aws:iam::{People.DATA}:user/reader"}, "s3:GetObject"))
    people.client("s3", keys).get_object(Bucket=BUCKET, Key="a.img.xz")


def test_anonymous_reads_only_what_a_policy_gives_everybody(people: People) -> None:
    people.bucket()
    assert anonymous(people, f"/{BUCKET}/a.img.xz") == 403
    put_policy(people, lets_in("*", "s3:GetObject"))
    assert anonymous(people, f"/{BUCKET}/a.img.xz") == 200
    assert anonymous(people, f"/{BUCKET}") == 403


def test_an_acl_grants_nothing(people: People) -> None:
    """Trap 46: the owner is enforced, as on every new bucket."""
    people.bucket()
    people.admin(People.DATA, "s3").put_object_acl(Bucket=BUCKET, Key="a.img.xz", ACL="public-read")
    assert anonymous(people, f"/{BUCKET}/a.img.xz") == 403


def test_another_owner_than_expected_is_refused_on_every_call(people: People) -> None:
    """Trap 90: moto ignores the expected owner on HeadBucket."""
    people.bucket()
    s3 = people.admin(People.DATA, "s3")
    calls = {
        "head_bucket": {},
        "list_objects_v2": {},
        "get_bucket_policy": {},
        "get_bucket_location": {},
        "put_bucket_policy": {"Policy": json.dumps(lets_in({"AWS": People.ANALYTICS}))},
        "put_object": {"Key": "x", "Body": b""},
        "get_object": {"Key": "a.img.xz"},
        "delete_bucket": {},
    }
    for name, more in calls.items():
        told = refusal(getattr(s3, name), Bucket=BUCKET, ExpectedBucketOwner=People.ANALYTICS, **more)
        assert told.status == 403, name
    s3.head_bucket(Bucket=BUCKET, ExpectedBucketOwner=People.DATA)
    assert refusal(s3.get_bucket_policy, Bucket=BUCKET).code == "NoSuchBucketPolicy"


def test_the_expected_owner_of_a_copys_source_is_checked(people: People) -> None:
    people.bucket()
    s3 = people.admin(People.DATA, "s3")
    copy = {"Bucket": BUCKET, "Key": "copy", "CopySource": {"Bucket": BUCKET, "Key": "a.img.xz"}}
    assert refusal(s3.copy_object, ExpectedSourceBucketOwner=People.ANALYTICS, **copy).status == 403
    s3.copy_object(ExpectedSourceBucketOwner=People.DATA, **copy)


def test_a_copy_needs_both_the_source_and_the_target(people: People) -> None:
    people.bucket()
    keys = people.user(People.DATA, "copier", put=allow("s3:PutObject", f"{ARN}/*"))
    copy = {"Bucket": BUCKET, "Key": "copy", "CopySource": {"Bucket": BUCKET, "Key": "a.img.xz"}}
    assert refusal(people.client("s3", keys).copy_object, **copy).code == "AccessDenied"
    people.admin(People.DATA, "iam").put_user_policy(
        UserName="copier", PolicyName="get", PolicyDocument=json.dumps(allow("s3:GetObject", f"{ARN}/*"))
    )
    people.client("s3", keys).copy_object(**copy)


def test_deleting_many_is_one_permission_per_key(people: People) -> None:
    people.bucket(keys=("mine/a", "other/b"))
    keys = people.user(People.DATA, "cleaner", delete=allow("s3:DeleteObject", f"{ARN}/mine/*"))
    wanted = {"Objects": [{"Key": "mine/a"}, {"Key": "other/b"}]}
    told = people.client("s3", keys).delete_objects(Bucket=BUCKET, Delete=wanted)
    assert [item["Key"] for item in told["Deleted"]] == ["mine/a"]
    assert [(item["Key"], item["Code"]) for item in told["Errors"]] == [("other/b", "AccessDenied")]
    listed = people.admin(People.DATA, "s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [item["Key"] for item in listed] == ["other/b"]


def test_deleting_many_where_none_is_allowed_deletes_none(people: People) -> None:
    people.bucket(keys=("a", "b"))
    keys = people.user(People.DATA, "cleaner", list=allow("s3:ListBucket", ARN))
    wanted = {"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}
    told = people.client("s3", keys).delete_objects(Bucket=BUCKET, Delete=wanted)
    assert {item["Key"] for item in told["Errors"]} == {"a", "b"}
    assert len(people.admin(People.DATA, "s3").list_objects_v2(Bucket=BUCKET)["Contents"]) == 2


def test_a_missing_key_is_404_only_for_who_may_list(people: People) -> None:
    people.bucket()
    get_only = people.client("s3", people.user(People.DATA, "getter", get=allow("s3:GetObject", f"{ARN}/*")))
    assert refusal(get_only.get_object, Bucket=BUCKET, Key="none").code == "AccessDenied"
    assert refusal(get_only.head_object, Bucket=BUCKET, Key="none").status == 403
    get_only.get_object(Bucket=BUCKET, Key="a.img.xz")
    lister = people.client("s3", people.user(People.DATA, "lister", list=allow("s3:ListBucket", ARN)))
    assert refusal(lister.get_object, Bucket=BUCKET, Key="none").code == "NoSuchKey"
    assert refusal(lister.head_object, Bucket=BUCKET, Key="none").status == 404
    assert refusal(lister.get_object, Bucket=BUCKET, Key="a.img.xz").code == "AccessDenied"


def test_the_answer_to_a_refused_head_has_no_body(people: People, user01: Keys) -> None:
    """Trap 50: there is no reason in it, only a status."""
    told = refusal(people.client("s3", user01).head_object, Bucket=BUCKET, Key="a.img.xz")
    assert (told.status, told.code) == (403, "403")


def test_policy_calls_from_another_account_are_405_where_they_are_allowed(
    people: People, user01: Keys
) -> None:
    s3 = people.client("s3", user01)
    policy = lets_in({"AWS": USER})
    assert refusal(s3.get_bucket_policy, Bucket=BUCKET).status == 403
    put_policy(people, policy)
    for call, more in (
        (s3.get_bucket_policy, {}),
        (s3.put_bucket_policy, {"Policy": json.dumps(policy)}),
        (s3.delete_bucket_policy, {}),
    ):
        told = refusal(call, Bucket=BUCKET, **more)
        assert (told.status, told.code) == (405, "MethodNotAllowed")
    people.admin(People.DATA, "s3").get_bucket_policy(Bucket=BUCKET)


def block(people: People, **switches: bool) -> None:
    people.admin(People.DATA, "s3").put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration=switches
    )


def test_block_public_policy_refuses_a_public_policy_only(people: People) -> None:
    people.bucket()
    block(people, BlockPublicPolicy=True)
    s3 = people.admin(People.DATA, "s3")
    told = refusal(s3.put_bucket_policy, Bucket=BUCKET, Policy=json.dumps(lets_in("*")))
    assert (told.status, told.code) == (403, "AccessDenied")
    put_policy(people, lets_in({"AWS": People.ANALYTICS}))


def test_restrict_public_buckets_cuts_off_other_accounts_also_those_named(
    people: People, user01: Keys
) -> None:
    """One public statement cuts off every other account, "including non-public delegation"."""
    both = lets_in({"AWS": USER})
    put_policy(people, both)
    block(people, RestrictPublicBuckets=True)
    s3 = people.client("s3", user01)
    s3.get_object(Bucket=BUCKET, Key="a.img.xz")
    both["Statement"] += lets_in("*", "s3:GetObject")["Statement"]
    put_policy(people, both)
    assert refusal(s3.get_object, Bucket=BUCKET, Key="a.img.xz").code == "AccessDenied"
    assert anonymous(people, f"/{BUCKET}/a.img.xz") == 403
    people.admin(People.DATA, "s3").get_object(Bucket=BUCKET, Key="a.img.xz")
    block(people, RestrictPublicBuckets=False)
    s3.get_object(Bucket=BUCKET, Key="a.img.xz")


def test_block_public_acls_refuses_public_acls(people: People) -> None:
    people.bucket()
    block(people, BlockPublicAcls=True)
    s3 = people.admin(People.DATA, "s3")
    told = refusal(s3.put_object, Bucket=BUCKET, Key="x", Body=b"", ACL="public-read")
    assert (told.status, told.code) == (403, "AccessDenied")
    assert refusal(s3.put_bucket_acl, Bucket=BUCKET, ACL="public-read-write").code == "AccessDenied"
    s3.put_object(Bucket=BUCKET, Key="x", Body=b"", ACL="private")


def test_names_of_buckets_are_global(people: People) -> None:
    people.bucket()
    told = refusal(people.admin(People.ANALYTICS, "s3").create_bucket, Bucket=BUCKET)
    assert (told.status, told.code) == (409, "BucketAlreadyExists")


def test_a_missing_bucket_is_404(people: People) -> None:
    s3 = people.admin(People.DATA, "s3")
    assert refusal(s3.list_objects_v2, Bucket="no-such-bucket").code == "NoSuchBucket"
    assert refusal(s3.head_bucket, Bucket="no-such-bucket").status == 404


def test_no_user_may_nothing_by_default(people: People) -> None:
    people.bucket()
    keys = people.user(People.DATA, "nobody")
    s3, iam = people.client("s3", keys), people.client("iam", keys)
    for call, more in (
        (s3.list_buckets, {}),
        (s3.list_objects_v2, {"Bucket": BUCKET}),
        (s3.create_bucket, {"Bucket": "another-one"}),
        (iam.list_users, {}),
        (iam.create_user, {"UserName": "eve"}),
        (iam.put_user_policy, {"UserName": "nobody", "PolicyName": "p", "PolicyDocument": "{}"}),
    ):
        assert refusal(call, **more).code == "AccessDenied"
    assert people.client("sts", keys).get_caller_identity()["Account"] == People.DATA
