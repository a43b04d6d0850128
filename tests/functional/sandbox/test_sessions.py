"""Sessions of users, second factors, tags and source identities."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tests.functional.sandbox.people import Keys, People, allow, refusal, trust
from xacct.sandbox import second_factor

ADMIN = f"arn:aws:iam::{People.DATA}:user/admin"


def keys_of(answer: dict[str, dict[str, str]]) -> Keys:
    found = answer["Credentials"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def test_a_users_session_has_the_users_rights_but_not_in_iam(people: People) -> None:
    people.bucket()
    keys = people.user(People.DATA, "anna", s3=allow(["s3:*", "iam:*"], "*"))
    session = keys_of(people.client("sts", keys).get_session_token(DurationSeconds=900))
    assert people.client("sts", session).get_caller_identity()["Arn"].endswith(":user/anna")
    people.client("s3", session).list_objects_v2(Bucket="mongodb-snapshots")
    assert refusal(people.client("iam", session).list_users).status == 403
    people.client("iam", keys).list_users()
    told = refusal(people.client("sts", session).get_session_token)
    assert told.code == "AccessDenied"
    people.admin(People.DATA, "iam").delete_user_policy(UserName="anna", PolicyName="s3")
    told = refusal(people.client("s3", session).list_objects_v2, Bucket="mongodb-snapshots")
    assert told.code == "AccessDenied"


def test_a_federated_user_has_what_both_the_user_and_the_policy_allow(people: People) -> None:
    people.bucket()
    keys = people.user(People.DATA, "anna", all=allow(["s3:*", "sts:GetFederationToken"], "*"))
    token = people.client("sts", keys)
    with_policy = keys_of(
        token.get_federation_token(Name="guest", Policy=json.dumps(allow("s3:ListBucket", "*")))
    )
    s3 = people.client("s3", with_policy)
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    told = refusal(s3.get_object, Bucket="mongodb-snapshots", Key="a.img.xz")
    assert told.code == "AccessDenied"
    assert f"arn:aws:sts::{People.DATA}:federated-user/guest" in told.message
    without = keys_of(token.get_federation_token(Name="guest"))
    assert refusal(people.client("s3", without).list_objects_v2, Bucket="mongodb-snapshots").status == 403
    told_arn = people.client("sts", without).get_caller_identity()["Arn"]
    assert told_arn == f"arn:aws:sts::{People.DATA}:federated-user/guest"


def device(people: People, name: str) -> tuple[str, str]:
    iam = people.admin(People.DATA, "iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    serial = made["SerialNumber"]
    seed = people.sandbox_seed(serial)
    code = max(second_factor.codes(seed, datetime.now(UTC)))
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1=code, AuthenticationCode2=code
    )
    return serial, seed


def test_a_role_that_asks_for_a_second_factor_wants_a_right_code(people: People) -> None:
    keys = people.user(People.DATA, "anna", all=allow("sts:AssumeRole", "*"))
    anna = f"arn:aws:iam::{People.DATA}:user/anna"
    role = people.role("careful", trust({"AWS": anna}, Bool={"aws:MultiFactorAuthPresent": "true"}))
    serial, seed = device(people, "anna")
    client = people.client("sts", keys)
    asked = {"RoleArn": role, "RoleSessionName": "session"}
    assert refusal(client.assume_role, **asked).code == "AccessDenied"
    right = second_factor.codes(seed, datetime.now(UTC))
    wrong = next(f"{number:06}" for number in range(10) if f"{number:06}" not in right)
    told = refusal(client.assume_role, SerialNumber=serial, TokenCode=wrong, **asked)
    assert (told.code, "MultiFactorAuthentication failed" in told.message) == ("AccessDenied", True)
    other = refusal(client.assume_role, SerialNumber=f"{serial}x", TokenCode=max(right), **asked)
    assert other.code == "AccessDenied"
    client.assume_role(SerialNumber=serial, TokenCode=max(right), **asked)


def test_a_users_session_with_a_second_factor_carries_it_on(people: People) -> None:
    keys = people.user(People.DATA, "anna", all=allow(["sts:AssumeRole", "iam:ListUsers"], "*"))
    anna = f"arn:aws:iam::{People.DATA}:user/anna"
    role = people.role("careful", trust({"AWS": anna}, Bool={"aws:MultiFactorAuthPresent": "true"}))
    serial, seed = device(people, "anna")
    client = people.client("sts", keys)
    code = max(second_factor.codes(seed, datetime.now(UTC)))
    plain = keys_of(client.get_session_token())
    proved = keys_of(client.get_session_token(SerialNumber=serial, TokenCode=code))
    asked = {"RoleArn": role, "RoleSessionName": "session"}
    assert refusal(people.client("sts", plain).assume_role, **asked).code == "AccessDenied"
    people.client("sts", proved).assume_role(**asked)
    people.client("iam", proved).list_users()


def test_a_session_of_a_role_carries_no_second_factor(people: People) -> None:
    """MFA is known when the role is assumed only; a role as principal never has one."""
    keys = people.user(People.DATA, "anna", all=allow("sts:AssumeRole", "*"))
    anna = f"arn:aws:iam::{People.DATA}:user/anna"
    first = people.role("first", trust({"AWS": anna}), allow("sts:AssumeRole", "*"))
    second = people.role("second", trust({"AWS": first}, Bool={"aws:MultiFactorAuthPresent": "true"}))
    serial, seed = device(people, "anna")
    code = max(second_factor.codes(seed, datetime.now(UTC)))
    session = people.assume(keys, first, SerialNumber=serial, TokenCode=code)
    told = refusal(people.client("sts", session).assume_role, RoleArn=second, RoleSessionName="session")
    assert told.code == "AccessDenied"


def test_session_tags_need_their_own_permission_and_are_judged(people: People) -> None:
    keys = people.user(People.DATA, "anna", all=allow(["sts:AssumeRole", "sts:TagSession"], "*"))
    anna = {"AWS": f"arn:aws:iam::{People.DATA}:user/anna"}
    people.bucket()
    rights = allow("s3:ListBucket", "*", StringEquals={"aws:PrincipalTag/team": "data"})
    role = people.role("tagged", trust(anna), rights)
    tags = [{"Key": "team", "Value": "data"}]
    told = refusal(people.client("sts", keys).assume_role, RoleArn=role, RoleSessionName="session", Tags=tags)
    assert "sts:TagSession" in told.message
    both = trust(anna)
    both["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    people.admin(People.DATA, "iam").update_assume_role_policy(
        RoleName="tagged", PolicyDocument=json.dumps(both)
    )
    tagged, bare = people.assume(keys, role, Tags=tags), people.assume(keys, role)
    people.client("s3", tagged).list_objects_v2(Bucket="mongodb-snapshots")
    told = refusal(people.client("s3", bare).list_objects_v2, Bucket="mongodb-snapshots")
    assert told.code == "AccessDenied"


def test_session_policies_by_arn_are_judged_as_they_are_today(people: People) -> None:
    people.bucket()
    iam = people.admin(People.DATA, "iam")
    arn = iam.create_policy(PolicyName="session", PolicyDocument=json.dumps(allow("s3:ListBucket", "*")))[
        "Policy"
    ]["Arn"]
    role = people.role("reader", trust({"AWS": ADMIN}), allow("s3:*", "*"))
    session = people.assume(people.keys_of_admin(People.DATA), role, PolicyArns=[{"arn": arn}])
    s3 = people.client("s3", session)
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    assert refusal(s3.get_object, Bucket="mongodb-snapshots", Key="a.img.xz").code == "AccessDenied"
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(allow("s3:GetObject", "*")), SetAsDefault=True
    )
    s3.get_object(Bucket="mongodb-snapshots", Key="a.img.xz")
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"


def test_a_session_policy_that_is_none_is_refused(people: People) -> None:
    role = people.role("reader", trust({"AWS": ADMIN}))
    client = people.client("sts", people.keys_of_admin(People.DATA))
    asked = {"RoleArn": role, "RoleSessionName": "session"}
    for policy in ("not JSON", json.dumps(trust({"AWS": ADMIN}))):
        told = refusal(client.assume_role, Policy=policy, **asked)
        assert (told.status, told.code) == (400, "MalformedPolicyDocument")
    nowhere = f"arn:aws:iam::{People.DATA}:policy/nowhere"
    assert refusal(client.assume_role, PolicyArns=[{"arn": nowhere}], **asked).status == 400


def test_a_revocation_by_issue_time_hits_older_sessions(people: People) -> None:
    people.bucket()
    role = people.role("reader", trust({"AWS": ADMIN}), allow("s3:*", "*"))
    session = people.assume(people.keys_of_admin(People.DATA), role)
    s3 = people.client("s3", session)
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    older = allow("*", "*", DateLessThan={"aws:TokenIssueTime": "2100-01-01T00:00:00Z"})
    older["Statement"][0]["Effect"] = "Deny"
    people.admin(People.DATA, "iam").put_role_policy(
        RoleName="reader", PolicyName="AWSRevokeOlderSessions", PolicyDocument=json.dumps(older)
    )
    told = refusal(s3.list_objects_v2, Bucket="mongodb-snapshots")
    assert "with an explicit deny in an identity-based policy" in told.message


def test_a_key_tells_its_account(people: People) -> None:
    told = people.admin(People.DATA, "sts").get_access_key_info(
        AccessKeyId=people.keys_of_admin(People.ANALYTICS).id
    )
    assert told["Account"] == People.ANALYTICS


def test_a_token_that_is_none_opens_no_role_even_one_that_anyone_may_enter(people: People) -> None:
    role = people.role("any", trust("*"))
    client = people.client("sts", people.keys_of_admin(People.DATA))
    told = refusal(
        client.assume_role_with_web_identity,
        RoleArn=role,
        RoleSessionName="session",
        WebIdentityToken="a.b.c",
    )
    assert (told.status, told.code) == (400, "InvalidIdentityToken")
