"""A lock that a team turns on in limits, on the embedded cloud."""

from __future__ import annotations

import json

import pytest

MANIFEST = """
version: 1
name: locked
accounts:
  data: {id: "325271821652", profile: data}
  apps: {id: "290122656840", profile: apps}
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/user/anna]
    bucket: logs
    access: [list]
limits:
  lock: {bucket: data/bucket/logs, key: locks/team, expires: 60s}
"""
HOLDER = json.dumps({"holder": "bert@build-7", "seconds": 60, "token": "t", "beat": 1})


@pytest.fixture
def cloud(make_cloud):
    made = make_cloud("325271821652", "290122656840")
    made.furnish(made.write("xacct.yaml", MANIFEST))
    return made


def objects(cloud):
    return cloud.world.client("s3", "325271821652")


def writes(cloud, since):
    reads = ("Get", "List", "Head")
    return [seen.operation for seen in cloud.sandbox.requests[since:] if not seen.operation.startswith(reads)]


def test_apply_takes_it_before_it_writes_and_gives_it_back(cloud):
    since = len(cloud.sandbox.requests)
    assert cloud.xacct("apply", "--yes").code == 0
    sent = writes(cloud, since)
    assert sent[0] == "PutObject"
    assert sent[-1] == "DeleteObject"
    assert "CreateRole" in sent
    assert "is free" in cloud.xacct("lock").out


def test_who_does_not_get_it_writes_nothing(cloud):
    objects(cloud).put_object(Bucket="logs", Key="locks/team", Body=HOLDER)
    since = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == 6
    assert "held by bert@build-7" in ran.err
    assert "xacct lock --break" in ran.err
    assert writes(cloud, since) == []
    assert "bert@build-7" in cloud.xacct("lock").out


def test_a_broken_lock_is_free(cloud):
    objects(cloud).put_object(Bucket="logs", Key="locks/team", Body=HOLDER)
    told = json.loads(cloud.xacct("lock", "--break", "--format", "json").out)
    assert told["broken"] is True
    assert told["held"]["holder"] == "bert@build-7"
    assert cloud.xacct("apply", "--yes").code == 0


def test_the_plan_needs_no_lock(cloud):
    objects(cloud).put_object(Bucket="logs", Key="locks/team", Body=HOLDER)
    assert cloud.xacct("plan").code == 0
    assert cloud.xacct("drift").code == 2


def test_a_manifest_without_a_lock_says_how_to_turn_it_on(cloud):
    cloud.write("xacct.yaml", MANIFEST.partition("limits:")[0])
    ran = cloud.xacct("lock")
    assert ran.code == 64
    assert "limits: {lock:" in ran.err


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        ("{bucket: data/bucket/logs, expires: 5s}", "Time out of range"),
        ("{bucket: data/role/logs}", "Wrong kind of name"),
        ("{key: x}", "Missing key"),
    ],
)
def test_a_bad_lock_is_a_problem_with_its_place(cloud, lock, told):
    cloud.write("xacct.yaml", MANIFEST.partition("  lock:")[0] + f"  lock: {lock}\n")
    ran = cloud.xacct("validate")
    assert ran.code == 65
    assert told in ran.err
    assert "xacct.yaml:14:" in ran.err
