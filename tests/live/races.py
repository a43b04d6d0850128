"""Two runs at once that write one bucket's policy, on any service."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from typing import Any

from tests.unit.engine.steps import plan_of
from xacct.account import Account
from xacct.engine.applying.apply import apply
from xacct.engine.gateway import Gateway
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.mark import marker
from xacct.plan.outcome import Applied
from xacct.plan.plan import Create, Step
from xacct.policy.document import Document


def statement(account: Account, bucket: str, key: str) -> dict[str, Any]:
    """Something that can be told from others by its resource."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": account.root},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/{key}/*",
    }


def race(
    gateways: tuple[Gateway, Gateway],
    bucket: str,
    number: int,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    jitter: float,
) -> None:
    """Two manifests put their statements at the same time; a pause of up to ``jitter`` s lies before each."""
    dice = random.Random(number)
    ended: list[object] = []

    def run(who: int, pause: float) -> None:
        gateway = gateways[who]
        name = f"round-{number}-{who}"
        document = Document.of(statement(gateway.account, bucket, name))
        thing = BucketPolicy.of(gateway.account, bucket, marker(name), name, document)
        plan = plan_of(
            Step(number=1, address=thing.address, change=Create(thing), calls=thing.create()),
            accounts=(gateway.account,),
        )
        threading.Event().wait(pause)
        gateways_by_name = {gateway.account.name: gateway}
        ended.extend(list(apply(plan, gateways_by_name, made_from={}, clock=clock, sleep=sleep))[-1:])

    threads = [threading.Thread(target=run, args=(who, dice.uniform(0, jitter))) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in ended] == [Applied, Applied]


def keys_in(policy: str) -> set[str]:
    """What the statements of a bucket's policy are about."""
    return {one["Resource"].split("/")[-2] for one in json.loads(policy)["Statement"]}
