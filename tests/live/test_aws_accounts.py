"""The run on AWS that nobody has made yet: it starts only where two accounts were confirmed, and cleans up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.live.aws import CleanWorld, Unsure, accounts_of
from tests.live.backends import OnSandbox
from tests.live.examples import examples
from xacct.manifest.loading.load import load_manifest

IDS = {"one": "111122223333", "two": "444455556666", "again": "111122223333"}


def sure(*profiles: str, confirmed: str = "") -> dict[str, str]:
    return accounts_of(profiles, IDS.__getitem__, set(confirmed.split(",")) - {""})


def test_two_accounts_that_were_confirmed_by_their_ids() -> None:
    assert sure("one", "two", confirmed="444455556666,111122223333") == {
        "111122223333": "one",
        "444455556666": "two",
    }


@pytest.mark.parametrize(
    ("profiles", "confirmed", "says"),
    [
        ((), "", "must name two"),
        (("one",), "111122223333", "must name two"),
        (("one", "two", "again"), "111122223333,444455556666", "must name two"),
        (("one", "again"), "111122223333", "two accounts are needed"),
        (("one", "two"), "", "XACCT_AWS_CONFIRM=111122223333,444455556666"),
        (("one", "two"), "111122223333", "XACCT_AWS_CONFIRM"),
        (("one", "two"), "111122223333,999999999999", "XACCT_AWS_CONFIRM"),
        (("one", "two"), "111122223333,444455556666,777788889999", "XACCT_AWS_CONFIRM"),
    ],
)
def test_anything_less_is_refused(profiles: tuple[str, ...], confirmed: str, says: str) -> None:
    with pytest.raises(Unsure, match=says):
        sure(*profiles, confirmed=confirmed)


def test_without_a_word_nothing_is_run() -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "XACCT_"))}
    command = [sys.executable, "-m", "tests.live.aws", sys.executable, "-c", "print('started')"]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Nothing was touched" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_what_was_made_goes_and_what_was_there_stays() -> None:
    (path,) = examples()["seed-link"]
    data, analytics = "325271821652", "290122656840"
    with OnSandbox().accounts([data, analytics]) as (own, _):
        for account in (data, analytics):
            own.client("iam", account).create_user(UserName="theirs")
            own.client("iam", account).create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
        own.client("s3", data).create_bucket(Bucket="theirs")
        before = {account: _held(own, account) for account in (data, analytics)}
        world = CleanWorld(own.endpoint, own.administrators)
        world.furnish(load_manifest([path]))
        iam = world.client("iam", analytics)
        iam.put_user_policy(UserName="user01", PolicyName="by-hand", PolicyDocument=GRANT)
        iam.put_group_policy(GroupName="Testers", PolicyName="by-hand", PolicyDocument=GRANT)
        world.client("iam", data).create_role(RoleName="by-xacct", AssumeRolePolicyDocument=TRUST)
        world.client("iam", data).put_role_policy(RoleName="by-xacct", PolicyName="p", PolicyDocument=GRANT)
        assert {account: _held(own, account) for account in (data, analytics)} != before
        world.clean()
        assert {account: _held(own, account) for account in (data, analytics)} == before


@pytest.mark.slow
def test_a_name_that_is_taken_stops_the_test() -> None:
    (path,) = examples()["seed-link"]
    data, analytics = "325271821652", "290122656840"
    with OnSandbox().accounts([data, analytics]) as (own, _):
        own.client("iam", analytics).create_group(GroupName="Testers")
        world = CleanWorld(own.endpoint, own.administrators)
        with pytest.raises(own.client("iam", analytics).exceptions.EntityAlreadyExistsException):
            world.furnish(load_manifest([path]))
        world.clean()
        assert "Testers" in _held(own, analytics)["groups"]


TRUST = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": '
    '"arn:aws:iam::325271821652:root"}, "Action": "sts:AssumeRole"}}'
)
GRANT = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}'
)


def _held(world, account: str) -> dict[str, list[str]]:  # type: ignore[no-untyped-def]
    iam, s3 = world.client("iam", account), world.client("s3", account)
    return {
        "users": [found["UserName"] for found in iam.list_users()["Users"]],
        "groups": [found["GroupName"] for found in iam.list_groups()["Groups"]],
        "roles": [found["RoleName"] for found in iam.list_roles()["Roles"]],
        "buckets": [found["Name"] for found in s3.list_buckets()["Buckets"]],
    }
