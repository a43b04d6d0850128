"""One manifest, one thing to do with it, and how it goes when nothing breaks."""

from __future__ import annotations

import json
import os
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.cloud import Cloud
from tests.faults.judge import Way, meaning, questions, ways
from xacct.aws.session import Sessions
from xacct.cli import main
from xacct.cli.planning import Planned, make
from xacct.engine.preparing.limits import Lifted
from xacct.engine.preparing.prepare import Choice
from xacct.engine.reading.observe import observe
from xacct.kinds import live
from xacct.manifest.loading.load import load_manifest
from xacct.resource import Address
from xacct.sandbox.request import Operation
from xacct.snapshot import Snapshot

LIFT = ("--max-delete", "100000", "--allow-protected", "--allow-lockout", "--allow-public")
LIFTED = Lifted(max_delete=100_000, protected=True, lockout=True, public=True)
READS = ("Get", "List", "Head", "Describe")
FOREIGN = ' { "Version":"2012-10-17",\n "Statement": {"Effect":"Deny", "Action":"ec2:*", "Resource":"*"} }'
WELL = (0, 7)
"""Done; and done, as far as could be read."""
KINDS = ("repair", "create", "destroy")
"""The one that takes longest first."""


class Time:
    """Sleeping takes no time, and the clock believes that it did."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._slept = 0.0

    def monotonic(self) -> float:
        return self._real() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += max(seconds, 0.0)


def warp() -> None:
    """Make all waiting of this process, and of its forks, take no time."""
    fake = Time()
    time.sleep = fake.sleep
    time.monotonic = fake.monotonic


@dataclass
class Seen:
    """States of the cloud by their print: those that were judged, and what some of them mean."""

    safe: set[str] = field(default_factory=set)
    meanings: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Scenario:
    """Ready to be broken: the cloud before the apply, the plan, and what it is to lead to.

    ``calls`` are the writes in their order.
    """

    name: str
    kind: str
    paths: list[str]
    cloud: Cloud
    planned: Planned
    before: dict[str, str]
    after: dict[str, str] = field(default_factory=dict)
    allowed: frozenset[Way] = frozenset()
    questions: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)

    @property
    def files(self) -> list[str]:
        """The manifest on the command line."""
        return [word for path in self.paths for word in ("-f", path)]

    def snapshots(self) -> dict[str, Snapshot]:
        """What the cloud of this process holds."""
        return observe(self.planned.gateways, [self.planned.manifest])


def prepare(name: str, kind: str, paths: list[str]) -> Scenario:
    """The cloud of a scenario, up to where the apply begins; this process then belongs to it."""
    manifest = load_manifest(paths)
    cloud = Cloud(sorted({spec.account.id for spec in manifest.accounts.values()}))
    cloud.world.furnish(manifest)
    config = Path(f"aws-{os.getpid()}")
    cloud.world.write_config(config)
    os.environ["AWS_CONFIG_FILE"] = str(config.absolute())
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    gateways = dict(Sessions().gateways(dict(manifest.accounts).values()))
    for gateway in gateways.values():
        gateway.caller()
    Sessions.gateways = lambda _self, _specs: dict(gateways)  # type: ignore[method-assign,assignment]
    _foreign(cloud)
    if kind != "create":
        code, said = quietly("apply", "--yes", *LIFT, *_files(paths))
        assert code in WELL, said
    if kind == "repair":
        _spoil(cloud, live(observe(gateways, [manifest]).values()).resources, manifest.name)
    choice = Choice(destroy=kind == "destroy", lifted=LIFTED)
    planned = make(tuple(paths), None, choice)
    assert planned.plan.steps, f"{name} {kind} has nothing to do"
    assert not planned.plan.guards, planned.plan.guards
    objects = {
        bucket: sorted(cloud.store.s3(account).buckets[bucket].keys.keys())
        for account in cloud.store.accounts
        for bucket in cloud.store.s3(account).buckets
    }
    made = Scenario(name=name, kind=kind, paths=paths, cloud=cloud, planned=planned, before={}, questions=[])
    made.questions = questions(objects)
    snapshots = made.snapshots()
    made.before = meaning(snapshots)
    made.allowed = ways(snapshots, made.questions)
    _warm(made)
    return made


def _warm(scenario: Scenario) -> None:
    """What each fork would load and make again, once before them."""
    for command in ("apply", "destroy", "plan", "undo"):
        quietly(command, "--help")
    scenario.cloud.print()


def quietly(*words: str) -> tuple[int, str]:
    """Exit code and output of the command line, in this process."""
    with open("said", "w+") as said, redirect_stdout(said), redirect_stderr(said):
        try:
            main(list(words))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        said.flush()
        said.seek(0)
        return code, said.read()


def is_write(operation: Operation) -> bool:
    """Whether a request changes something."""
    return not operation.name.startswith(READS) and operation.service != "sts"


def _files(paths: list[str]) -> list[str]:
    return [word for path in paths for word in ("-f", path)]


def _foreign(cloud: Cloud) -> None:
    """What others have in the same places: it must come through everything, byte for byte."""
    for account in cloud.store.accounts:
        iam, s3 = cloud.world.client("iam", account), cloud.world.client("s3", account)
        for group in cloud.store.groups(account):
            iam.put_group_policy(GroupName=group.name, PolicyName="Foreign", PolicyDocument=FOREIGN)
        for bucket in list(cloud.store.s3(account).buckets):
            theirs = {
                "Sid": "Theirs",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "s3:PutBucketAcl",
                "Resource": f"arn:aws:s3:::{bucket}",
            }
            text = json.dumps({"Version": "2012-10-17", "Id": "Foreign", "Statement": [theirs]}, indent=3)
            s3.put_bucket_policy(Bucket=bucket, Policy=text)


def _spoil(cloud: Cloud, resources: Any, manifest: str) -> None:
    """What hands do to what xacct made: trusts widened, policies exchanged, grants and memberships gone."""
    for address in sorted(resources):
        mark = resources[address].mark
        iam, s3 = (cloud.world.client(service, address.account.id) for service in ("iam", "s3"))
        first, second = (*address.parts, "")[:2]
        _spoil_one(address, first, second, iam, s3, ours=mark is not None and second != "Foreign")


def _spoil_one(address: Address, first: str, second: str, iam: Any, s3: Any, *, ours: bool) -> None:
    account = address.account.id
    match address.kind:
        case "role" if ours:
            root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
            trust = {"Version": "2012-10-17", "Statement": [{**root, "Action": "sts:AssumeRole"}]}
            iam.update_assume_role_policy(RoleName=first, PolicyDocument=json.dumps(trust))
            iam.update_role(RoleName=first, Description="by hand", MaxSessionDuration=7200)
            iam.untag_role(RoleName=first, TagKeys=["xacct:fingerprint"])
        case "role-policy" if second != "everything" and not first.startswith("AWSReserved"):
            allow = {"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": "*"}
            text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            iam.put_role_policy(RoleName=first, PolicyName=second, PolicyDocument=text)
        case "group-policy" if second != "Foreign":
            iam.delete_group_policy(GroupName=first, PolicyName=second)
        case "bucket-policy" if ours:
            live = json.loads(s3.get_bucket_policy(Bucket=first)["Policy"])
            live["Statement"] = [one for one in live["Statement"] if not one["Sid"].startswith("Xacct")]
            s3.put_bucket_policy(Bucket=first, Policy=json.dumps(live))
