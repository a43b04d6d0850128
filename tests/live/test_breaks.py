"""Ten ways to break a live link by hand: verify names the right layer for each, on whatever platform is there."""

from __future__ import annotations

import json
import re

import pytest

from tests.breaks import BREAKS, Target
from tests.live.cloud import Live
from tests.live.examples import MANIFESTS

pytestmark = pytest.mark.slow

ROLE, BUCKET = "cross-bucket-access-mongodb-logs", "mongodb-snapshots"
LINK = (MANIFESTS / "seed-link.yaml").read_text()


def cut(live: Live) -> None:
    """From here on every profile leads to a port where nobody listens."""
    text = live.config.read_text()
    live.config.write_text(re.sub(r"endpoint_url = .*", "endpoint_url = http://127.0.0.1:9", text))


@pytest.mark.parametrize("name", BREAKS)
def test_a_link_broken_by_hand_is_told_by_its_layer(name: str, live: Live) -> None:
    one = BREAKS[name]
    longer = "session: 2h\n    access:" if name == "session too long" else "access:"
    live.stage(LINK.replace("access:", longer), {BUCKET: ("monday.xz", "tuesday.xz")})
    live.done("apply", "--yes")
    live.done("verify", "--wait", "0")
    one.way(
        Target(
            a=live.client("iam", "analytics"),
            b=live.client("iam", "data"),
            s3=live.client("s3", "data"),
            account_a=live.id("analytics"),
            account_b=live.id("data"),
            user="user01",
            group="Testers",
            role=ROLE,
            bucket=live.bucket(BUCKET),
            network_off=lambda: cut(live),
        )
    )
    ran = live.xacct("verify", "--wait", "0", "--format", "json")
    found = json.loads(ran.out)["findings"]
    if live.platform in one.not_on:
        assert ran.code == 0, ran.out
        assert [finding["layer"] for finding in found if finding["outcome"] == "not enforced"] == [one.layer]
        return
    wide = one.wide.get(live.platform, "")
    assert ran.code == (4 if wide else one.code), ran.out
    first = next(finding for finding in found if finding["outcome"] not in ("as declared", "not enforced"))
    assert f" {one.verb} " in first["check"]
    assert first["outcome"] == ("unknown" if name == "network off" else "missing")
    assert first["layer"] == one.layer
    assert one.says in first["why"]
    assert first["fix"]
    strangers = [finding["caller"] for finding in found if finding["outcome"] == "too wide"]
    assert [arn.rpartition(":")[2] for arn in strangers] == ([wide] if wide else [])
