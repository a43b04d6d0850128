"""Every guard refuses with 6, sends nothing that writes, and says the word that lifts it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.functional.conftest import MANIFESTS, Cloud, Ran
from tests.functional.test_removal import ANALYTICS, DATA, LINK, ok, writes
from xacct.errors import ExitCode

LIMITED = f"{LINK}limits:\n  "


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(MANIFESTS / "seed-link.yaml")
    made.furnish(made.write("xacct.yaml", LINK))
    return made


def refuses(cloud: Cloud, *words: str, because: str, word: str) -> Ran:
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes", *words)
    assert ran.code == ExitCode.REFUSED, ran.out + ran.err
    assert because in ran.err
    assert word in ran.err
    assert "Nothing was sent." in ran.err
    assert "error: error:" not in ran.err
    assert writes(cloud, before) == []
    return ran


def test_more_than_the_limit_is_refused(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}max_delete: 0\n".replace(", analytics/group/Auditors", ""))
    ran = refuses(cloud, because="Too much at once", word="--max-delete 1")
    assert "xacct.yaml:" in ran.err
    ok(cloud, "apply", "--yes", "--max-delete", "1")
    assert "No differences" in ok(cloud, "plan")


def test_the_only_link_is_all_of_them(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    end = LINK.index("links:")
    cloud.write("xacct.yaml", f"{LINK[:end]}limits: {{max_delete_share: 99}}\n")
    refuses(cloud, because="4 of 4 living things would be deleted", word="--max-delete 4")
    refuses(cloud, "--max-delete", "3", because="at most 3", word="--max-delete 4")
    ok(cloud, "apply", "--yes", "--max-delete", "4")


def test_what_is_protected_is_not_narrowed(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}protect: [data/role/reader]\n".replace("list, read", "list"))
    refuses(cloud, because="data/role/reader is protected", word="--allow-protected")
    ok(cloud, "apply", "--yes", "--allow-protected")


def test_what_the_earlier_manifest_protected_is_not_free_by_the_same_edit(cloud: Cloud) -> None:
    earlier = cloud.write("earlier.yaml", f'{LIMITED}protect: ["data/*"]\n')
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK[: LINK.index("links:")])
    refuses(cloud, "--was", str(earlier), because="data/* is protected", word="--allow-protected")


def test_what_is_protected_is_not_destroyed(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}protect: [data/role/*]\n  max_delete: 0\n")
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("destroy", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert "Too much" not in ran.err
    assert writes(cloud, before) == []
    ok(cloud, "destroy", "--yes", "--allow-protected")


def test_a_changed_path_is_refused_with_the_way_to_do_it(cloud: Cloud) -> None:
    """Trap 9: a path cannot be changed; a role made anew has another id, and trusts elsewhere stay broken."""
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK.replace("data/role/reader", "data/role/team/reader"))
    refuses(
        cloud,
        because="lives under the path /, not /team/",
        word="give the new one another name and take the old one out afterwards",
    )


def test_another_account_than_the_declared_one_is_refused(cloud: Cloud) -> None:
    """Trap 67: whose credentials they are is asked before anything is written."""
    cloud.write("xacct.yaml", LINK.replace("profile: acct-b", "profile: acct-a"))
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert f"belong to account {ANALYTICS}" in ran.err
    assert "Correct the id of account data" in ran.err
    assert writes(cloud, before) == []


def test_another_endpoint_than_the_declared_one_is_refused(cloud: Cloud) -> None:
    """Trap 68."""
    cloud.write("xacct.yaml", LINK.replace("acct-b}", "acct-b, endpoint: 'https://cloud.example'}"))
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert "declares https://cloud.example" in ran.err
    assert len(cloud.sandbox.requests) == before


def statement(sid: str, principal: object, effect: str = "Allow", **more: object) -> dict[str, object]:
    return {
        "Sid": sid,
        "Effect": effect,
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        **more,
    }


BUCKET = "mongodb-snapshots"
USER = {"AWS": f"arn:aws:iam::{ANALYTICS}:user/user01"}
EVERYBODY = statement("all", "*")


def with_policy(cloud: Cloud, *statements: dict[str, object]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    text = LINK[: LINK.index("links:")]
    cloud.write("xacct.yaml", f"{text}buckets:\n  data/bucket/{BUCKET}:\n    policy: {document}\n")


def live_policy(cloud: Cloud, *statements: dict[str, object]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    cloud.world.client("s3", DATA).put_bucket_policy(Bucket=BUCKET, Policy=document)


def blocks(cloud: Cloud, **switches: bool) -> None:
    cloud.world.client("s3", DATA).put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration=switches
    )


def test_nothing_is_opened_to_everybody_without_a_word(cloud: Cloud) -> None:
    with_policy(cloud, EVERYBODY)
    refuses(cloud, because="would let everybody in", word="--allow-public")
    ok(cloud, "apply", "--yes", "--allow-public")
    assert "No differences" in ok(cloud, "plan")


def test_a_role_for_everybody_needs_the_word_too(cloud: Cloud) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    text = LINK[: LINK.index("links:")]
    cloud.write("xacct.yaml", f"{text}roles:\n  data/role/open:\n    trust: {document}\n")
    refuses(cloud, because="data/role/open would let everybody in", word="--allow-public")


def test_a_condition_that_fixes_who_it_is_needs_no_word(cloud: Cloud) -> None:
    """Trap 31: fixed values are not public, wide ones are."""
    narrow = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    with_policy(cloud, statement("office", "*", **narrow))
    said = cloud.xacct("plan")
    assert "would let everybody in" not in said.err
    wide = {"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}
    with_policy(cloud, statement("half", "*", **wide))
    refuses(cloud, because="would let everybody in", word="--allow-public")


def test_a_put_that_s3_would_refuse_is_refused_before_anything_is_sent(cloud: Cloud) -> None:
    """Trap 31: with BlockPublicPolicy one public statement makes S3 refuse the whole put; no word helps."""
    blocks(cloud, BlockPublicPolicy=True)
    with_policy(cloud, EVERYBODY)
    refuses(cloud, "--allow-public", because="BlockPublicPolicy on, and our statement", word="turned off")


def test_a_foreign_public_statement_makes_our_put_fail_too(cloud: Cloud) -> None:
    """Trap 31: the statement may be older than the setting."""
    live_policy(cloud, EVERYBODY)
    blocks(cloud, BlockPublicPolicy=True)
    with_policy(cloud, statement("user", USER))
    refuses(cloud, because='a foreign statement "all" is public', word="Take that statement out")


def test_a_foreign_public_statement_that_cuts_our_access_off_is_seen(cloud: Cloud) -> None:
    """Trap 32: with RestrictPublicBuckets one public statement cuts off every other account."""
    live_policy(cloud, EVERYBODY)
    blocks(cloud, RestrictPublicBuckets=True)
    with_policy(cloud, statement("user", USER))
    ran = refuses(cloud, because="RestrictPublicBuckets is on", word="--allow-public")
    assert 'a foreign statement "all"' in ran.err
    assert f"gives {ANALYTICS} would not work" in ran.err
    ok(cloud, "apply", "--yes", "--allow-public")


def test_sessions_of_the_own_roles_are_not_cut_off(cloud: Cloud) -> None:
    """Trap 32: a link goes through a role of the bucket's own account."""
    live_policy(cloud, EVERYBODY)
    blocks(cloud, RestrictPublicBuckets=True)
    ok(cloud, "apply", "--yes")
    said = " ".join(cloud.xacct("verify", "--wait", "0").out.split())
    assert "ok analytics/user/user01 can read mongodb-snapshots" in said


def test_a_deny_that_hits_the_applier_is_refused(cloud: Cloud) -> None:
    """Trap 33: a broad Deny on the policy's own calls leaves nobody to take it back."""
    deny = statement("locked", "*", "Deny", Action="s3:*BucketPolicy", Resource=f"arn:aws:s3:::{BUCKET}")
    with_policy(cloud, deny)
    ran = refuses(cloud, because="could not undo data/bucket-policy", word="--allow-lockout")
    assert f"arn:aws:iam::{DATA}:user/admin" in ran.err
    assert "with an explicit deny in a resource-based policy" in ran.err


def test_a_deny_with_an_exception_for_the_applier_passes(cloud: Cloud) -> None:
    mine = {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{DATA}:user/admin"}}
    with_policy(
        cloud,
        statement(
            "rest",
            "*",
            "Deny",
            Action="s3:*BucketPolicy",
            Resource=f"arn:aws:s3:::{BUCKET}",
            Condition=mine,
        ),
    )
    ok(cloud, "apply", "--yes")
    ok(cloud, "destroy", "--yes")


def test_a_deny_that_hangs_on_what_the_applier_may_not_have_is_refused(cloud: Cloud) -> None:
    away = {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
    with_policy(
        cloud,
        statement(
            "network",
            "*",
            "Deny",
            Action="s3:PutBucketPolicy",
            Resource=f"arn:aws:s3:::{BUCKET}",
            Condition=away,
        ),
    )
    refuses(cloud, because="only with a fitting aws:sourcevpce", word="--allow-lockout")


ENTERED = f"""
version: 1
name: entered
accounts:
  data: {{id: "{DATA}", enter: {{role: "arn:aws:iam::{DATA}:role/deployer", profile: acct-a}}}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
roles:
  data/role/deployer:
    trust: {{principals: [%s]}}
"""


def test_the_trust_of_the_role_that_was_entered_is_not_closed_behind(cloud: Cloud) -> None:
    path = cloud.write("xacct.yaml", ENTERED % "analytics/user/admin")
    cloud.furnish(path)
    trust = {"Effect": "Allow", "Principal": {"AWS": ANALYTICS}, "Action": "sts:AssumeRole"}
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName="deployer", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    ok(cloud, "apply", "--yes", "--adopt")  # from the whole account to the applier alone
    cloud.write("xacct.yaml", ENTERED % "analytics/user/user01")
    ran = refuses(
        cloud, because=f"entered by the role arn:aws:iam::{DATA}:role/deployer", word="--allow-lockout"
    )
    assert f"arn:aws:iam::{ANALYTICS}:user/admin could not assume it again" in ran.err
    ok(cloud, "apply", "--yes", "--allow-lockout")


def test_the_appliers_own_grants_are_not_taken_away(cloud: Cloud) -> None:
    """Removing the only policy that gives the applier its rights leaves nobody to put it back."""
    iam = cloud.world.client("iam", ANALYTICS)
    names = iam.list_user_policies(UserName="admin")["PolicyNames"]
    text = LINK[: LINK.index("links:")].replace("users:\n", "users:\n  analytics/user/admin: {}\n")
    gone = "".join(f"\n  - analytics/user-policy/admin/{name}" for name in names)
    assert names
    cloud.write("xacct.yaml", f"{text}removed:{gone}\n")
    ran = refuses(cloud, because="could not undo analytics/user-policy/admin", word="--allow-lockout")
    assert "iam:PutUserPolicy" in ran.err


def test_a_problem_is_said_once(cloud: Cloud) -> None:
    cloud.write("xacct.yaml", LINK.replace("analytics/user/user01", "analytics/user/nobody"))
    for words in (("plan",), ("apply", "--yes")):
        ran = cloud.xacct(*words)
        assert ran.code == ExitCode.PROBLEM
        assert (ran.out + ran.err).count("error: Unknown user") == 1
        assert "error: Unknown user" in ran.err


def test_a_guard_is_said_once(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}max_delete: 0\n".replace(", analytics/group/Auditors", ""))
    ran = cloud.xacct("plan")
    assert ran.code == ExitCode.REFUSED
    assert (ran.out + ran.err).count("Too much at once") == 1


def test_what_others_put_on_a_role_of_ours_is_drift_though_it_is_left(cloud: Cloud) -> None:
    assert cloud.xacct("apply", "--yes").code == ExitCode.DONE
    assert cloud.xacct("drift").code == ExitCode.DONE
    iam = cloud.world.client("iam", DATA)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="reader", PolicyName="by-hand", PolicyDocument=json.dumps(everything))
    seen = cloud.xacct("drift")
    assert seen.code == ExitCode.DIFFERENCES
    assert "data/role-policy/reader/by-hand is left alone" in seen.out
    assert cloud.xacct("plan", "--detailed-exitcode").code == ExitCode.DONE  # apply has nothing to do
    iam.delete_role_policy(RoleName="reader", PolicyName="by-hand")
    assert cloud.xacct("drift").code == ExitCode.DONE
