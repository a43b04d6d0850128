"""A principal that is deleted and made again under the same name: somebody else, until one says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import Cloud
from xacct.errors import ExitCode
from xacct.kinds.mark import FINGERPRINT_TAG, MANIFEST_TAG
from xacct.sandbox.world import Extra

OWNER, USERS = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{OWNER}:role/reader"
TEXT = f"""
version: 1
name: logs
accounts:
  data: {{id: "{OWNER}", profile: data-admin}}
  apps: {{id: "{USERS}", profile: apps-admin}}
users:
  apps/user/anna: {{profile: apps-anna}}
  apps/user/bob: {{profile: apps-bob}}
links:
  - role: data/role/reader
    trust: [TRUST]
    grant: [apps/group/Testers]
    bucket: logs
    access: [list, read]
"""


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud(OWNER, USERS)


def applied(cloud: Cloud, trust: str, more: str = "") -> str:
    path = manifest(cloud, trust, more)
    cloud.furnish(path)
    ran = cloud.xacct("apply", "--yes", "-f", path)
    assert ran.code == ExitCode.DONE, ran.out + ran.err
    return path


def manifest(cloud: Cloud, trust: str, more: str = "") -> str:
    return str(cloud.write("xacct.yaml", TEXT.replace("TRUST", trust) + more))


def iam(cloud: Cloud, account: str = USERS) -> Any:
    return cloud.world.client("iam", account)


def delete(cloud: Cloud, name: str) -> str:
    """Delete a user with all that hangs on it; gives its unique id."""
    service = iam(cloud)
    for key in service.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        service.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in service.list_groups_for_user(UserName=name)["Groups"]:
        service.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    unique = str(service.get_user(UserName=name)["User"]["UserId"])
    service.delete_user(UserName=name)
    return unique


def make_again(cloud: Cloud, name: str) -> tuple[str, str]:
    """The same name, in the same group: old id and new id."""
    old = delete(cloud, name)
    made = iam(cloud).create_user(UserName=name)["User"]["UserId"]
    iam(cloud).add_user_to_group(GroupName="Testers", UserName=name)
    return old, str(made)


def trust(cloud: Cloud) -> list[dict[str, Any]]:
    document = iam(cloud, OWNER).get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]
    found: list[dict[str, Any]] = document["Statement"]
    return found


def writes(cloud: Cloud) -> list[str]:
    return [
        one.operation
        for one in cloud.sandbox.requests
        if one.service == "iam" and not one.operation.startswith(("Get", "List"))
    ]


def test_it_is_told_with_ids_and_dates_and_refused(cloud: Cloud) -> None:
    """Trap 1: the raw id appears, and the new holder of the name is not trusted by anything but a new save."""
    path = applied(cloud, "apps/user/anna")
    old, new = make_again(cloud, "anna")
    assert trust(cloud)[0]["Principal"] == {"AWS": old}
    before = writes(cloud)
    for words in (["plan"], ["apply", "--yes"]):
        ran = cloud.xacct(*words, "-f", path)
        assert ran.code == ExitCode.REFUSED
        assert "Made again under the same name" in ran.err
        assert f"bound to {old}" in ran.err
        assert f"arn:aws:iam::{USERS}:user/anna has the id {new} now and was made on 20" in ran.err
        assert "--retrust" in ran.err
    assert writes(cloud) == before


def test_it_is_trusted_anew_only_with_the_word(cloud: Cloud) -> None:
    """Trap 2: the save itself is what binds the trust to the new holder of the name."""
    path = applied(cloud, "apps/user/anna")
    make_again(cloud, "anna")
    ran = cloud.xacct("apply", "--yes", "--retrust", "-f", path)
    assert ran.code == ExitCode.DONE, ran.err
    assert "Made again under the same name" in ran.out + ran.err
    assert trust(cloud)[0]["Principal"] == {"AWS": f"arn:aws:iam::{USERS}:user/anna"}
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE


def test_who_is_made_again_after_the_approval_is_not_whom_it_was_given_for(
    cloud: Cloud, tmp_path: Path
) -> None:
    path = applied(cloud, "apps/user/anna")
    make_again(cloud, "anna")
    saved = str(tmp_path / "plan.json")
    assert cloud.xacct("plan", "--retrust", "-o", saved, "-f", path).code == ExitCode.DONE
    approved, third = make_again(cloud, "anna")
    before = writes(cloud)
    ran = cloud.xacct("apply", saved, "--yes")
    assert ran.code == ExitCode.REFUSED, ran.out + ran.err
    assert writes(cloud) == before
    assert f"unique id: {approved} -> {third}" in ran.err


def test_an_id_that_nobody_has_is_told_and_never_pruned_by_itself(cloud: Cloud) -> None:
    """Trap 3: from here one cannot tell a deleted principal from one that cannot be seen."""
    applied(cloud, "apps/user/anna, apps/user/bob")
    gone = delete(cloud, "bob")
    path = manifest(cloud, "apps/user/anna")
    text = (
        cloud.folder.joinpath("xacct.yaml").read_text().replace("  apps/user/bob: {profile: apps-bob}\n", "")
    )
    cloud.write("xacct.yaml", text)
    before = writes(cloud)
    ran = cloud.xacct("plan", "--detailed-exitcode", "-f", path)
    assert ran.code == ExitCode.DONE, ran.out + ran.err
    assert f"also trusts {gone}" in ran.out
    assert cloud.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    assert writes(cloud) == before


def test_a_save_that_would_lose_such_an_id_is_refused_without_the_word(cloud: Cloud) -> None:
    applied(cloud, "apps/user/bob")
    gone = delete(cloud, "bob")
    text = TEXT.replace("TRUST", "apps/user/anna").replace("  apps/user/bob: {profile: apps-bob}\n", "")
    path = str(cloud.write("xacct.yaml", text))
    refused = cloud.xacct("apply", "--yes", "-f", path)
    assert refused.code == ExitCode.REFUSED
    assert gone in refused.err
    assert cloud.xacct("apply", "--yes", "--retrust", "-f", path).code == ExitCode.DONE
    assert trust(cloud)[0]["Principal"] == {"AWS": f"arn:aws:iam::{USERS}:user/anna"}


def test_a_renamed_user_is_the_same_one(cloud: Cloud) -> None:
    """The id stays, and the trust shows the new ARN: no id is lost."""
    applied(cloud, "apps/user/anna")
    iam(cloud).update_user(UserName="anna", NewUserName="anne")
    text = TEXT.replace("TRUST", "apps/user/anne").replace("apps/user/anna:", "apps/user/anne:")
    path = str(cloud.write("xacct.yaml", text))
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE


def test_a_role_that_was_made_again_is_somebody_else_too(cloud: Cloud) -> None:
    path = applied(cloud, "apps/role/jobs/runner")
    service = iam(cloud)
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": USERS}, "Action": "sts:AssumeRole"},
        }
    )
    old = service.get_role(RoleName="runner")["Role"]["RoleId"]
    service.delete_role_policy(RoleName="runner", PolicyName="everything")
    service.delete_role(RoleName="runner")
    service.create_role(RoleName="runner", Path="/jobs/", AssumeRolePolicyDocument=document)
    refused = cloud.xacct("apply", "--yes", "-f", path)
    assert refused.code == ExitCode.REFUSED
    assert f"bound to {old}" in refused.err


def tagged(cloud: Cloud) -> list[dict[str, str]]:
    """Mark a user of A by hand as if a manifest had made it, and with a tag of its owner's."""
    tags = [
        {"Key": MANIFEST_TAG, "Value": "logs"},
        {"Key": FINGERPRINT_TAG, "Value": "0123456789ab"},
        {"Key": "team", "Value": "search"},
    ]
    iam(cloud).tag_user(UserName="anna", Tags=tags)
    return tags


def test_a_user_made_again_with_all_tags_of_the_first_is_somebody_else_still(cloud: Cloud) -> None:
    """Trap 81: a tag is evidence only; who may make a user may tag it too."""
    path = applied(cloud, "apps/user/anna")
    tags = tagged(cloud)
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE
    old = delete(cloud, "anna")
    iam(cloud).create_user(UserName="anna", Tags=tags)
    iam(cloud).add_user_to_group(GroupName="Testers", UserName="anna")
    assert iam(cloud).list_user_tags(UserName="anna")["Tags"] == tags
    refuses_to_trust_again(cloud, path, old)
    assert cloud.xacct("apply", "--yes", "--retrust", "-f", path).code == ExitCode.DONE
    assert trust(cloud)[0]["Principal"] == {"AWS": f"arn:aws:iam::{USERS}:user/anna"}


def test_a_role_of_the_manifest_made_again_with_its_marks_is_somebody_else_still(cloud: Cloud) -> None:
    """Trap 81: the marks of xacct itself, copied with all else, are no reason to let the new role in."""
    path = applied(
        cloud,
        "apps/role/jobs/runner",
        "roles:\n  apps/role/jobs/runner: {trust: {principals: [apps/user/bob]}, tags: {team: search}}\n",
    )
    service = iam(cloud)
    was = service.get_role(RoleName="runner")["Role"]
    assert {tag["Key"] for tag in was["Tags"]} == {MANIFEST_TAG, FINGERPRINT_TAG, "team"}
    held = service.list_role_policies(RoleName="runner")["PolicyNames"]
    documents = {
        name: service.get_role_policy(RoleName="runner", PolicyName=name)["PolicyDocument"] for name in held
    }
    for name in held:
        service.delete_role_policy(RoleName="runner", PolicyName=name)
    service.delete_role(RoleName="runner")
    service.create_role(
        RoleName="runner",
        Path=was["Path"],
        AssumeRolePolicyDocument=json.dumps(was["AssumeRolePolicyDocument"]),
        MaxSessionDuration=was["MaxSessionDuration"],
        Tags=was["Tags"],
    )
    for name, document in documents.items():
        service.put_role_policy(RoleName="runner", PolicyName=name, PolicyDocument=json.dumps(document))
    refuses_to_trust_again(cloud, path, was["RoleId"])


def refuses_to_trust_again(cloud: Cloud, path: str, old: str) -> None:
    before = writes(cloud)
    for words in (["plan"], ["apply", "--yes"]):
        ran = cloud.xacct(*words, "-f", path)
        assert ran.code == ExitCode.REFUSED, ran.out + ran.err
        assert f"bound to {old}" in ran.err
        assert "--retrust" in ran.err
    assert writes(cloud) == before
    assert trust(cloud)[0]["Principal"] == {"AWS": old}


def test_a_pin_keeps_the_new_one_out_whoever_saves_the_trust(cloud: Cloud) -> None:
    """Trap 85: the id in a condition survives a save of the document, which trap 2 does not."""
    path = applied(cloud, "apps/user/anna", "    pin: true\n")
    (statement,) = trust(cloud)
    unique = iam(cloud).get_user(UserName="anna")["User"]["UserId"]
    assert statement["Condition"] == {"StringLike": {"aws:userid": unique}}
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE
    assert cloud.xacct("verify", "-f", path, "--only", "reader", "--wait", "0").out.count(" ok ") >= 3

    old, new = make_again(cloud, "anna")
    arn = f"arn:aws:iam::{USERS}:user/anna"
    resaved = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": {"AWS": arn}}]}
    iam(cloud, OWNER).update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(resaved))
    assert trust(cloud)[0]["Principal"] == {"AWS": arn}
    cloud.world.add(Extra(USERS, "anna", "apps-anna"))  # a key for the new one
    cloud.world.write_config(cloud.config)
    assert "is not authorized to perform: sts:AssumeRole" in " ".join(
        cloud.xacct("use", "-f", path, "reader", "--as", "anna", "--", "true").err.split()
    )
    refused = cloud.xacct("apply", "--yes", "-f", path)
    assert refused.code == ExitCode.REFUSED
    assert f"bound to {old}" in refused.err
    assert new in refused.err
    assert cloud.xacct("apply", "--yes", "--retrust", "-f", path).code == ExitCode.DONE
    assert trust(cloud)[0]["Condition"] == {"StringLike": {"aws:userid": new}}


def test_the_sessions_of_a_role_are_pinned_by_its_id(cloud: Cloud) -> None:
    path = applied(cloud, "apps/role/jobs/runner", "    pin: true\n")
    unique = iam(cloud).get_role(RoleName="runner")["Role"]["RoleId"]
    assert trust(cloud)[0]["Condition"] == {"StringLike": {"aws:userid": f"{unique}:*"}}
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE
