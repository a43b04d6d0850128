"""Two applies at once on one bucket, with different manifests: nothing of either is lost (trap 88)."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.live.cloud import Live
from tests.live.races import keys_in, race, statement
from xacct.aws.session import Sessions
from xacct.manifest.loading.load import load_manifest

ROUNDS = int(os.environ.get("XACCT_ROUNDS", "6"))
"""``make test-races`` walks fifty."""
FASTER = {"sandbox": 8.0, "ceph": 4.0}
"""How much faster the time of the waits runs where the service answers in milliseconds."""

MANIFEST = """
version: 1
name: racing
accounts: {data: {id: "325271821652", profile: data}}
links:
  - {role: data/role/reader, trust: [data/user/anna], bucket: logs, access: [list]}
"""
LOCKED = f"{MANIFEST}limits: {{lock: {{bucket: data/bucket/logs, key: locks/team, expires: 60s}}}}\n"


@pytest.mark.slow
def test_nothing_of_either_is_lost_however_they_meet(live: Live) -> None:
    live.stage(MANIFEST)
    bucket, client = live.bucket("logs"), live.client("s3", "data")
    (path,) = live.files[1:]
    spec = load_manifest([path]).accounts["data"]
    gateways = (Sessions().gateway(spec), Sessions().gateway(spec))
    faster = FASTER.get(live.platform, 1.0)
    foreign = {"Version": "2012-10-17", "Statement": [statement(spec.account, bucket, "foreign")]}
    for number in range(ROUNDS):
        if number % 10 == 0:  # a policy holds 20 KB
            client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(foreign))
            wanted = {"foreign"}
        race(
            gateways,
            bucket,
            number,
            clock=lambda: time.monotonic() * faster,
            sleep=lambda seconds: time.sleep(seconds / faster),
            jitter=0.05,
        )
        wanted |= {f"round-{number}-0", f"round-{number}-1"}
        assert keys_in(client.get_bucket_policy(Bucket=bucket)["Policy"]) == wanted


def test_a_lock_keeps_a_second_run_out_until_it_is_broken(live: Live) -> None:
    live.stage(LOCKED)
    client, place = live.client("s3", "data"), {"Bucket": live.bucket("logs"), "Key": "locks/team"}
    holder = {"holder": "bert@build-7", "seconds": 60, "token": "t", "beat": 1}
    client.put_object(**place, Body=json.dumps(holder))
    assert "held by bert@build-7" in live.done("apply", "--yes", code=6)
    assert "bert@build-7" in live.done("lock", "--break")
    live.done("apply", "--yes")
    assert "is free" in live.done("lock")
    live.done("plan", "--detailed-exitcode")
