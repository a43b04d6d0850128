"""A saved plan is applied as it was approved, or not at all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_removal import writes
from xacct.errors import ExitCode
from xacct.plan.bound import checksum
from xacct.plan.codec import digest_of

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"
ROLE = "cross-bucket-access-mongodb-logs"
POLICY = "mongodb-logs-bucket-access"
BUCKET = "mongodb-snapshots"
WITH_BUCKET = """
buckets:
  data/bucket/mongodb-snapshots:
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Deny
          Principal: "*"
          Action: s3:DeleteBucket
          Resource: arn:aws:s3:::mongodb-snapshots
"""


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.write("xacct.yaml", LINK.read_text())
    made.furnish("xacct.yaml")
    return made


def saved(cloud: Cloud, *words: str) -> dict[str, Any]:
    done = cloud.xacct("plan", "-o", "plan.json", *words)
    assert done.code == ExitCode.DONE, done.err
    body: dict[str, Any] = json.loads(Path("plan.json").read_text())
    return body


def refused(cloud: Cloud, *words: str) -> str:
    """What the refusal says; nothing was sent that writes."""
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "plan.json", *words)
    assert done.code == ExitCode.REFUSED, done.out + done.err
    assert not writes(cloud, before)
    return done.err


def rewritten(body: dict[str, Any]) -> None:
    """Write the file as one would who knows how its sums are made."""
    body["digest"] = digest_of(body)
    body["checksum"] = checksum(body)
    Path("plan.json").write_text(json.dumps(body))


def test_a_saved_plan_is_shown_anywhere_and_applied_without_a_question(cloud: Cloud) -> None:
    body = saved(cloud)
    assert stat.S_IMODE(Path("plan.json").stat().st_mode) == 0o600
    printed = cloud.xacct("plan").out
    config = cloud.config.read_text()
    cloud.config.unlink()
    before = len(cloud.sandbox.requests)
    shown = cloud.xacct("show", "plan.json")
    assert shown.code == ExitCode.DONE, shown.err
    assert shown.out.startswith(printed)
    assert body["digest"] in shown.out
    assert len(cloud.sandbox.requests) == before
    assert json.loads(cloud.xacct("show", "--format", "json", "plan.json").out) == body
    verbose = cloud.xacct("show", "-v", "plan.json").out
    assert "call iam:CreateRole" in verbose

    cloud.config.write_text(config)
    assert cloud.xacct("plan", "-v").out == verbose[: verbose.index("Made ")].rstrip("\n") + "\n"
    done = cloud.xacct("apply", "--no-input", "plan.json")
    assert done.code == ExitCode.DONE, done.err
    assert "No differences" in cloud.xacct("plan").out
    again = cloud.xacct("apply", "plan.json")
    assert again.code == ExitCode.DONE, again.err
    assert "Done already" in again.err
    assert "No differences" in again.out


def test_no_secret_is_in_the_file(cloud: Cloud) -> None:
    saved(cloud)
    text = Path("plan.json").read_text()
    for key in cloud.world.administrators.values():
        assert key.secret_access_key not in text
        assert key.access_key_id not in text


def test_what_was_changed_in_the_manifest_s_own_is_named_and_refused(cloud: Cloud) -> None:
    assert cloud.xacct("apply", "--yes").code == ExitCode.DONE
    cloud.write(
        "xacct.yaml", LINK.read_text().replace("access: [list, read, write, delete]", "access: [list]")
    )
    saved(cloud)
    iam = cloud.world.client("iam", DATA)
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"]["AWS"] = f"arn:aws:iam::{ANALYTICS}:root"
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    said = refused(cloud)
    assert f"data/role/{ROLE}" in said
    assert f"+ Principal AWS account {ANALYTICS}" in said
    assert f"- Principal AWS arn:aws:iam::{ANALYTICS}:user/user01" in said
    shown = cloud.xacct("show", "plan.json")
    assert shown.code == ExitCode.DONE


def test_what_appeared_under_a_declared_name_is_refused(cloud: Cloud) -> None:
    saved(cloud)
    iam = cloud.world.client("iam", ANALYTICS)
    iam.put_group_policy(
        GroupName="Testers",
        PolicyName="mongodb-bucket-access-role",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
            }
        ),
    )
    said = refused(cloud)
    assert "analytics/group-policy/Testers/mongodb-bucket-access-role" in said


def test_a_user_made_anew_under_a_trusted_name_is_refused(cloud: Cloud) -> None:
    saved(cloud)
    iam = cloud.world.client("iam", ANALYTICS)
    for group in iam.list_groups_for_user(UserName="user01")["Groups"]:
        iam.remove_user_from_group(UserName="user01", GroupName=group["GroupName"])
    for key in iam.list_access_keys(UserName="user01")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="user01", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="user01")
    iam.create_user(UserName="user01")
    said = refused(cloud)
    assert "analytics/user/user01" in said
    assert "unique id" in said


def put_foreign(cloud: Cloud, *statements: dict[str, Any]) -> None:
    s3 = cloud.world.client("s3", DATA)
    live = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    live["Statement"] += statements
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(live))


def with_bucket_policy(cloud: Cloud) -> None:
    s3 = cloud.world.client("s3", DATA)
    theirs = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutBucketAcl",
        "Resource": f"arn:aws:s3:::{BUCKET}",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=text)
    cloud.write("xacct.yaml", LINK.read_text() + WITH_BUCKET)


def test_foreign_statements_that_mean_nothing_to_the_plan_are_let_pass_and_kept(cloud: Cloud) -> None:
    with_bucket_policy(cloud)
    saved(cloud)
    put_foreign(
        cloud,
        {
            "Sid": "Late",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutBucketTagging",
            "Resource": f"arn:aws:s3:::{BUCKET}",
        },
    )
    done = cloud.xacct("apply", "plan.json")
    assert done.code == ExitCode.DONE, done.err
    assert f"data/bucket/{BUCKET}/statements of others" in done.err
    live = json.loads(cloud.world.client("s3", DATA).get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert {"Theirs", "Late"} < {one.get("Sid") for one in live["Statement"]}
    assert "No differences" in cloud.xacct("plan").out


def test_foreign_statements_that_change_what_the_plan_means_are_not(cloud: Cloud) -> None:
    with_bucket_policy(cloud)
    saved(cloud)
    put_foreign(
        cloud,
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        },
    )
    said = refused(cloud)
    assert "does not mean the same access any more" in said
    assert "not now: analytics/user/user01 gains" in said


def test_a_new_member_of_a_granted_group_changes_what_the_plan_means(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", ANALYTICS)
    text = LINK.read_text().replace(
        "[analytics/user/user01]", "[{group: analytics/group/Testers, by: account}]"
    )
    cloud.write("xacct.yaml", text)
    saved(cloud)
    iam.create_user(UserName="mallory")
    iam.add_user_to_group(GroupName="Testers", UserName="mallory")
    assert "mallory gains" in refused(cloud)


def test_a_changed_manifest_is_refused_and_named(cloud: Cloud) -> None:
    saved(cloud)
    before = len(cloud.sandbox.requests)
    cloud.write(
        "xacct.yaml", LINK.read_text().replace("access: [list, read, write, delete]", "access: [list]")
    )
    assert "the manifest has changed since the plan was made: xacct.yaml" in refused(cloud)
    assert len(cloud.sandbox.requests) == before


def test_the_same_manifest_in_another_place_will_do(cloud: Cloud) -> None:
    saved(cloud)
    cloud.write("elsewhere/m.yaml", LINK.read_text())
    Path("xacct.yaml").unlink()
    assert cloud.xacct("apply", "plan.json", "-f", "elsewhere/m.yaml").code == ExitCode.DONE


def test_documents_that_the_manifest_names_belong_to_it(cloud: Cloud) -> None:
    folder = MANIFESTS / "seed-plain"
    for file in folder.iterdir():
        cloud.write(file.name, file.read_text())
    saved(cloud)
    name = "acctB-mongodb-snapshots-bucket-access-policy.json"
    cloud.write(name, Path(name).read_text().replace("s3:DeleteObject", "s3:GetObjectVersion"))
    assert name in refused(cloud)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["steps"][1]["calls"][0]["params"].__setitem__("PolicyDocument", '{"Statement":[]}'),
        lambda body: body["steps"][0]["to"]["trust"]["Statement"][0].__setitem__("Principal", "*"),
        lambda body: body["steps"].pop(),
        lambda body: body["access"].pop(),
        lambda body: body["accounts"][0].__setitem__("id", "111111111111"),
        lambda body: body["endpoints"].__setitem__("data/iam", "http://127.0.0.1:1"),
    ],
    ids=["call", "to", "step", "access", "account", "endpoint"],
)
@pytest.mark.parametrize("sums", ["kept", "made anew"])
def test_a_tampered_plan_sends_nothing(cloud: Cloud, change: Callable[[Any], Any], sums: str) -> None:
    body = saved(cloud)
    change(body)
    if sums == "kept":
        Path("plan.json").write_text(json.dumps(body))
    else:
        rewritten(body)
    said = refused(cloud)
    assert "Plan again" in said


def test_a_limit_that_is_no_number_makes_it_no_plan(cloud: Cloud) -> None:
    body = saved(cloud)
    body["bound"]["choice"]["lifted"]["max_delete"] = "x"
    rewritten(body)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "plan.json")
    assert done.code in (ExitCode.REFUSED, ExitCode.PROBLEM), done.err
    assert "max_delete" in done.err
    assert not writes(cloud, before)


def test_a_part_that_was_done_goes_on_and_nothing_else_is_added(cloud: Cloud) -> None:
    body = saved(cloud)
    first = cloud.xacct("apply", "--account", "data", "plan.json")
    assert first.code == ExitCode.DONE
    assert "2 of 3 steps done. Left to the owners of the others: 1 (--account analytics)." in first.err
    done = cloud.xacct("apply", "plan.json")
    assert done.code == ExitCode.DONE, done.err
    assert "Done already" in done.err
    assert "/id" not in done.err
    assert "1 to create" in done.out
    assert body["counts"]["create"] == 3


def test_a_part_that_was_done_and_foreign_changes_cannot_be_compared(cloud: Cloud) -> None:
    saved(cloud)
    assert cloud.xacct("apply", "--account", "data", "plan.json").code == ExitCode.DONE
    cloud.world.client("iam", ANALYTICS).create_user(UserName="late")
    assert "cannot be compared" in refused(cloud)


def test_a_plan_that_is_done_has_nothing_left_that_others_could_change(cloud: Cloud) -> None:
    saved(cloud)
    assert cloud.xacct("apply", "plan.json").code == ExitCode.DONE
    cloud.world.client("iam", ANALYTICS).create_user(UserName="late")
    done = cloud.xacct("apply", "plan.json")
    assert done.code == ExitCode.DONE, done.err
    assert "No differences" in done.out


def test_only_the_approved_digest_is_applied(cloud: Cloud) -> None:
    digest = saved(cloud)["digest"]
    before = len(cloud.sandbox.requests)
    for words in (("apply", "--approve", "0" * 64), ("apply", "plan.json", "--approve", "0" * 64)):
        other = cloud.xacct(*words)
        assert other.code == ExitCode.REFUSED
        assert digest in other.err
    assert not writes(cloud, before)
    assert cloud.xacct("apply", "--no-input", "--approve", digest).code == ExitCode.DONE


def test_options_that_shape_a_plan_are_no_use_with_a_saved_one(cloud: Cloud) -> None:
    saved(cloud)
    for words in (("--adopt",), ("--was", "HEAD"), ("--only", ROLE), ("--prune-edited",)):
        assert cloud.xacct("apply", "plan.json", *words).code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ExitCode.PROBLEM),
        ("[]", ExitCode.PROBLEM),
        ('{"format": 1}', ExitCode.PROBLEM),
        ('{"format": 1, "format": 1}', ExitCode.PROBLEM),
        ("[" * 100_000, ExitCode.PROBLEM),
        ('{"format": NaN}', ExitCode.PROBLEM),
        ('{"format": 2, "steps": []}', ExitCode.REFUSED),
        ('{"format": 1, "steps": [], "xacct": "0.0.1"}', ExitCode.REFUSED),
    ],
)
def test_what_is_no_plan_of_ours_is_said_to_be_none(cloud: Cloud, text: str, code: ExitCode) -> None:
    Path("plan.json").write_text(text)
    for command in ("show", "apply"):
        done = cloud.xacct(command, "plan.json")
        assert done.code == code, done.err
        assert "fault in xacct" not in done.err
    assert cloud.xacct("show", "no.json").code == ExitCode.USAGE


def test_a_printed_plan_is_no_saved_one(cloud: Cloud) -> None:
    Path("plan.json").write_text(cloud.xacct("plan", "--format", "json").out)
    assert cloud.xacct("apply", "plan.json").code == ExitCode.PROBLEM


def test_what_could_be_read_then_has_to_be_read_now(cloud: Cloud) -> None:
    saved(cloud)
    cloud.config.write_text(cloud.config.read_text().replace("[profile acct-a]", "[profile elsewhere]"))
    said = refused(cloud)
    assert "analytics/* cannot be read now" in said
    assert "xacct permissions --for plan" in said


class _Terminal:
    """Somebody is there, and takes time to answer."""

    def isatty(self) -> bool:
        return True


def test_what_changes_while_somebody_thinks_is_noticed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = cloud.world.client("iam", ANALYTICS)

    def think(*_words: object, **_more: object) -> bool:
        nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        iam.put_group_policy(
            GroupName="Testers",
            PolicyName="mongodb-bucket-access-role",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [nothing]}),
        )
        return True

    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("click.confirm", think)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply")
    assert done.code == ExitCode.REFUSED, done.err
    assert "changed since the plan was made: analytics/group-policy/Testers" in done.err
    assert not [name for name in writes(cloud, before) if name != "PutGroupPolicy"]
    monkeypatch.setattr("click.confirm", lambda *_words, **_more: True)
    assert cloud.xacct("apply").code == ExitCode.DONE


def test_what_is_no_file_is_written_to_and_stays_what_it_is(cloud: Cloud) -> None:
    """A device that is replaced by a file is missed by the whole machine."""
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cloud.xacct("plan", "-o", "pipe").code == ExitCode.DONE
        assert Path("pipe").is_fifo()
        assert json.loads(os.read(reader, 1 << 16))["name"] == "mongodb-snapshots"
    finally:
        os.close(reader)


def test_a_saved_plan_has_no_part_for_an_account_that_it_does_not_know(cloud: Cloud) -> None:
    saved(cloud)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "plan.json", "--yes", "--account", "dta")
    assert done.code == ExitCode.USAGE
    assert 'no account "dta"' in done.err
    assert not writes(cloud, before)
