"""What a plan means, in lines: those that only count their actions list them as well."""

from __future__ import annotations

import re

from immutabledict import immutabledict

from tests.property.random_changes import case
from xacct.engine.preparing.consequences import consequences
from xacct.manifest.model import Manifest
from xacct.plan.plan import Weight


def test_a_line_lists_the_actions_that_it_counts_and_nothing_else_has_any() -> None:
    """In this plan ``s3:*`` is gained and lost, by a stranger too, and is not always held in between."""
    given = case(249)
    manifest = Manifest(name="example", accounts=immutabledict())
    found = consequences(manifest, given.snapshots, given.plan())
    for one in found:
        counted = re.search(r" and (\d+) other actions on ", one.text)
        assert len(one.others) == int(counted.group(1) if counted else 0)
        assert not any(f"{action}," in one.text or f"{action} " in one.text for action in one.others)
    assert {(one.weight, one.mark) for one in found if "s3:PutObjectAcl" in one.others} == {
        (Weight.GAIN, ""),
        (Weight.LOSS, ""),
        (Weight.ALARM, "stranger"),
        (Weight.ALARM, "gap"),
    }
