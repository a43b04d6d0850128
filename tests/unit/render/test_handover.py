"""Commands for another owner: shared documents are put only where they are as they were read."""

from __future__ import annotations

from tests.unit.plan.states import APPS, DATA, MARKER, NAME, access, grant, plan, role, role_policy
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.platform import platform_named
from xacct.policy.document import Document
from xacct.render.handover import handed_over

OURS = BucketPolicy.of(
    DATA,
    "logs",
    MARKER,
    NAME,
    Document.of(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:user/anna"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::logs/*",
        }
    ),
)
THEIRS = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*",'
    '"Resource":"arn:aws:s3:::logs/x"}]}'
)


def files(live: dict[tuple[str, str], str | None] | None, platform: str = "aws") -> dict[str, str]:
    wanted = [role(), role_policy(document=access()), OURS, grant()]
    return handed_over(plan(wanted, []), DATA, platform_named(platform), wanted=wanted, live=live)


def test_a_shared_document_is_merged_with_what_was_read_and_put_only_over_that() -> None:
    found = files({("bucket-policy", "logs"): THEIRS})
    (name,) = (one for one in found if "bucket-policy" in one and one.endswith("-before.json"))
    assert found[name] == THEIRS
    (put,) = (one for one in found if "bucket-policy" in one and one.endswith("-policy.json"))
    assert '"Sid":"Theirs"' in found[put]
    assert "s3:GetObject" in found[put]
    assert f'"$(cat {name})" ]; then' in found["commands.sh"]


def test_where_nothing_could_be_read_what_is_there_already_is_never_replaced() -> None:
    text = files(None)["commands.sh"]
    assert "holds something already" in text
    assert "could not be read" in text


def test_only_the_accounts_own_steps_are_in_it_and_the_account_is_checked_first() -> None:
    text = files({("bucket-policy", "logs"): None})["commands.sh"]
    assert "aws iam create-role --role-name reader --path /" in text
    assert "--max-session-duration 3600" in text
    assert "put-group-policy" not in text
    assert text.index("get-caller-identity") < text.index("create-role")
    assert f'test "$account" = {DATA.id}' in text
    assert "get-caller-identity" not in files({("bucket-policy", "logs"): None}, "ceph")["commands.sh"]


def test_where_nothing_is_left_it_says_so() -> None:
    wanted = [grant()]
    made = plan(wanted, wanted)
    found = handed_over(made, APPS, platform_named("aws"), wanted=wanted, live={})
    assert "Nothing is left to do" in found["commands.sh"]
