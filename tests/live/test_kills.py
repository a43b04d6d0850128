"""Runs that are killed at each of their writes: they go on, or are taken back, and nothing of others is touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.cloud import Live
from tests.live.examples import examples
from tests.live.holdings import THEIRS, Holdings, bucket_policy, held_by_iam
from tests.live.killing import Point, Runs, Wire, wire
from xacct.engine.applying import merge
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow

BUCKET = "mongodb-snapshots"
ROLE = "cross-bucket-access-mongodb-logs"
SEED = examples()["seed-link"][0].read_text()
SHARED = """
version: 1
name: sharing
accounts:
  data: {id: "325271821652", profile: acct-b}
  analytics: {id: "290122656840", profile: acct-a}
users:
  analytics/user/user01: {profile: acct-a-user01}
  analytics/user/user02: {profile: acct-a-user02}
links:
  - role: data/role/cross-bucket-access-mongodb-logs
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: mongodb-snapshots
    access: [list, read]
buckets:
  data/bucket/mongodb-snapshots:
    policy:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Principal: {AWS: "arn:aws:iam::290122656840:user/user02"}
        Action: s3:GetObject
        Resource: "arn:aws:s3:::mongodb-snapshots/shared/*"
"""
CHANGED = (
    SHARED.replace("trust: [analytics/user/user01]", "trust: [analytics/user/user02]\n    session: 2h")
    .replace("[analytics/group/Testers]", "[analytics/group/Readers]")
    .replace("[list, read]", "[read, write]")
    .replace("/shared/*", "/given/*")
)
"""Other people in, other actions, another grant, another statement."""

# Between its parts this text is as tight as what is merged into it is put, so that it comes back byte for byte. The
# second statement names a user, so that a service that writes such documents anew has done so before we come.
THEIR_POLICY = """{ "Version":"2012-10-17",
  "Id" : "Theirs",
  "Statement" : [{ "Sid" : "Theirs",
   "Effect":"Deny",  "Principal": {"AWS": "*"},
   "Action" : [ "s3:PutBucketAcl" ], "Resource": "arn:aws:s3:::BUCKET" },{"Effect":"Allow",
   "Principal":{ "AWS":"arn:aws:iam::ANALYTICS:user/user01"},
   "Action":"s3:GetBucketLocation","Resource":"arn:aws:s3:::BUCKET"}]
}
"""
THEIR_INLINE = """ { "Version":"2012-10-17",
 "Statement": {"Effect":"Deny", "Action": [ "s3:DeleteBucket"], "Resource":"*"} }"""
OURS = re.compile(r',\{"Sid": ?"Xacct[^{}]*\{[^{}]*\}[^{}]*\}')
"""A statement of ours as it is put behind those of others."""


@dataclass(frozen=True)
class Story:
    """What is killed: a command on a manifest, after ``start`` was applied, with the writes that it sends."""

    text: str
    writes: tuple[str, ...]
    start: str = ""
    command: str = "apply"
    alone: bool = False
    """Whether nobody else has a statement in the bucket's policy."""
    whole: bool = False
    """Whether every way on is gone from every point; else a run goes on by one of two, and is taken back."""

    def points(self, way: str) -> Iterator[Point]:
        """Before and after each write; a policy of a bucket is also looked at again."""
        for number, name in enumerate(self.writes, 1):
            if self.whole or way != "resume":
                yield Point(number, "before")
            if self.whole or way != "apply":
                yield Point(number, "unanswered")
                if name.endswith("Bucket policy"):
                    yield Point(number, "answered")

    @property
    def back(self) -> tuple[str, ...]:
        """The words to take it back with; access that the run took away needs one more."""
        return ("undo", "--yes", "--give-back") if self.start else ("undo", "--yes")


STORIES = {
    "seed": Story(SEED, ("CreateRole", "PutRolePolicy", "PutGroupPolicy"), whole=True),
    "shared": Story(SHARED, ("Put Bucket policy", "CreateRole", "PutRolePolicy", "PutGroupPolicy")),
    "changed": Story(
        CHANGED,
        (
            "Put Bucket policy",
            *("TagRole", "UpdateAssumeRolePolicy"),  # narrowed first
            "PutRolePolicy",
            *("TagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
            *("PutGroupPolicy", "DeleteGroupPolicy"),
        ),
        start=SHARED,
    ),
    "destroyed": Story(
        SHARED,
        ("Delete Bucket policy", "DeleteRolePolicy", "DeleteRole", "DeleteGroupPolicy"),
        start=SHARED,
        command="destroy",
        alone=True,
    ),
}


UNDONE = ("DeleteRolePolicy", "DeleteRole", "DeleteGroupPolicy")
"""What an undo of the seed sends."""


class Accounts:
    """The accounts of a test, in which others have things too, with xacct on the other end of a wire."""

    def __init__(self, live: Live, between: Wire) -> None:
        self.live = live
        self.wire = between
        self._iam = {
            account: (live.client("iam", account), live.client("iam", account))
            for account in ("data", "analytics")
        }
        self._s3 = live.client("s3", "data")

    def stage(self, text: str) -> None:
        """A manifest in its place; xacct reaches its accounts through the wire only."""
        self.live.stage(text)
        config = self.live.config.read_text()
        self.live.config.write_text(config.replace(self.live.world.endpoint, self.wire.endpoint))

    def begin(self, story: Story) -> None:
        """Up to where the story's run begins."""
        live = self.live
        self.stage(story.text)
        self.wire.runs.make_ready("plan", *live.files)
        if not story.alone:
            text = THEIR_POLICY.replace("BUCKET", live.bucket(BUCKET)).replace(
                "ANALYTICS", live.id("analytics")
            )
            live.client("s3", "data").put_bucket_policy(Bucket=live.bucket(BUCKET), Policy=text)
        iam = live.client("iam", "analytics")
        iam.put_group_policy(GroupName="Testers", PolicyName=THEIRS, PolicyDocument=THEIR_INLINE)
        iam.put_user_policy(UserName="user01", PolicyName=THEIRS, PolicyDocument=THEIR_INLINE)
        if story.start:
            self.stage(story.start)
            live.done("apply", "--yes")
            self.stage(story.text)
        if story.start and story.command == "apply":
            iam = live.client("iam", "data")
            iam.put_role_policy(RoleName=ROLE, PolicyName=THEIRS, PolicyDocument=THEIR_INLINE)

    def held(self) -> Holdings:
        """All that there is."""
        found: Holdings = {
            f"{account}/{name}": value
            for account, clients in self._iam.items()
            for name, value in held_by_iam(*clients).items()
        }
        return {**found, BUCKET: bucket_policy(self._s3, self.live.bucket(BUCKET))}


@pytest.fixture(scope="module")
def processes() -> Iterator[Runs]:
    """What the processes to be killed come from."""
    runs = Runs()
    yield runs
    runs.close()


@pytest.fixture
def accounts(live: Live, processes: Runs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Nothing but a wire of the test's own lies between xacct and the service."""
    if live.platform == "aws":
        pytest.skip("a wire of our own cannot stand between xacct and AWS, which is reached by TLS only")
    monkeypatch.setattr(merge, "_AFTER", 0.05)
    live.stage(SEED)
    with wire(live.world.endpoint, processes) as between:
        yield Accounts(live, between)


def kept(held: Holdings) -> Holdings:
    """What is another's, byte for byte: what is named so, and a bucket's policy without our statements."""
    found: Holdings = {name: text for name, text in held.items() if name.endswith(f"/{THEIRS}")}
    policy = held[BUCKET] or ""
    if THEIRS in policy:
        found[BUCKET] = OURS.sub("", policy)
    return found


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("way", ["resume", "apply", "undo"])
def test_killed_at_each_write(
    name: str, way: str, accounts: Accounts, seen: Callable[[str, str, str], None]
) -> None:
    live, story = accounts.live, STORIES[name]
    accounts.begin(story)
    before = accounts.held()
    for point in story.points(way):
        killed = accounts.wire.kill(point, story.command, *live.files, "--yes")
        assert killed == list(story.writes[: point.write]), point
        if way == "undo":
            live.done(*story.back)
        else:
            go_on(story, point, way, accounts, before)
        assert accounts.held() == before, point
    seen("a run killed (SIGKILL) at each of its writes", live.platform, "goes on, or is taken back")


def go_on(story: Story, point: Point, way: str, accounts: Accounts, before: Holdings) -> None:
    """To the end of the run, and back to its beginning."""
    live = accounts.live
    known = runs()
    said = live.done(*(("apply", "--resume") if way == "resume" else (story.command, "--yes")))
    last = point.write == len(story.writes) and point.moment != "before"
    assert ("No differences" in said) is last, f"{point}: {said}"
    if story.command == "apply":
        assert "No differences" in live.done("plan", "--detailed-exitcode"), point
    else:
        assert "No differences" in live.done("destroy", "--yes"), point
    assert kept(accounts.held()) == kept(before), point
    if story.whole and point == Point(2, "unanswered"):
        live.done("verify", *live.wait)
    for run in reversed(runs()[len(known) - 1 :]):
        live.done(*story.back, run)


def runs() -> list[str]:
    """The runs that were written down in this folder, the latest last."""
    return sorted(path.parent.name for path in Path(".xacct/runs").glob("*/journal.jsonl"))


def test_an_undo_that_is_killed_goes_on_as_an_undo(accounts: Accounts) -> None:
    live, story = accounts.live, STORIES["seed"]
    accounts.begin(story)
    before = accounts.held()
    for number in range(1, len(UNDONE) + 1):
        live.done("apply", "--yes")
        applied = runs()[-1]
        killed = accounts.wire.kill(Point(number, "unanswered"), "undo", *live.files, "--yes")
        assert killed == list(UNDONE[:number])
        assert f"xacct undo {applied}" in live.done("apply", "--resume", code=ExitCode.REFUSED)
        live.done("undo", "--yes", applied)
        assert accounts.held() == before


def test_a_runner_vanishes_with_its_folder_and_another_goes_on_from_the_bucket(
    accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done last, a line of the journal or a call: the bucket alone tells the next runner."""
    live, story = accounts.live, STORIES["seed"]
    accounts.begin(story)
    bucket = live.bucket("journals")
    live.client("s3", "data").create_bucket(Bucket=bucket)
    place = ("--journal", f"s3://{bucket}/ci/main")
    before = accounts.held()
    line = "Put Object"
    writes = [line, *(word for name in story.writes for word in (line, name, line)), line]
    monkeypatch.chdir(runner(live, tmp_path, 0))
    accounts.wire.kill(Point(1, "before"), "apply", *live.files, "--yes", *place)
    assert "no journal of any run" in live.done("apply", "--resume", *place, code=ExitCode.USAGE)
    for number in range(1, len(writes) + 1):
        monkeypatch.chdir(runner(live, tmp_path, number))
        killed = accounts.wire.kill(Point(number, "unanswered"), "apply", *live.files, "--yes", *place)
        assert killed == writes[:number]
        monkeypatch.chdir(runner(live, tmp_path, -number))
        said = live.done("apply", "--resume", *place)
        assert ("No differences" in said) is (number >= writes.index("PutGroupPolicy") + 1), number
        assert "No differences" in live.done("plan", "--detailed-exitcode")
        live.done("undo", "--yes", *place)
        assert accounts.held() == before, number
    assert not list(tmp_path.rglob(".xacct"))


def runner(live: Live, folder: Path, number: int) -> Path:
    """A machine of its own for a job, with a copy of the manifest and nothing else; the one before it is gone."""
    checkout = folder / f"runner{number}"
    checkout.mkdir()
    (path,) = live.files[1:]
    Path(path).rename(checkout / "xacct.yaml")
    live.files = ["-f", str(checkout / "xacct.yaml")]
    return checkout
