"""What a run wrote down: to go on with it, and to take it back."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_removal import writes
from xacct.engine.applying.log import line
from xacct.errors import ExitCode
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Operation

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"
ROLE = "cross-bucket-access-mongodb-logs"
POLICY = "mongodb-logs-bucket-access"
GRANT = "mongodb-bucket-access-role"
NARROW = LINK.read_text().replace("access: [list, read, write, delete]", "access: [list]")


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.write("xacct.yaml", LINK.read_text())
    made.furnish("xacct.yaml")
    return made


def ok(cloud: Cloud, *words: str) -> str:
    done = cloud.xacct(*words)
    assert done.code == ExitCode.DONE, done.out + done.err
    return done.out + done.err


def journals() -> list[Path]:
    return sorted(Path(".xacct/runs").glob("*/journal.jsonl"))


def failing(cloud: Cloud, name: str) -> None:
    def refuse(operation: Operation) -> None:
        if operation.name == name:
            raise ServiceFault(status=403, code="AccessDenied", message="no")

    cloud.sandbox.hooks.before = refuse


def healed(cloud: Cloud) -> None:
    cloud.sandbox.hooks.before = lambda _: None


def broken_apply(cloud: Cloud, at: str = "PutGroupPolicy") -> str:
    failing(cloud, at)
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.PARTLY_APPLIED, done.err
    healed(cloud)
    return done.err


def test_each_call_is_written_down_before_it_is_sent_and_after(cloud: Cloud) -> None:
    known: list[list[str]] = []

    def look(operation: Operation) -> None:
        if not operation.name.startswith(("Get", "List", "Head")):
            lines = [json.loads(line)["event"] for line in journals()[-1].read_text().splitlines()]
            known.append([operation.name, lines[-1]["what"], lines[-1]["call"]["operation"]])

    cloud.sandbox.hooks.before = look
    ok(cloud, "apply", "--yes")
    assert known == [
        ["CreateRole", "sending", "CreateRole"],
        ["PutRolePolicy", "sending", "PutRolePolicy"],
        ["PutGroupPolicy", "sending", "PutGroupPolicy"],
    ]
    (journal,) = journals()
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert [event["what"] for event in events] == ["begin", *["sending", "sent"] * 3, "end"]
    assert events[-1]["how"] == "done"
    assert {image["before"] for image in events[0]["images"]} == {None}
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.parent.stat().st_mode) == 0o700
    assert Path(".xacct/runs/.gitignore").read_text() == "*\n"
    for key in cloud.world.administrators.values():
        assert key.secret_access_key not in journal.read_text()
        assert key.access_key_id not in journal.read_text()


def test_nothing_is_sent_where_nothing_can_be_written_down(cloud: Cloud) -> None:
    cloud.write("file", "")
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--yes", "--journal", "file/runs")
    assert done.code == ExitCode.ERROR
    assert "cannot be written" in done.err
    assert not writes(cloud, before)


def test_a_failed_apply_says_how_to_go_on_and_resume_does(cloud: Cloud) -> None:
    said = broken_apply(cloud)
    run = journals()[-1].parent.name
    assert f"xacct apply --resume {run}" in said
    assert f"xacct undo {run}" in said
    assert str(journals()[-1]) in said
    done = cloud.xacct("apply", "--resume", "--no-input")
    assert done.code == ExitCode.DONE, done.err
    assert "1 to create" in done.out
    assert len(journals()) == 1
    assert '"resumed"' in journals()[0].read_text()
    assert "No differences" in ok(cloud, "plan")
    assert "No differences" in ok(cloud, "apply", "--resume", run)


def test_resume_adds_nothing_to_what_was_approved(cloud: Cloud) -> None:
    broken_apply(cloud)
    cloud.write("xacct.yaml", NARROW)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--resume")
    assert done.code == ExitCode.REFUSED
    assert "the manifest has changed" in done.err
    cloud.write("xacct.yaml", LINK.read_text())
    cloud.world.client("iam", ANALYTICS).put_group_policy(
        GroupName="Testers",
        PolicyName=GRANT,
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}',
    )
    done = cloud.xacct("apply", "--resume")
    assert done.code == ExitCode.REFUSED
    assert GRANT in done.err
    assert not writes(cloud, before)[1:]


def test_resume_refuses_what_somebody_else_did_though_a_step_would_have_done_it(cloud: Cloud) -> None:
    """The role fails, so its policy is never begun; somebody else then makes a role of the very same form."""
    broken_apply(cloud, "PutRolePolicy")
    iam = cloud.world.client("iam", DATA)
    (journal,) = journals()
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    step = next(step for step in events[0]["plan"]["steps"] if step["kind"] == "group-policy")
    assert step["address"] in {event.get("address") for event in events if event["what"] == "sent"}
    iam.create_user(UserName="late")
    done = cloud.xacct("apply", "--resume")
    assert done.code == ExitCode.REFUSED
    assert "data/user/late" in done.err
    ok(cloud, "apply", "--yes")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [*lines[:-1], lines[-1][:40]], ""),
        (lambda lines: [*lines[:2], *lines[3:]], "damaged at line 3"),
        (lambda lines: ["hello\n"], "no journal of xacct"),
    ],
    ids=["torn", "hole", "foreign"],
)
@pytest.mark.parametrize("command", [("apply", "--resume"), ("undo", "--yes")])
def test_torn_and_foreign_journals(
    cloud: Cloud, change: Callable[[list[str]], list[str]], words: str, command: tuple[str, ...]
) -> None:
    broken_apply(cloud)
    (journal,) = journals()
    journal.write_text("".join(change(journal.read_text().splitlines(keepends=True))))
    before = len(cloud.sandbox.requests)
    done = cloud.xacct(*command)
    if not words:
        assert done.code == ExitCode.DONE, done.err
        return
    assert done.code == ExitCode.REFUSED, done.err
    assert words in done.err
    assert not writes(cloud, before)


def test_two_journals_put_together_are_none(cloud: Cloud) -> None:
    broken_apply(cloud)
    ok(cloud, "undo", "--yes")
    one, other = journals()
    other.write_text(other.read_text() + one.read_text().splitlines(keepends=True)[-1])
    assert cloud.xacct("undo", "--yes").code == ExitCode.REFUSED


def test_a_journal_that_others_can_write_is_not_believed(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    journals()[0].chmod(0o620)
    assert cloud.xacct("undo", "--yes").code == ExitCode.REFUSED


def test_undo_of_a_first_apply_takes_away_what_it_made_and_nothing_else(cloud: Cloud) -> None:
    empty = cloud.xacct("plan").out
    ok(cloud, "apply", "--yes")
    asked = cloud.xacct("undo", "--no-input")
    assert asked.code == ExitCode.USAGE
    said = ok(cloud, "undo", "--yes")
    assert "because the run that is undone made it" in said
    assert "- analytics/user/user01 loses" in said
    assert cloud.xacct("plan").out == empty


def test_undo_of_a_narrowing_gives_access_back_only_with_the_word(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", NARROW)
    ok(cloud, "apply", "--yes")
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED
    assert "--give-back" in done.err
    assert "analytics/user/user01 gains read, write, delete" in done.err
    assert not writes(cloud, before)
    ok(cloud, "undo", "--yes", "--give-back")
    cloud.write("xacct.yaml", LINK.read_text())
    assert "No differences" in ok(cloud, "plan")


def test_undo_of_an_undo_is_the_way_forth_again(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    ok(cloud, "undo", "--yes")
    assert "Would give access back" in cloud.xacct("undo", "--yes").err
    said = ok(cloud, "undo", "--yes", "--give-back")
    assert "Made anew" in said
    assert "Nothing that was read names the old one" in said
    assert "accounts that this manifest does not read" in said
    assert "No differences" in ok(cloud, "plan")


def test_undo_refuses_what_somebody_changed_since_and_names_it(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.world.client("iam", DATA).put_role_policy(
        RoleName=ROLE,
        PolicyName=POLICY,
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}',
    )
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED
    assert f"data/role-policy/{ROLE}/{POLICY}" in done.err
    assert "+ Deny" in done.err
    assert not writes(cloud, before)


def test_undo_restores_what_was_taken_over_with_its_tags_and_without_our_mark(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", DATA)
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    tags = [{"Key": "team", "Value": "storage"}]
    iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=trust,
        Tags=tags,
        Description="theirs",
        MaxSessionDuration=7200,
    )
    ok(cloud, "apply", "--yes", "--adopt")
    live = iam.get_role(RoleName=ROLE)["Role"]
    assert len(live["Tags"]) == 3
    ok(cloud, "undo", "--yes")
    live = iam.get_role(RoleName=ROLE)["Role"]
    assert live["Tags"] == tags
    assert (live["Description"], live["MaxSessionDuration"]) == ("theirs", 7200)
    assert live["AssumeRolePolicyDocument"] == json.loads(trust)
    assert iam.list_role_policies(RoleName=ROLE)["PolicyNames"] == []


def test_undo_of_destroy_makes_all_again_and_says_who_does_not_know_the_new_role(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    iam = cloud.world.client("iam", ANALYTICS)
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DATA}:role/{ROLE}"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(
        RoleName="elsewhere",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    old = cloud.world.client("iam", DATA).get_role(RoleName=ROLE)["Role"]["RoleId"]
    ok(cloud, "destroy", "--yes")
    said = ok(cloud, "undo", "--yes", "--give-back")
    assert "another unique id" in said
    assert old in said
    assert "analytics/role/elsewhere" in said
    assert cloud.world.client("iam", DATA).get_role(RoleName=ROLE)["Role"]["RoleId"] != old
    assert "No differences" in ok(cloud, "plan")
    assert "as declared" in ok(cloud, "verify")


def test_undo_keeps_foreign_statements_byte_for_byte(cloud: Cloud) -> None:
    from tests.functional.test_saved_plan import put_foreign, with_bucket_policy

    with_bucket_policy(cloud)
    s3 = cloud.world.client("s3", DATA)
    before = s3.get_bucket_policy(Bucket="mongodb-snapshots")["Policy"]
    ok(cloud, "apply", "--yes")
    late = {
        "Sid": "Late",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutBucketTagging",
        "Resource": "arn:aws:s3:::mongodb-snapshots",
    }
    put_foreign(cloud, late)
    # What is taken back is a Deny, so whoever it hit has the access again.
    assert "--give-back" in cloud.xacct("undo", "--yes").err
    ok(cloud, "undo", "--yes", "--give-back")
    live = json.loads(s3.get_bucket_policy(Bucket="mongodb-snapshots")["Policy"])
    assert live["Statement"] == [*json.loads(before)["Statement"], late]


def test_undo_after_a_failed_apply_takes_back_the_part_that_was_done(cloud: Cloud) -> None:
    empty = cloud.xacct("plan").out
    broken_apply(cloud, "PutRolePolicy")
    ok(cloud, "undo", "--yes")
    assert cloud.xacct("plan").out == empty


def test_what_was_taken_back_is_not_gone_on_with(cloud: Cloud) -> None:
    """The approval of the run ended with its undo: to go on would give access again that was taken."""
    broken_apply(cloud)
    run = journals()[-1].parent.name
    ok(cloud, "undo", "--yes")
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--resume", run)
    assert done.code == ExitCode.REFUSED, done.err
    assert f"{run} was taken back by" in done.err
    assert not writes(cloud, before)
    ok(cloud, "apply", "--yes")


def test_an_undo_names_no_option_that_it_does_not_have(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    Path("xacct.yaml").write_text(
        Path("xacct.yaml")
        .read_text()
        .replace("trust: [analytics/user/user01", "trust: [analytics/user/user02")
    )
    cloud.world.client("iam", ANALYTICS).create_user(UserName="user02")
    assert "--revoke-sessions ends them" in ok(cloud, "apply", "--yes")
    back = cloud.xacct("undo", "--give-back", "--yes")
    assert back.code == ExitCode.DONE, back.err
    assert "SESSIONS: sessions of data/role/" in back.out
    assert "--revoke-sessions" not in back.out


def test_an_undo_goes_on_as_an_undo(cloud: Cloud) -> None:
    empty = cloud.xacct("plan").out
    ok(cloud, "apply", "--yes")
    run = journals()[0].parent.name
    failing(cloud, "DeleteRole")
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.PARTLY_APPLIED
    assert f"Go on with: xacct undo {run}" in done.err
    healed(cloud)
    refused = cloud.xacct("apply", "--resume")
    assert refused.code == ExitCode.REFUSED
    assert f"xacct undo {run}" in refused.err
    ok(cloud, "undo", run, "--yes")
    assert cloud.xacct("plan").out == empty


def test_there_is_nothing_to_go_on_with_where_nothing_was_run(cloud: Cloud) -> None:
    for words in (("apply", "--resume"), ("undo",), ("undo", "20260101T000000000Z-00000000")):
        assert cloud.xacct(*words).code == ExitCode.USAGE
    assert cloud.xacct("apply", "--resume", "--adopt").code == ExitCode.USAGE


def test_a_journal_in_a_bucket_outlives_the_machine(cloud: Cloud) -> None:
    cloud.world.client("s3", DATA).create_bucket(Bucket="journals")
    place = ("--journal", "s3://journals/ci/main")
    failing(cloud, "PutGroupPolicy")
    done = cloud.xacct("apply", "--yes", *place)
    assert done.code == ExitCode.PARTLY_APPLIED, done.err
    assert "--journal s3://journals/ci/main" in done.err
    healed(cloud)
    assert not Path(".xacct").exists()
    listed = cloud.world.client("s3", DATA).list_objects_v2(Bucket="journals")["Contents"]
    assert len(listed) == 8
    assert " -f " not in done.err
    ok(cloud, "apply", "--resume", *place)
    assert "No differences" in ok(cloud, "plan")
    ok(cloud, "undo", "--yes", *place)
    assert "3 to create" in ok(cloud, "plan")


def test_who_goes_on_out_of_a_bucket_is_told_the_manifest_that_finds_it(cloud: Cloud) -> None:
    cloud.world.client("s3", DATA).create_bucket(Bucket="journals")
    Path("xacct.yaml").rename("an other.yaml")
    failing(cloud, "PutGroupPolicy")
    done = cloud.xacct("apply", "--yes", "-f", "an other.yaml", "--journal", "s3://journals")
    healed(cloud)
    words = next(line for line in done.err.splitlines() if "Go on with: " in line).partition("xacct ")[2]
    ok(cloud, *shlex.split(words))


def test_two_who_go_on_with_one_journal_in_a_bucket_are_told_apart(cloud: Cloud) -> None:
    s3 = cloud.world.client("s3", DATA)
    s3.create_bucket(Bucket="journals")
    place = ("--journal", "s3://journals")
    failing(cloud, "PutGroupPolicy")
    cloud.xacct("apply", "--yes", *place)
    healed(cloud)
    last = s3.list_objects_v2(Bucket="journals")["Contents"][-1]["Key"]
    run, name = last.split("/")
    taken = f"{run}/{int(name.removesuffix('.json')) + 1:06}.json"

    def another(operation: Operation) -> None:
        if operation.name == "PutObject":
            cloud.sandbox.hooks.before = lambda _: None
            raise ServiceFault(status=412, code="PreconditionFailed", message="there is one")

    cloud.sandbox.hooks.before = another
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--resume", *place)
    assert done.code == ExitCode.ERROR, done.err
    assert "cannot be written" in done.err
    assert set(writes(cloud, before)) <= {"PutObject"}
    assert taken not in {one["Key"] for one in s3.list_objects_v2(Bucket="journals")["Contents"]}


@pytest.mark.parametrize("place", ["s3://Bad_Bucket", "s3://nobodys-bucket/x", "s3:"])
def test_a_bucket_that_is_none_of_the_accounts_is_refused(cloud: Cloud, place: str) -> None:
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--yes", "--journal", place)
    assert done.code == ExitCode.USAGE, done.err
    assert not writes(cloud, before)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_lets_the_call_end_and_twice_leaves_at_once_with_a_whole_journal(
    cloud: Cloud, times: int
) -> None:
    reached, go_on = Event(), Event()

    def hold(operation: Operation) -> None:
        if operation.name == "PutRolePolicy":
            reached.set()
            go_on.wait(20)

    cloud.sandbox.hooks.before = hold
    process = subprocess.Popen(
        [sys.executable, "-m", "xacct", "apply", "--yes"],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert reached.wait(30)
    process.send_signal(signal.SIGINT)
    while "once more" not in process.stderr.readline():
        pass
    if times == 2:
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(10) == ExitCode.INTERRUPTED
        assert time.monotonic() - began < 5
        said = process.stderr.read()
        assert "left at once" in said
        assert "Go on with: xacct apply --resume" in said
        assert "Take it back with: xacct undo" in said
    go_on.set()
    _, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    healed(cloud)
    text = journals()[0].read_text()
    assert text.endswith("\n")
    events: list[dict[str, Any]] = [json.loads(line)["event"] for line in text.splitlines()]
    if times == 2:
        assert (events[-1]["what"], events[-1]["call"]["operation"]) == ("sending", "PutRolePolicy")
    else:
        assert (events[-2]["what"], events[-1]["how"]) == ("sent", "interrupted")
        assert "xacct apply --resume" in err
    ok(cloud, "apply", "--resume")
    assert "No differences" in ok(cloud, "plan")


def test_what_is_protected_is_not_taken_back_without_the_word(cloud: Cloud) -> None:
    cloud.write("xacct.yaml", f"{LINK.read_text()}limits: {{protect: [data/role/{ROLE}]}}\n")
    ok(cloud, "apply", "--yes")
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED, done.err
    assert f"data/role/{ROLE} is protected" in done.err
    assert "--allow-protected" in done.err
    assert not writes(cloud, before)
    ok(cloud, "undo", "--yes", "--allow-protected")


def test_an_undo_does_not_close_the_door_behind_whoever_undoes(cloud: Cloud) -> None:
    """What the run gave is by now the only right of whoever undoes it."""
    cloud.write(
        "xacct.yaml",
        LINK.read_text()
        + """
groups:
  analytics/group/Testers:
    grants:
      admins: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
""",
    )
    ok(cloud, "apply", "--yes")
    iam = cloud.world.client("iam", ANALYTICS)
    iam.add_user_to_group(GroupName="Testers", UserName="admin")
    for name in iam.list_user_policies(UserName="admin")["PolicyNames"]:
        iam.delete_user_policy(UserName="admin", PolicyName=name)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED, done.out + done.err
    assert "could not undo analytics/group-policy/Testers/admins" in done.err
    assert "--allow-lockout" in done.err
    assert not writes(cloud, before)


def test_a_role_that_was_made_again_since_is_another_one(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK.read_text().replace("analytics/user/user01]", "analytics/user/admin]"))
    ok(cloud, "apply", "--yes")
    iam = cloud.world.client("iam", DATA)
    role = iam.get_role(RoleName=ROLE)["Role"]
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName=POLICY)["PolicyDocument"]
    iam.delete_role_policy(RoleName=ROLE, PolicyName=POLICY)
    iam.delete_role(RoleName=ROLE)
    iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        Tags=role["Tags"],
    )
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=json.dumps(policy))
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes", "--give-back")
    assert done.code == ExitCode.REFUSED, done.out + done.err
    assert f"made again by somebody else: data/role/{ROLE}" in done.err
    assert f"unique id: {role['RoleId']} ->" in done.err
    assert not writes(cloud, before)


def made_up(change: Callable[[dict[str, Any]], object]) -> None:
    """The journal with another beginning, and sums that fit."""
    (journal,) = journals()
    events = [json.loads(text)["event"] for text in journal.read_text().splitlines()]
    change(events[0])
    last, lines = "", []
    for number, event in enumerate(events):
        text, last = line(number, last, event)
        lines.append(f"{text}\n")
    journal.write_text("".join(lines))


@pytest.mark.parametrize("command", [("apply", "--resume"), ("undo", "--yes")])
@pytest.mark.parametrize(
    "change",
    [
        lambda begin: begin.pop("plan"),
        lambda begin: begin["plan"].pop("bound"),
        lambda begin: begin["plan"].update(steps=3),
        lambda begin: begin.pop("images"),
        lambda begin: begin.update(kind=None),
        lambda begin: begin["images"][0].update(address="x"),
        lambda begin: begin["images"][0].update(before=[], after=None),
    ],
)
def test_a_journal_that_was_made_up_is_refused(
    cloud: Cloud, change: Callable[[dict[str, Any]], object], command: tuple[str, ...]
) -> None:
    broken_apply(cloud)
    made_up(change)
    before = len(cloud.sandbox.requests)
    done = cloud.xacct(*command)
    assert done.code == ExitCode.REFUSED, done.err
    assert "it was made up" in done.err
    assert not writes(cloud, before)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_journal_that_is_no_file_is_refused_at_once(cloud: Cloud, make: Callable[[Path], None]) -> None:
    ok(cloud, "apply", "--yes")
    (journal,) = journals()
    journal.unlink()
    make(journal)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED, done.err
    assert "is not yours alone" in done.err


WIDE = '{"Version":"2012-10-17","Statement":[{"Effect":"%s","Action":"iam:*","Resource":"*"}]}'


@pytest.mark.parametrize("what", ["policy", "deny", "attachment", "membership"])
def test_undo_gives_nothing_back_unasked_that_has_nothing_to_do_with_a_bucket(
    cloud: Cloud, what: str
) -> None:
    """Questions of access are of buckets; rights on IAM are given back with the word as well."""
    iam = cloud.world.client("iam", ANALYTICS)
    address = "analytics/group-policy/Testers/theirs"
    match what:
        case "policy":
            iam.put_group_policy(GroupName="Testers", PolicyName="theirs", PolicyDocument=WIDE % "Allow")
        case "attachment":
            arn = "arn:aws:iam::aws:policy/IAMFullAccess"
            iam.attach_group_policy(GroupName="Testers", PolicyArn=arn)
            address = f"analytics/group-attachment/Testers/{arn}"
        case "membership":
            iam.create_user(UserName="late")
            iam.add_user_to_group(GroupName="Testers", UserName="late")
            address = "analytics/membership/Testers/late"
    text = f"removed: [{json.dumps(address)}]\n"
    if what == "deny":
        text = f"groups: {{analytics/group/Testers: {{grants: {{theirs: {WIDE % 'Deny'}}}}}}}\n"
    cloud.write("xacct.yaml", LINK.read_text())
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK.read_text() + text)
    ok(cloud, "apply", "--yes")
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("undo", "--yes")
    assert done.code == ExitCode.REFUSED, done.out + done.err
    assert "Would give access back" in done.err
    assert address in done.err.partition("Would give")[2]
    assert not writes(cloud, before)
    ok(cloud, "undo", "--yes", "--give-back")
