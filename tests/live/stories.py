"""What is done and killed: manifests with the writes they lead to, in accounts where others have things as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.live.cloud import Live
from tests.live.examples import examples
from tests.live.holdings import THEIRS, Holdings, bucket_policy, held_by_iam
from tests.live.killing import Point, Wire

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
LOCKED = f"{SEED}limits: {{lock: {{bucket: data/bucket/{BUCKET}, key: locks/team}}}}\n"
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


def kept(held: Holdings) -> Holdings:
    """What is another's, byte for byte: what is named so, and a bucket's policy without our statements."""
    found: Holdings = {name: text for name, text in held.items() if name.endswith(f"/{THEIRS}")}
    policy = held[BUCKET] or ""
    if THEIRS in policy:
        found[BUCKET] = OURS.sub("", policy)
    return found
