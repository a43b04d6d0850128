"""Ways past a link that no request of verify goes: found in the live documents, and where there are none, not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import Cloud
from tests.functional.test_verify import ANALYTICS, BACKUPS, BUCKET, DATA, LINK, PLAIN, ROLE, findings
from xacct.errors import ExitCode

ARN = f"arn:aws:s3:::{BUCKET}"
USER, OUR_ROLE = f"arn:aws:iam::{ANALYTICS}:user/user01", f"arn:aws:iam::{DATA}:role/{ROLE}"
BOTH = pytest.mark.parametrize("path", [LINK, PLAIN], ids=["link", "plain"])


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud], path: Path) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(path, objects={BUCKET: BACKUPS})
    assert made.xacct("apply", "--yes", "-f", path).code == ExitCode.DONE
    return made


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(action: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def role(cloud: Cloud, name: str, trusted: str, *rights: dict[str, Any]) -> None:
    iam = cloud.world.client("iam", DATA)
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*rights))


def grant(cloud: Cloud, *rights: dict[str, Any]) -> None:
    iam = cloud.world.client("iam", ANALYTICS)
    iam.put_user_policy(UserName="user01", PolicyName="own", PolicyDocument=document(*rights))


def another_role(cloud: Cloud) -> str:
    role(cloud, "second", USER, allow("s3:*", [ARN, f"{ARN}/*"]))
    grant(cloud, allow("sts:AssumeRole", f"arn:aws:iam::{DATA}:role/second"))
    return f"analytics/user/user01 gets nothing on {BUCKET} that is not declared: through data/role/second"


def a_role_behind_ours(cloud: Cloud) -> str:
    role(cloud, "admin-of-all", OUR_ROLE, allow("*"))
    return (
        f"analytics/user/user01 gets nothing on {BUCKET} that is not declared: through data/role/admin-of-all"
    )


def policy(cloud: Cloud, principal: str) -> None:
    statement = allow("s3:PutBucketPolicy", ARN, Principal={"AWS": principal})
    cloud.world.client("s3", DATA).put_bucket_policy(Bucket=BUCKET, Policy=document(statement))


def the_users_own_hands(cloud: Cloud) -> str:
    policy(cloud, USER)
    grant(cloud, allow("s3:*"))
    return f"analytics/user/user01 gets nothing on {BUCKET} that is not declared: without the role"


def the_roles_own_hands(cloud: Cloud) -> str:
    policy(cloud, OUR_ROLE)
    return f"data/role/{ROLE} gets nothing on {BUCKET} that is not declared: by the bucket's policy"


@BOTH
@pytest.mark.parametrize(
    "widen", [another_role, a_role_behind_ours, the_users_own_hands, the_roles_own_hands]
)
def test_a_way_past_the_link_is_too_wide(path: Path, widen: Callable[[Cloud], str], cloud: Cloud) -> None:
    name = widen(cloud)
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", path)
    assert [one for one, finding in found.items() if finding["outcome"] == "too wide"] == [name]
    assert found[name]["decided"] == "allowed"
    assert not found[name]["tried"]
    assert found[name]["why"]


@BOTH
def test_what_people_of_others_have_in_the_account_is_no_way(path: Path, cloud: Cloud) -> None:
    role(cloud, "AdministratorAccess", f"arn:aws:iam::{DATA}:root", allow("*"))
    role(cloud, "partner", f"arn:aws:iam::{ANALYTICS}:user/admin", allow("s3:*"))
    role(cloud, "readers", USER, allow("s3:GetObject", f"{ARN}/*"))
    role(cloud, "elsewhere", USER, allow("s3:*", ["arn:aws:s3:::other", "arn:aws:s3:::other/*"]))
    grant(cloud, allow("sts:AssumeRole"), allow("s3:*"))
    own = f"arn:aws:iam::{DATA}:root"
    theirs = document(
        allow("s3:*", [ARN, f"{ARN}/*"], Principal={"AWS": own}),
        allow("s3:PutObject", f"{ARN}/logs/*", Principal={"Service": "logging.s3.amazonaws.com"}),
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [ARN, f"{ARN}/*"],
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
            },
        },
    )
    cloud.world.client("s3", DATA).put_bucket_policy(Bucket=BUCKET, Policy=theirs)
    findings(cloud, ExitCode.DONE, "-f", path)


@pytest.mark.parametrize("path", [LINK])
def test_a_way_that_a_check_asks_for_is_declared(path: Path, cloud: Cloud) -> None:
    another_role(cloud)
    check = "{who: analytics/user/user01, access: [assume], where: data/role/second, expect: allowed}"
    asked = cloud.write("xacct.yaml", f"{path.read_text()}checks:\n  more:\n    - {check}\n")
    findings(cloud, ExitCode.DONE, "-f", asked)
