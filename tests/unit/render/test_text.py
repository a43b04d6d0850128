"""What people read, letter by letter as it was thought out."""

from __future__ import annotations

from dataclasses import replace

from immutabledict import immutabledict

from tests.unit.plan.states import APPS, access, grant, plan, role, role_policy, trust, unread
from xacct.errors import XacctError
from xacct.plan.outcome import Applied, Failed, Skipped, Waiting
from xacct.policy.document import Document
from xacct.render.text import outcome_text, plan_text


def body(text: str) -> list[str]:
    """Without the header."""
    return text.split("\n\n", 1)[1].rstrip("\n").split("\n")


def test_a_plan_names_its_accounts_and_where_they_are() -> None:
    made = replace(
        plan([], []),
        endpoints=immutabledict({"data/iam": "http://127.0.0.1:1", "data/s3": "http://127.0.0.1:1"}),
        platforms=immutabledict({"data": "sandbox"}),
    )
    assert plan_text(made).splitlines()[:3] == [
        "Plan for example",
        "  data         111122223333 on the sandbox at http://127.0.0.1:1",
        "  apps         444455556666",
    ]


def test_endpoints_that_differ_are_shown_service_by_service_trap_68() -> None:
    made = replace(
        plan([], []),
        endpoints=immutabledict(
            {
                "apps/iam": "https://iam.amazonaws.com",
                "apps/s3": "https://s3.amazonaws.com",
                "data/iam": "http://euare.cloud:8773",
                "data/sts": "http://tokens.cloud:8773",
                "data/s3": "http://objectstorage.cloud:8773",
            }
        ),
        platforms=immutabledict({"data": "eucalyptus", "apps": "aws-us-gov"}),
    )
    assert plan_text(made).splitlines()[:8] == [
        "Plan for example",
        "  data         111122223333 on Eucalyptus",
        "               iam at http://euare.cloud:8773",
        "               s3  at http://objectstorage.cloud:8773",
        "               sts at http://tokens.cloud:8773",
        "  apps         444455556666 on AWS (aws-us-gov)",
        "               iam at https://iam.amazonaws.com",
        "               s3  at https://s3.amazonaws.com",
    ]


def test_a_private_cloud_of_which_nothing_is_known_says_so() -> None:
    made = replace(
        plan([], []),
        endpoints=immutabledict({"data/iam": "http://127.0.0.1:1"}),
        platforms=immutabledict({"data": "private"}),
    )
    assert (
        plan_text(made).splitlines()[1]
        == "  data         111122223333 on a private cloud at http://127.0.0.1:1"
    )


def test_creations_show_what_will_be() -> None:
    text = plan_text(plan([role(description="reads logs"), grant()], []))
    assert body(text) == [
        "In account data (111122223333):",
        "",
        "  1. + create data/role/reader",
        "       + path: /",
        "       + trust",
        "         + Allow",
        "             Principal AWS arn:aws:iam::444455556666:user/anna",
        "             Action sts:AssumeRole",
        "       + description: reads logs",
        "       + session length: 3600 s",
        "       + marked as made by: example",
        "",
        "In account apps (444455556666):",
        "",
        "  2. + create apps/group-policy/Testers/grant",
        "       + document",
        "         + Allow",
        "             Action sts:AssumeRole",
        "             Resource arn:aws:iam::111122223333:role/reader",
        "",
        "2 to create, 0 to update, 0 to delete.",
    ]


def test_changes_show_what_differs_and_nothing_else() -> None:
    live = role(trust=trust("arn:aws:iam::444455556666:root"), max_session=7200)
    assert body(plan_text(plan([role()], [live]))) == [
        "In account data (111122223333):",
        "",
        "  1. ~ update data/role/reader",
        "       ~ trust",
        "         ~ Allow",
        "             - Principal AWS account 444455556666",
        "             + Principal AWS arn:aws:iam::444455556666:user/anna",
        "       ~ session length: 7200 s -> 3600 s",
        "",
        "0 to create, 1 to update, 0 to delete.",
    ]


def test_statements_are_added_and_removed_one_by_one() -> None:
    deny = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    live = Document.of(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"},
        {"Sid": "Tls", **deny},
    )
    text = body(plan_text(plan([role_policy()], [role_policy(document=live)])))
    assert text[3:6] == ["       ~ document", "         - Deny, Tls", "             Action s3:*"]
    assert "             if aws:SecureTransport Bool false" in text


def test_deletions_say_why() -> None:
    text = body(plan_text(plan([], [grant()], was=[grant()])))
    assert text[2:4] == [
        "  1. - delete apps/group-policy/Testers/grant",
        "       because the earlier manifest declared it and this one does not",
    ]


def test_the_exact_calls_are_shown_when_asked_for() -> None:
    made = plan([role_policy(document=access())], [])
    assert not any("call " in line for line in body(plan_text(made)))
    calls = [line for line in body(plan_text(made, 1)) if "call " in line]
    assert len(calls) == 1
    assert calls[0].startswith(
        '       call iam:PutRolePolicy {"RoleName": "reader", "PolicyName": "access", "PolicyDocument": '
    )


def test_nothing_to_do_is_one_line() -> None:
    assert body(plan_text(plan([role()], [role()]))) == ["No differences: 1 resources are as declared."]


def test_what_is_unknown_is_never_passed_over() -> None:
    text = body(plan_text(plan([role(), grant()], [role()], gaps=[unread(APPS)])))
    assert text == [
        "Unknown, nothing is planned for it: apps/group-policy/Testers/grant",
        "  it was refused",
        "",
        "No differences in what could be read; 1 unknown.",
    ]


def test_a_guard_says_what_lifts_it() -> None:
    text = plan_text(plan([role()], [replace(role(), manifest="", fingerprint="")]))
    assert "Not made by this manifest" in text
    assert "--adopt" in text


def test_arns_are_never_cut_or_folded() -> None:
    long = role("r" * 64, path=f"/{'p' * 300}/", trust=trust(f"arn:aws:iam::444455556666:user/{'u' * 300}"))
    assert f"arn:aws:iam::444455556666:user/{'u' * 300}" in plan_text(plan([long], []))


def test_progress_is_one_line_for_each_outcome() -> None:
    made = plan([role(), role_policy()], [])
    first, second = made.steps
    assert outcome_text(Applied(first, first.calls)) == "[1] + data/role/reader done"  # type: ignore[arg-type]
    assert outcome_text(Applied(first, ())) == "[1] + data/role/reader done, it was so already"
    assert outcome_text(Skipped(second, first.address)) == (
        "[2] + data/role-policy/reader/access held back, because data/role/reader is not done"
    )
    assert (
        outcome_text(Waiting(first, "the user to appear"))
        == "[1] + data/role/reader waits: the user to appear"
    )
    failed = Failed(step=first, error=XacctError("it said no", fix="Ask again."), calls_done=0)
    assert outcome_text(failed) == "[1] + data/role/reader FAILED: it said no\n    Ask again."
