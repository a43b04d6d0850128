"""Ways past a link: verify says of each just what trying it shows, on whatever platform is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live.cloud import Live

pytestmark = pytest.mark.slow

BUCKET, ROLE = "mongodb-snapshots", "mongodb-reader"
LINK = f"""
version: 1
name: ways
accounts:
  data: {{id: "325271821652", profile: acct-b}}
  analytics: {{id: "290122656840", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
links:
  - role: data/role/{ROLE}
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: {BUCKET}
    access: [list, read]
"""
Key = dict[str, str]


def user(live: Live) -> Key:
    return live.profile_key("acct-a-user01")


def ours(live: Live) -> Key:
    return session(live, user(live), ROLE)


def session(live: Live, key: Key, role: str) -> Key:
    arn = f"arn:aws:iam::{live.id('data')}:role/{role}"
    answer = live.client_of("sts", key).assume_role(RoleArn=arn, RoleSessionName="test")
    return dict(answer["Credentials"])


def works(live: Live, key: Callable[[], Key], operation: str, **more: Any) -> bool:
    """Whether it is done; a refusal is the only other answer that counts."""
    try:
        s3 = live.client_of("s3", key())
        getattr(s3, operation)(Bucket=live.bucket(BUCKET), Key="monday.xz", **more)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return False
    return True


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def arn(live: Live, who: str) -> str:
    account, _, name = who.partition(":")
    return f"arn:aws:iam::{live.id(account)}:{name}"


def everything(live: Live) -> dict[str, Any]:
    bucket = f"arn:aws:s3:::{live.bucket(BUCKET)}"
    return {"Effect": "Allow", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}


def granted(live: Live, *statements: dict[str, Any]) -> None:
    text = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}, *statements)
    live.client("iam", "analytics").put_user_policy(UserName="user01", PolicyName="own", PolicyDocument=text)


@pytest.mark.parametrize("grant", [True, False], ids=["granted", "not granted"])
@pytest.mark.parametrize(
    "trusted",
    ["analytics:user/user01", "analytics:root", f"data:role/{ROLE}", "data:root", "analytics:user/other"],
)
def test_another_role_is_a_way_where_it_can_be_entered(trusted: str, grant: bool, live: Live) -> None:
    live.stage(LINK, {BUCKET: ("monday.xz",)})
    live.done("apply", "--yes")
    live.done("verify", *live.wait)
    live.client("iam", "analytics").create_user(UserName="other")
    iam = live.client("iam", "data")
    trust = {"Effect": "Allow", "Principal": {"AWS": arn(live, trusted)}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="second", AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName="second", PolicyName="p", PolicyDocument=document(everything(live)))
    if grant:
        granted(live)
    way = works(live, lambda: session(live, user(live), "second"), "put_object", Body=b"")
    way = way or works(live, lambda: session(live, ours(live), "second"), "put_object", Body=b"")
    agrees(live, way, "through data/role/second")


@pytest.mark.parametrize(
    "named", ["analytics:user/user01", "analytics:root", f"data:role/{ROLE}", "data:root"]
)
def test_a_bucket_policy_is_a_way_for_whom_it_lets_in(named: str, live: Live) -> None:
    live.stage(LINK, {BUCKET: ("monday.xz",)})
    live.done("apply", "--yes")
    granted(live, everything(live))
    objects = {**everything(live), "Action": "s3:GetObjectTagging", "Principal": {"AWS": arn(live, named)}}
    objects["Resource"] = objects["Resource"][1]
    live.client("s3", "data").put_bucket_policy(Bucket=live.bucket(BUCKET), Policy=document(objects))
    by_role = named.startswith("data")
    way = works(live, lambda: ours(live) if by_role else user(live), "get_object_tagging")
    agrees(live, way, "by the bucket's policy" if by_role else "without the role")


def agrees(live: Live, way: bool, how: str) -> None:
    found = live.outcomes()
    told = [name for name, outcome in found.items() if outcome == "too wide"]
    assert bool(told) is way, found
    assert any(how in name for name in told) is way, told
