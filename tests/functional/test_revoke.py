"""``xacct revoke`` on the embedded cloud: who is out is out at once, and the next plan says what is different."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_removal import writes
from xacct.errors import ExitCode
from xacct.plan.revocation import AT_SENDING, POLICY

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"
ROLE = "cross-bucket-access-mongodb-logs"
ARN = f"arn:aws:iam::{DATA}:role/{ROLE}"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LINK, objects={"mongodb-snapshots": ["monday"]})
    assert made.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    return made


def assume() -> Any:
    """S3 with a session of the role, opened by the seed's user."""
    session = boto3.Session(profile_name="acct-a-user01")
    given = session.client("sts").assume_role(RoleArn=ARN, RoleSessionName="someone")["Credentials"]
    return session.client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False


def listing(s3: Any) -> Callable[[], object]:
    return lambda: s3.list_objects_v2(Bucket="mongodb-snapshots")


@pytest.mark.parametrize("what", [ROLE, f"data/role/{ROLE}", "analytics/user/user01", "analytics", ARN])
def test_nobody_gets_in_any_more_and_open_sessions_are_named(what: str, cloud: Cloud) -> None:
    s3 = assume()
    done = cloud.xacct("revoke", what, "-f", LINK)
    assert done.code == ExitCode.DONE, done.err
    assert refused(assume)
    assert not refused(listing(s3))
    assert f"Sessions of data/role/{ROLE} that are open go on for up to 1 h" in done.out
    assert "take it out there" in done.out


def test_open_sessions_are_ended_and_those_opened_later_are_not(cloud: Cloud) -> None:
    """Traps 55, 79: a session outlives the trust that it was opened under, and its rights are judged anew."""
    s3 = assume()
    done = cloud.xacct("revoke", ROLE, "--kill-sessions", "--again-after", "1.1", "-f", LINK)
    assert done.code == ExitCode.DONE, done.err
    assert refused(listing(s3))
    iam = cloud.world.client("iam", DATA)
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName=POLICY)["PolicyDocument"]
    assert AT_SENDING not in json.dumps(policy)
    assert "go on" not in done.out
    assert cloud.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    assert refused(listing(s3))
    time.sleep(1)  # sessions of the very second in which others are ended are ended too
    assert not refused(listing(assume()))


@pytest.mark.parametrize("who", ["analytics/user/user01", "analytics"])
def test_sessions_of_who_is_out_already_can_be_ended_afterwards(who: str, cloud: Cloud) -> None:
    """Who follows the advice of the first revocation must not find that it does nothing."""
    s3 = assume()
    first = cloud.xacct("revoke", who, "-f", LINK)
    assert "--kill-sessions ends them" in first.out
    assert not refused(listing(s3))
    second = cloud.xacct("revoke", who, "--kill-sessions", "--again-after", "0", "-f", LINK)
    assert second.code == ExitCode.DONE, second.err
    assert refused(listing(s3))


def test_the_next_plan_shows_what_is_different_and_taking_it_out_makes_it_last(cloud: Cloud) -> None:
    assert cloud.xacct("revoke", ROLE, "-f", LINK).code == ExitCode.DONE
    plan = json.loads(cloud.xacct("plan", "--format", "json", "-f", LINK).out)
    assert [step["address"] for step in plan["steps"]] == [f"data/role/{ROLE}"]
    assert any("user01 gains" in one["text"] for one in plan["access"])
    gone = cloud.xacct("destroy", "--yes", "-f", LINK)
    assert gone.code == ExitCode.DONE, gone.err


def test_what_ended_sessions_goes_with_its_role(cloud: Cloud) -> None:
    assert (
        cloud.xacct("revoke", ROLE, "--kill-sessions", "--again-after", "0", "-f", LINK).code == ExitCode.DONE
    )
    gone = cloud.xacct("destroy", "--yes", "-f", LINK)
    assert gone.code == ExitCode.DONE, gone.err
    assert not [
        one for one in cloud.world.client("iam", DATA).list_roles()["Roles"] if one["RoleName"] == ROLE
    ]


def test_neither_the_other_account_nor_a_guard_holds_it_back(cloud: Cloud) -> None:
    text = LINK.read_text() + f"limits: {{max_delete: 0, protect: [data/role/{ROLE}]}}\n"
    strict = cloud.write("strict.yaml", text)
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace("[profile acct-a]", "[profile elsewhere]"))
    done = cloud.xacct("revoke", ROLE, "-f", strict)
    assert done.code == ExitCode.DONE, done.err
    assert refused(assume)


def test_who_is_let_in_by_the_whole_account_gets_a_deny_of_their_own(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", DATA)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ANALYTICS}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    assume()
    assert cloud.xacct("revoke", "analytics/user/user01", "-f", LINK).code == ExitCode.DONE
    assert refused(assume)
    kept = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Effect"] for one in kept] == ["Allow", "Deny"]


def test_what_is_not_known_is_said_and_nothing_is_sent(cloud: Cloud) -> None:
    done = cloud.xacct("revoke", "nobody-here", "-f", LINK)
    assert done.code == ExitCode.USAGE
    assert "is no link, role or principal" in done.err
    assert not refused(assume)


def test_a_plan_can_end_the_sessions_of_those_who_leave(cloud: Cloud) -> None:
    s3 = assume()
    other = cloud.write(
        "other.yaml",
        LINK.read_text().replace("trust: [analytics/user/user01]", "trust: [analytics/user/user02]"),
    )
    cloud.world.client("iam", ANALYTICS).create_user(UserName="user02")
    shown = cloud.xacct("plan", "-f", other)
    assert "SESSIONS: sessions of data/role/" in shown.out
    assert "that analytics/user/user01 opened go on for up to 1 h" in shown.out
    assert "--revoke-sessions ends them" in shown.out
    ended = cloud.xacct("apply", "--yes", "--revoke-sessions", "-f", other)
    assert ended.code == ExitCode.DONE, ended.err
    assert "aws:TokenIssueTime DateLessThan the time of sending" in ended.out
    assert "that analytics/user/user01 opened are ended" in ended.out
    assert refused(listing(s3))
    again = cloud.xacct("plan", "--detailed-exitcode", "-f", other)
    assert again.code == ExitCode.DONE, again.out
    assert "Sessions were ended" in again.out


def trust_of(cloud: Cloud, *principals: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def test_what_a_bucket_gives_without_a_role_is_told(cloud: Cloud) -> None:
    statement = {
        "Sid": "direct",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ANALYTICS}:user/user01"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::mongodb-snapshots/*",
    }
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket="mongodb-snapshots",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    done = cloud.xacct("revoke", "analytics/user/user01", "-f", LINK)
    assert done.code == ExitCode.DONE, done.err
    assert "data/bucket/mongodb-snapshots lets them in still, without any role: direct." in done.out
    assert refused(assume)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("analytics/user/user1", "Did you mean analytics/user/user01?"),
        (f"arn:aws:iam::{ANALYTICS}:user/User01", "Did you mean analytics/user/user01?"),
        ("analytic/user/user01", "Did you mean analytics/user/user01?"),
        ("analytcs", "Did you mean analytics?"),
        (f"data/role/{ROLE[:-1]}", f"data/role/{ROLE}?"),
        (f"arn:aws:iam::{DATA}:role/{ROLE[:-1]}", f"data/role/{ROLE}?"),
        (ROLE[:-1], f"data/role/{ROLE}?"),
        ("mongodb-snapshot", f"Roles: data/role/{ROLE}."),
        ("290122656804", f"Roles: data/role/{ROLE}."),
    ],
)
def test_a_slip_of_the_pen_does_not_look_like_a_revocation(cloud: Cloud, slip: str, meant: str) -> None:
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("revoke", slip, "-f", LINK)
    assert done.code == ExitCode.USAGE, done.out
    assert "nothing was changed" in done.err
    assert meant in done.err
    assert not writes(cloud, before)
    assert not refused(assume)


def test_who_is_named_somewhere_is_no_slip_of_the_pen(cloud: Cloud) -> None:
    """In the manifest, in a Deny, or among the users of an account that was read."""
    text = LINK.read_text().replace("users:\n", "users:\n  analytics/user/dora: {}\n")
    assert text != LINK.read_text()
    path = cloud.write("users.yaml", text)
    cloud.world.client("iam", ANALYTICS).create_user(UserName="carl")
    statements = [
        {
            "Effect": effect,
            "Principal": {"AWS": f"arn:aws:iam::{ANALYTICS}:user/{name}"},
            "Action": "sts:AssumeRole",
        }
        for effect, name in (("Allow", "user01"), ("Deny", "carl"))
    ]
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements})
    )
    for who in ("analytics/user/carl", "analytics/user/dora", "data/user/admin"):
        done = cloud.xacct("revoke", who, "-f", path)
        assert done.code == ExitCode.DONE, done.err
        assert "No role of the manifest lets" in done.out
    assert cloud.xacct("revoke", "analytics/user/carol", "-f", path).code == ExitCode.USAGE


def test_a_role_that_is_declared_and_gone_is_no_slip_of_the_pen(cloud: Cloud) -> None:
    assert cloud.xacct("destroy", "--yes", "-f", LINK).code == ExitCode.DONE
    done = cloud.xacct("revoke", ROLE, "-f", LINK)
    assert done.code == ExitCode.DONE, done.err
    assert f"data/role/{ROLE} does not exist, so there is nothing to take away." in done.out


def test_who_would_be_of_a_group_only_is_ended_and_told_to_be_nowhere(cloud: Cloud) -> None:
    """Who left the group may have sessions; but nothing tells their name from another's that is misspelled."""
    text = LINK.read_text().replace(
        "trust: [analytics/user/user01]", "trust: [{group: analytics/group/Testers, by: members}]"
    )
    path = cloud.write("group.yaml", text)
    assert cloud.xacct("revoke", "analytics/user/user1", "-f", path).code == ExitCode.USAGE
    s3 = assume()
    words = ("--kill-sessions", "--again-after", "0", "-f", path)
    done = cloud.xacct("revoke", "analytics/user/user1", *words)
    assert done.code == ExitCode.DONE, done.err
    assert '"analytics/user/user1" is let in by no role' in done.err
    assert "let in by no role" not in cloud.xacct("revoke", "analytics/user/user01", *words).err
    assert refused(listing(s3))


def test_a_refused_trust_leaves_no_fingerprint_of_it(cloud: Cloud) -> None:
    """Who does not exist cannot be named in a Deny; the role must not look edited for that."""
    trust_of(cloud, f"arn:aws:iam::{ANALYTICS}:root")
    iam = cloud.world.client("iam", DATA)
    tags = iam.get_role(RoleName=ROLE)["Role"]["Tags"]
    done = cloud.xacct("revoke", "analytics/user/nobody", "-f", LINK)
    assert done.code == ExitCode.ERROR, done.err
    assert "Invalid principal" in done.err
    assert iam.get_role(RoleName=ROLE)["Role"]["Tags"] == tags


def test_what_is_written_over_can_be_put_back_from_what_was_said(cloud: Cloud) -> None:
    trust_of(cloud, f"arn:aws:iam::{ANALYTICS}:user/admin", f"arn:aws:iam::{ANALYTICS}:user/user01")
    iam = cloud.world.client("iam", DATA)
    theirs = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=json.dumps(theirs))
    before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    words = ("revoke", ROLE, "--kill-sessions", "--again-after", "0", "-f", LINK)
    said = cloud.xacct(*words).err.splitlines()
    was = [json.loads(line.partition(" was ")[2]) for line in said if " was " in line]
    assert was == [before, theirs]
    assert " was " not in cloud.xacct(*words).err


def test_an_owner_who_cannot_be_reached_holds_no_other_back(make_cloud: Callable[..., Cloud]) -> None:
    other = "111122223333"
    made = make_cloud(DATA, ANALYTICS, other)
    text = f"""
version: 1
name: two
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
  another: {{id: "{other}", profile: acct-c}}
links:
  - {{role: data/role/one, trust: [analytics/user/user01], bucket: first, access: [list]}}
  - {{role: another/role/two, trust: [analytics/user/user01], bucket: second, access: [list]}}
"""
    path = made.write("two.yaml", text)
    made.furnish(path)
    assert made.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    config = made.config.read_text()
    for broken in (
        config.replace("[profile acct-c]", "[profile gone]"),
        config.replace("[profile acct-c]", "[profile gone]").replace("[profile acct-b]", "[profile acct-c]")
        + config[config.index("[profile acct-b]") :].partition("\n\n")[0],
    ):
        made.config.write_text(broken)
        done = made.xacct("revoke", "analytics/user/user01", "-f", path)
        assert "another" in done.err
        role = made.world.client("iam", DATA).get_role(RoleName="one")["Role"]
        assert [one["Effect"] for one in role["AssumeRolePolicyDocument"]["Statement"]] == ["Deny"]
        made.config.write_text(config)
    assert done.code == ExitCode.ERROR  # nothing was left to do where it could be reached


TWINS = f"""
version: 1
name: twins
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
links:
  - name: reader
    role: data/role/other
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: mongodb-snapshots
    access: [list]
  - name: more
    role: data/role/reader
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: mongodb-snapshots
    access: [read]
  - role: data/role/twin
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: mongodb-snapshots
    access: [write]
  - name: back
    role: analytics/role/twin
    trust: [data/user/user02]
    grant: [data/group/Testers]
    bucket: elsewhere
    access: [read]
"""


@pytest.mark.parametrize(
    ("what", "meant"),
    [
        ("twin", ["data/role/twin", "analytics/role/twin"]),
        ("role/twin", ["data/role/twin", "analytics/role/twin"]),
        ("reader", ["data/role/other", "data/role/reader"]),
    ],
)
def test_a_name_of_two_things_closes_neither_and_names_both(
    cloud: Cloud, what: str, meant: list[str]
) -> None:
    """Closing one of them would look as if all that was meant were closed."""
    path = cloud.write("twins.yaml", TWINS)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("revoke", what, "-f", path)
    assert done.code == ExitCode.USAGE
    assert all(one in done.err for one in meant), done.err
    assert not writes(cloud, before)


def test_the_arn_of_a_session_means_its_role(cloud: Cloud) -> None:
    """What CloudTrail shows of somebody in a role is the session's ARN."""
    iam = cloud.world.client("iam", ANALYTICS)
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ANALYTICS}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=document)
    path = cloud.write(
        "deployer.yaml",
        LINK.read_text().replace("analytics/user/user01]", "analytics/user/user01, analytics/role/Deployer]"),
    )
    assert cloud.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    session = f"arn:aws:sts::{ANALYTICS}:assumed-role/Deployer/somebody"
    done = cloud.xacct("revoke", session, "-f", path)
    assert done.code == ExitCode.DONE, done.err
    kept = cloud.world.client("iam", DATA).get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    assert "Deployer" not in json.dumps(kept)
    assert "user01" in json.dumps(kept)
    assert cloud.xacct("revoke", f"arn:aws:iam::{ANALYTICS}:role/Deployer", "-f", path).code == ExitCode.DONE


@pytest.mark.parametrize("what", ["arn:root", "arn:aws:iam::", "arn:aws:sts::1:assumed-role"])
def test_what_is_no_arn_is_no_principal(cloud: Cloud, what: str) -> None:
    assert cloud.xacct("revoke", what, "-f", LINK).code == ExitCode.USAGE
