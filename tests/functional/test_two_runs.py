"""Two applies at once on one bucket, with different manifests: nothing of either is lost (trap 88)."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.races import keys_in, race, statement
from xacct.account import Account, AccountSpec, Profile
from xacct.aws.session import Sessions

DATA = Account(name="data", id="325271821652")
ROUNDS = int(os.environ.get("XACCT_ROUNDS", "6"))
"""``make test-races`` walks fifty."""
FASTER = 8
"""How much faster the time of the waits runs: the embedded cloud answers in milliseconds."""

MANIFEST = """
version: 1
name: racing
accounts: {data: {id: "325271821652", profile: data}}
links:
  - {role: data/role/reader, trust: [data/user/anna], bucket: logs, access: [list]}
"""


@pytest.mark.slow
def test_nothing_of_either_is_lost_however_they_meet(make_cloud) -> None:
    cloud = make_cloud("325271821652")
    cloud.furnish(cloud.write("xacct.yaml", MANIFEST))
    client = cloud.world.client("s3", "325271821652")
    spec = AccountSpec(account=DATA, credentials=Profile("data"))
    gateways = (Sessions().gateway(spec), Sessions().gateway(spec))
    foreign = json.dumps({"Version": "2012-10-17", "Statement": [statement(DATA, "logs", "foreign")]})
    for number in range(ROUNDS):
        if number % 10 == 0:  # a policy holds 20 KB
            client.put_bucket_policy(Bucket="logs", Policy=foreign)
            wanted = {"foreign"}
        race(
            gateways,
            "logs",
            number,
            clock=lambda: time.monotonic() * FASTER,
            sleep=lambda seconds: time.sleep(seconds / FASTER),
            jitter=0.05,
        )
        wanted |= {f"round-{number}-0", f"round-{number}-1"}
        assert keys_in(client.get_bucket_policy(Bucket="logs")["Policy"]) == wanted
