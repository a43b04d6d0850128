"""Our decisions held against the gateway's own: each case is set up, asked of ``explain``, and really tried.

Where both differ the reason stands here; nothing else may differ.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.ceph.conftest import Ceph
from xacct.access.explain import ASSUME, ask
from xacct.account import Account, AccountSpec, Profile
from xacct.aws.session import Sessions
from xacct.engine.estates import live_estate
from xacct.engine.read import read_accounts
from xacct.policy.evaluate import Outcome

USER, ROOT_A, ROOT_B, ANY, OTHER, ID_A = "user", "root of A", "root of B", "*", "other", "id of A"
GRANT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}

ENTER: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, str], bool]] = {
    # name: trust statements (principal in words), own statements, what AssumeRole sends, whether Ceph lets in
    "trust names the user, with a grant": ([{"who": USER}], [GRANT], {}, True),
    "trust names the user, without a grant": ([{"who": USER}], [], {}, True),
    "trust names the user, and a Deny on the grant's side": (
        [{"who": USER}],
        [{**GRANT, "Effect": "Deny"}],
        {},
        True,
    ),
    "trust names the account by its root": ([{"who": ROOT_A}], [GRANT], {}, True),
    "trust names the account by its id": ([{"who": ID_A}], [GRANT], {}, True),
    "trust names anyone": ([{"who": ANY}], [GRANT], {}, True),
    "trust names another user": ([{"who": OTHER}], [GRANT], {}, False),
    "trust names the role's own account": ([{"who": ROOT_B}], [GRANT], {}, False),
    "trust allows and denies": ([{"who": USER}, {"who": USER, "Effect": "Deny"}], [GRANT], {}, False),
    "trust denies another": ([{"who": USER}, {"who": OTHER, "Effect": "Deny"}], [GRANT], {}, True),
    "trust before a moment that is far": (
        [{"who": USER, "Condition": {"DateLessThan": {"aws:CurrentTime": "2999-01-01T00:00:00Z"}}}],
        [GRANT],
        {},
        True,
    ),
    "trust before a moment that is past": (
        [{"who": USER, "Condition": {"DateLessThan": {"aws:CurrentTime": "2001-01-01T00:00:00Z"}}}],
        [GRANT],
        {},
        False,
    ),
    "trust from an address that is ours": (
        [{"who": USER, "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}],
        [GRANT],
        {},
        True,
    ),
    "trust from an address that is not": (
        [{"who": USER, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
        [GRANT],
        {},
        False,
    ),
    "trust with MFA that nobody has": (
        [{"who": USER, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}],
        [GRANT],
        {},
        False,
    ),
    "trust with the right external id": (
        [{"who": USER, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}],
        [GRANT],
        {"ExternalId": "x-1"},
        False,
    ),
    "trust with a wrong external id": (
        [{"who": USER, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}],
        [GRANT],
        {"ExternalId": "x-2"},
        False,
    ),
}
DIFFERENT = {
    "trust with the right external id": "Ceph does not fill sts:ExternalId and refuses even the right one",
    "everything but writing": "Ceph takes a statement with NotAction for one that is about nothing",
    "a Deny of everything but listing": "Ceph takes a statement with NotAction for one that is about nothing",
}


@pytest.fixture
def place(
    ceph: Ceph, undo: list[Callable[[], object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A user and another one in A, a bucket and a role in B."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    iam_a, s3 = ceph.root("iam", ceph.a), ceph.root("s3", ceph.b)
    user, other, role, bucket = (f"{word}-{ceph.mark}" for word in ("user", "other", "role", "bucket"))
    for name in (user, other):
        iam_a.create_user(UserName=name)
        undo.append(lambda name=name: iam_a.delete_user(UserName=name))
    key = iam_a.create_access_key(UserName=user)["AccessKey"]
    undo.append(lambda: iam_a.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"]))
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/k", Body=b"x")
    undo.append(lambda: s3.delete_bucket(Bucket=bucket))
    undo.append(lambda: s3.delete_object(Bucket=bucket, Key="in/k"))
    ceph.profiles(tmp_path / "config", {"user": (key["AccessKeyId"], key["SecretAccessKey"])})
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return Place(ceph, undo, user, other, role, bucket, (key["AccessKeyId"], key["SecretAccessKey"]))


class Place:
    def __init__(
        self, ceph: Ceph, undo: Any, user: str, other: str, role: str, bucket: str, keys: tuple[str, str]
    ) -> None:
        self.ceph, self.undo, self.user, self.other, self.role, self.bucket = (
            ceph,
            undo,
            user,
            other,
            role,
            bucket,
        )
        self.keys = keys
        self.iam_a, self.iam_b = ceph.root("iam", ceph.a), ceph.root("iam", ceph.b)

    def arn(self, who: str) -> str:
        a, b = self.ceph.a["account_id"], self.ceph.b["account_id"]
        return {
            USER: f"arn:aws:iam::{a}:user/{self.user}",
            OTHER: f"arn:aws:iam::{a}:user/{self.other}",
            ROOT_A: f"arn:aws:iam::{a}:root",
            ROOT_B: f"arn:aws:iam::{b}:root",
            ID_A: a,
            ANY: "*",
            "role": f"arn:aws:iam::{b}:role/{self.role}",
        }[who]

    def trusted(self, statements: list[dict[str, Any]]) -> None:
        bodies = [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                **{key: value for key, value in one.items() if key != "who"},
                "Principal": {"AWS": self.arn(one["who"])},
            }
            for one in statements
        ]
        self.iam_b.create_role(RoleName=self.role, AssumeRolePolicyDocument=document(bodies))
        self.undo.append(lambda: self.iam_b.delete_role(RoleName=self.role))

    def granted(self, statements: list[dict[str, Any]]) -> None:
        if statements:
            self.iam_a.put_user_policy(
                UserName=self.user, PolicyName="own", PolicyDocument=document(statements)
            )
            self.undo.append(lambda: self.iam_a.delete_user_policy(UserName=self.user, PolicyName="own"))

    def may(self, statements: list[dict[str, Any]]) -> None:
        if statements:
            self.iam_b.put_role_policy(
                RoleName=self.role, PolicyName="access", PolicyDocument=document(statements)
            )
            self.undo.append(lambda: self.iam_b.delete_role_policy(RoleName=self.role, PolicyName="access"))

    def estate(self) -> Any:
        specs = [
            AccountSpec(account=Account(name=name, id=account["account_id"]), credentials=Profile(profile))
            for name, account, profile in (("a", self.ceph.a, "acct-a"), ("b", self.ceph.b, "acct-b"))
        ]
        gateways = dict(Sessions().gateways(specs))
        return live_estate(read_accounts(gateways, buckets={"a": set(), "b": {self.bucket}}))

    def enter(self, **more: str) -> dict[str, str] | None:
        sts = self.ceph.client("sts", *self.keys)
        try:
            found: dict[str, str] = sts.assume_role(RoleArn=self.arn("role"), RoleSessionName="test", **more)[
                "Credentials"
            ]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
                raise
            return None
        return found


def document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.mark.parametrize("name", ENTER)
def test_whether_a_role_can_be_entered(name: str, place: Place) -> None:
    trust, own, sent, lets_in = ENTER[name]
    place.trusted(trust)
    place.granted(own)
    assert (place.enter(**sent) is not None) is lets_in
    estate = place.estate()
    keys = {
        "aws:CurrentTime": "2026-11-24T12:00:00Z",
        "aws:SourceIp": "127.0.0.1",
        "aws:MultiFactorAuthPresent": (),
    }
    keys["sts:ExternalId"] = sent.get("ExternalId", ())
    hop = ask(estate, estate.principal(place.arn(USER)), ASSUME, place.arn("role"), keys)
    assert hop.outcome in (Outcome.ALLOWED, Outcome.IMPLICITLY_DENIED, Outcome.EXPLICITLY_DENIED)
    assert (hop.outcome is Outcome.ALLOWED) is (lets_in or name in DIFFERENT), hop.settled.decision


B = "BUCKET"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{B}/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": B}
SESSION: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str, str, bool]] = {
    # name: the role's statements, the bucket's statements (who in words), action, prefix or key, whether Ceph allows
    "the role reads": ([READ], [], "s3:GetObject", "in/k", True),
    "the role reads with a wildcard": ([{**READ, "Action": "s3:Get*"}], [], "s3:GetObject", "in/k", True),
    "the role reads elsewhere": ([{**READ, "Resource": f"{B}/out/*"}], [], "s3:GetObject", "in/k", False),
    "the role only lists": ([LIST], [], "s3:GetObject", "in/k", False),
    "the role lists": ([LIST], [], "s3:ListBucket", "", True),
    "listing is asked of objects": ([{**LIST, "Resource": f"{B}/*"}], [], "s3:ListBucket", "", False),
    "the role lists a prefix": (
        [{**LIST, "Condition": {"StringLike": {"s3:prefix": ["in/", "in/*"]}}}],
        [],
        "s3:ListBucket",
        "in/",
        True,
    ),
    "the role lists beside its prefix": (
        [{**LIST, "Condition": {"StringLike": {"s3:prefix": ["in/", "in/*"]}}}],
        [],
        "s3:ListBucket",
        "out/",
        False,
    ),
    "a Deny beside": ([READ, {**READ, "Effect": "Deny"}], [], "s3:GetObject", "in/k", False),
    "a Deny of something else beside": (
        [READ, {**READ, "Effect": "Deny", "Resource": f"{B}/out/*"}],
        [],
        "s3:GetObject",
        "in/k",
        True,
    ),
    "a Deny in the bucket policy": (
        [READ],
        [{**READ, "Effect": "Deny", "who": ANY}],
        "s3:GetObject",
        "in/k",
        False,
    ),
    "a Deny of the role in the bucket policy": (
        [READ],
        [{**READ, "Effect": "Deny", "who": "role"}],
        "s3:GetObject",
        "in/k",
        False,
    ),
    "a Deny of somebody else in the bucket policy": (
        [READ],
        [{**READ, "Effect": "Deny", "who": USER}],
        "s3:GetObject",
        "in/k",
        True,
    ),
    "the bucket policy names the role": ([], [{**READ, "who": "role"}], "s3:GetObject", "in/k", True),
    "everything but reading": (
        [{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": f"{B}/*"}],
        [],
        "s3:GetObject",
        "in/k",
        False,
    ),
    "everything but writing": (
        [{"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": f"{B}/*"}],
        [],
        "s3:GetObject",
        "in/k",
        False,
    ),
    "a Deny of everything but listing": (
        [READ, {"Effect": "Deny", "NotAction": "s3:ListBucket", "Resource": f"{B}/*"}],
        [],
        "s3:GetObject",
        "in/k",
        True,
    ),
    "all but another place": (
        [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{B}/out/*"}],
        [],
        "s3:GetObject",
        "in/k",
        True,
    ),
    "from an address that is not ours": (
        [{**READ, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
        [],
        "s3:GetObject",
        "in/k",
        False,
    ),
}


@pytest.mark.parametrize("name", SESSION)
def test_what_a_session_may_do(name: str, place: Place) -> None:
    own, shared, action, what, allowed = SESSION[name]
    bucket = f"arn:aws:s3:::{place.bucket}"

    def placed(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        bodies: list[dict[str, Any]] = json.loads(json.dumps(statements).replace(B, bucket))
        for body in bodies:
            if "who" in body:
                body["Principal"] = {"AWS": place.arn(body.pop("who"))}
        return bodies

    place.trusted([{"who": USER}])
    place.may(placed(own))
    if shared:
        s3 = place.ceph.root("s3", place.ceph.b)
        s3.put_bucket_policy(Bucket=place.bucket, Policy=document(placed(shared)))
        place.undo.append(lambda: s3.delete_bucket_policy(Bucket=place.bucket))
    keys = place.enter()
    assert keys is not None
    session = place.ceph.client("s3", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    try:
        if action == "s3:ListBucket":
            session.list_objects_v2(Bucket=place.bucket, Prefix=what)
        else:
            session.get_object(Bucket=place.bucket, Key=what)
        really = True
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        really = False
    assert really is allowed
    estate = place.estate()
    context: dict[str, object] = {"aws:SourceIp": "127.0.0.1"}
    resource = bucket
    if action == "s3:ListBucket":
        context["s3:prefix"] = what
    else:
        resource = f"{bucket}/{what}"
    hop = ask(estate, estate.principal(place.arn("role")), action, resource, context)
    assert (hop.outcome is Outcome.ALLOWED) is (allowed is not (name in DIFFERENT)), hop.settled.decision
