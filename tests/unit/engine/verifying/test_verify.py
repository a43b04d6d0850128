"""Patience and judgement: what counts as an answer, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes import no_answer, refusal
from tests.unit.engine.cloud import BUCKET, ROLE, A, B, SmallCloud, denied
from xacct.aws.caller import NoCredentials
from xacct.check import Caller, Check, Decision, Finding, Layer, Outcome, Want, Why
from xacct.engine.verifying.diagnose import Judgement
from xacct.engine.verifying.verify import Patience, exit_code, verify
from xacct.errors import ExitCode, Refused
from xacct.platform import AWS, CEPH, EUCALYPTUS, PRIVATE

ANNA = Caller(account=A, arn=A.iam_arn("user/anna"), profile="anna")
MALLORY = Caller(account=A, arn=A.iam_arn("user/mallory"), profile="mallory")
HOP = Check(
    name="anna assumes reader",
    link="logs",
    caller=ANNA,
    owner=B,
    role=ROLE,
    action="sts:AssumeRole",
    resource=ROLE,
    want=Want.ALLOWED,
)
LIST = replace(HOP, name="anna lists", action="s3:ListBucket", resource=f"arn:aws:s3:::{BUCKET}")
READ = replace(LIST, name="anna reads", action="s3:GetObject")
WRITE = replace(LIST, name="anna writes", action="s3:PutObject")
DELETE = replace(LIST, name="anna deletes", action="s3:DeleteObject")
NO_WRITE = replace(WRITE, name="anna cannot write", want=Want.DENIED)
NO_DELETE = replace(DELETE, name="anna cannot delete", want=Want.DENIED)
STRANGER = replace(HOP, name="mallory cannot assume", caller=MALLORY, want=Want.DENIED)
DIRECT = replace(LIST, name="anna cannot list without the role", role="", want=Want.DENIED)

ASSUMES = ("anna", "sts:AssumeRole")
LISTS = ("session", "s3:ListBucket")
READS = ("session", "s3:GetObject")
WRITES = ("session", "s3:PutObject")
DELETES = ("session", "s3:DeleteObject")


def run(cloud: SmallCloud, *checks: Check, seconds: float = 10.0) -> dict[str, Finding]:
    patience = Patience(seconds, cloud.clock, cloud.clock.sleep)
    found = list(verify(checks, cloud, patience))
    assert len(found) == len(checks)
    return {finding.check.name: finding for finding in found}


def outcomes(cloud: SmallCloud, *checks: Check, **more: Any) -> list[Outcome]:
    found = run(cloud, *checks, **more)
    return [found[check.name].outcome for check in checks]


OK, MISSING, WIDE, UNTRIED, UNKNOWN = (
    Outcome.AS_DECLARED,
    Outcome.MISSING,
    Outcome.TOO_WIDE,
    Outcome.NOT_TRIED,
    Outcome.UNKNOWN,
)


def test_what_is_declared_works_and_nothing_else_does() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, READS)
    checks = (HOP, LIST, READ, NO_WRITE, NO_DELETE, DIRECT, STRANGER)
    assert outcomes(cloud, *checks) == [OK] * 7
    assert cloud.clock.pauses == []


def test_the_listing_shows_the_keys() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, keys=("in/a", "out/b"))
    assert run(cloud, HOP, LIST)["anna lists"].seen == ("in/a", "out/b")
    inside = replace(LIST, prefix="in/")
    assert run(cloud, HOP, inside)["anna lists"].seen == ("in/a",)


def test_a_long_listing_is_cut_and_says_so() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, keys=tuple(f"{number:05}" for number in range(1200)))
    found = run(cloud, LIST)["anna lists"]
    assert len(found.seen) == 1000
    assert "and more" in found.detail


def test_every_request_names_the_owner_of_the_bucket() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, READS, WRITES, DELETES)
    run(cloud, HOP, LIST, READ, WRITE, DELETE)
    owners = {call.params.get("ExpectedBucketOwner") for _, call in cloud.sent if call.service == "s3"}
    assert owners == {B.id}


def test_positives_of_a_link_come_before_its_negatives() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    found = list(verify((NO_WRITE, STRANGER, LIST, HOP), cloud, Patience(0, cloud.clock, cloud.clock.sleep)))
    assert [finding.check.want for finding in found] == [Want.ALLOWED, Want.ALLOWED, Want.DENIED, Want.DENIED]


# ---- patience


def test_a_role_that_is_seen_late_is_waited_for_and_must_work_twice() -> None:
    cloud = SmallCloud(LISTS)
    cloud.changes.append((4.0, lambda: cloud.rights.add(ASSUMES)))
    assert outcomes(cloud, HOP, LIST) == [OK, OK]
    tries = [call for _, call in cloud.sent if call.operation == "AssumeRole"]
    assert len(tries) == 4  # refused at 0 and 2 s, let in at 4 s and again at 6 s


def test_access_that_comes_and_goes_is_not_taken_for_there_until_it_stays() -> None:
    cloud = SmallCloud(ASSUMES)
    cloud.changes += [
        (2.0, lambda: cloud.rights.add(LISTS)),
        (4.0, lambda: cloud.rights.discard(LISTS)),
        (6.0, lambda: cloud.rights.add(LISTS)),
    ]
    assert outcomes(cloud, LIST) == [OK]
    assert cloud.clock() == 8.0


def test_patience_ends_and_then_the_access_is_missing() -> None:
    cloud = SmallCloud(ASSUMES)
    assert outcomes(cloud, HOP, LIST) == [OK, MISSING]
    assert 8.0 <= cloud.clock() <= 10.0


def test_what_is_waited_for_is_said_once() -> None:
    cloud, said = SmallCloud(ASSUMES), list[str]()
    (found,) = verify((LIST,), cloud, Patience(10.0, cloud.clock, cloud.clock.sleep, said.append))
    assert found.outcome is MISSING
    assert cloud.clock() >= 8.0
    assert said == ["anna lists: denied so far, trying again"]


def test_a_session_is_opened_anew_after_a_refusal() -> None:
    cloud = SmallCloud(ASSUMES)
    cloud.changes.append((2.0, lambda: cloud.rights.add(LISTS)))
    run(cloud, LIST)
    assert sum(call.operation == "AssumeRole" for _, call in cloud.sent) == 2


def test_access_that_was_just_taken_away_is_given_time_to_go() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES)
    cloud.changes.append((4.0, lambda: cloud.rights.discard(WRITES)))
    assert outcomes(cloud, HOP, LIST, NO_WRITE) == [OK, OK, OK]


def test_what_gives_no_answer_is_not_waited_for() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    cloud.faults["ListObjectsV2"] = no_answer()
    assert outcomes(cloud, LIST) == [UNKNOWN]
    assert cloud.clock.pauses == []


# ---- too wide and missing


def test_what_works_and_is_not_declared_is_too_wide() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, ("mallory", "sts:AssumeRole"), ("anna", "s3:ListBucket"))
    assert outcomes(cloud, HOP, LIST, NO_WRITE, STRANGER, DIRECT, seconds=0) == [OK, OK, WIDE, WIDE, WIDE]


def test_without_the_role_what_hangs_on_it_is_not_tried() -> None:
    assert outcomes(SmallCloud(LISTS), HOP, LIST, NO_WRITE, seconds=0) == [MISSING, UNTRIED, UNTRIED]


def test_an_external_id_that_nobody_checks_is_found() -> None:
    """Trap 58."""
    hop = replace(HOP, external_id="right")
    without = replace(hop, name="without", external_id="", want=Want.DENIED)
    cloud = SmallCloud(ASSUMES)
    cloud.external_id = "right"
    assert outcomes(cloud, hop, without, seconds=0) == [OK, OK]
    assert outcomes(SmallCloud(ASSUMES), hop, without, seconds=0) == [OK, WIDE]


# ---- a refusal that says nothing


def test_a_refusal_in_a_session_where_nothing_worked_says_nothing() -> None:
    assert outcomes(SmallCloud(ASSUMES), HOP, NO_WRITE) == [OK, UNKNOWN]


def test_a_stranger_is_not_refused_where_nobody_is_let_in() -> None:
    assert outcomes(SmallCloud(), HOP, STRANGER, seconds=0) == [MISSING, UNKNOWN]


def test_direct_access_says_nothing_where_nobody_reached_the_bucket() -> None:
    assert outcomes(SmallCloud(ASSUMES), HOP, LIST, DIRECT, seconds=0) == [OK, MISSING, UNKNOWN]


def test_of_a_link_that_has_ended_nobody_has_to_get_in() -> None:
    ended = replace(HOP, want=Want.DENIED, ended=True)
    assert outcomes(SmallCloud(), ended) == [OK]


def test_a_positive_vouches_for_one_minute_and_is_then_tried_again() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    findings = verify((LIST, NO_WRITE), cloud, Patience(0, cloud.clock, cloud.clock.sleep))
    next(findings)
    cloud.clock.now += 61
    before = len([call for _, call in cloud.sent if call.operation == "ListObjectsV2"])
    assert next(findings).outcome is OK
    assert len([call for _, call in cloud.sent if call.operation == "ListObjectsV2"]) == before + 1


def test_a_session_that_has_died_refuses_everything_and_proves_nothing() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    findings = verify((LIST, NO_WRITE), cloud, Patience(0, cloud.clock, cloud.clock.sleep))
    next(findings)
    cloud.clock.now += 61
    cloud.rights.discard(LISTS)
    assert next(findings).outcome is UNKNOWN


def test_credentials_that_stopped_working_make_a_refusal_worthless() -> None:
    cloud = SmallCloud(ASSUMES)
    again = replace(STRANGER, name="mallory cannot assume even now")
    findings = verify((HOP, STRANGER, again), cloud, Patience(0, cloud.clock, cloud.clock.sleep))
    assert [next(findings).outcome, next(findings).outcome] == [OK, OK]
    cloud.faults["GetCallerIdentity"] = refusal("ExpiredToken", 400)
    assert next(findings).outcome is UNKNOWN


NO_ANSWERS = {
    "network": no_answer(),
    "throttling": refusal("Throttling", 400),
    "server's fault": refusal("InternalError", 500),
    "expired": refusal("ExpiredToken", 400),
    "wrong clock": refusal("RequestTimeTooSkewed", 403),
    "unknown key": refusal("InvalidAccessKeyId", 403),
    "wrong secret": refusal("SignatureDoesNotMatch", 403),
    "no bucket": refusal("NoSuchBucket", 404),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
@pytest.mark.parametrize("want", Want)
def test_what_is_no_refusal_is_unknown_whatever_was_hoped(case: str, want: Want) -> None:
    cloud = SmallCloud(ASSUMES)
    cloud.faults["ListObjectsV2"] = NO_ANSWERS[case]
    assert outcomes(cloud, replace(LIST, want=want)) == [UNKNOWN]


@pytest.mark.parametrize("case", [one for one in NO_ANSWERS if one != "no bucket"])
@pytest.mark.parametrize("want", Want)
def test_a_hop_without_an_answer_is_unknown(case: str, want: Want) -> None:
    cloud = SmallCloud()
    cloud.faults["AssumeRole"] = NO_ANSWERS[case]
    assert outcomes(cloud, replace(HOP, want=want)) == [UNKNOWN]


def test_a_role_that_does_not_exist_is_missing_but_no_refusal() -> None:
    cloud = SmallCloud()
    cloud.faults["AssumeRole"] = refusal("NoSuchEntity", 404)
    assert outcomes(cloud, HOP, STRANGER, seconds=0) == [MISSING, UNKNOWN]


# ---- who tries


def test_without_a_profile_nobody_tries() -> None:
    cloud = SmallCloud()
    check = replace(HOP, caller=replace(ANNA, profile=""), why="Who is in the group could not be read.")
    found = run(cloud, check)[HOP.name]
    assert (found.outcome, found.detail) == (UNTRIED, "Who is in the group could not be read.")
    assert cloud.sent == []


def test_a_profile_that_is_not_there_is_not_tried() -> None:
    cloud = SmallCloud()
    cloud.faults["no profile"] = NoCredentials("apps", "there is no such profile", fix="Make one.")
    assert outcomes(cloud, HOP, STRANGER) == [UNTRIED, UNTRIED]


def test_a_wrong_endpoint_is_unknown_and_stops_nothing_else() -> None:
    cloud = SmallCloud()
    cloud.faults["no profile"] = Refused("an endpoint is not the declared one")
    assert outcomes(cloud, HOP) == [UNKNOWN]


def test_a_second_factor_cannot_be_tried_but_the_way_without_the_role_can() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    assert outcomes(cloud, replace(HOP, mfa=True), replace(LIST, mfa=True)) == [UNTRIED, UNTRIED]
    assert cloud.sent == []
    cloud.rights.add(("anna", "s3:ListBucket"))
    assert outcomes(cloud, DIRECT, seconds=0) == [WIDE]


IDENTITIES = {
    "somebody else": (A.iam_arn("user/other"), UNKNOWN),
    "the root user": (A.root, UNKNOWN),
    "the same name elsewhere": ("arn:aws:iam::999999999999:user/anna", UNKNOWN),
    "the same name on another path": (A.iam_arn("user/x/anna"), UNKNOWN),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_a_profile_of_somebody_else_proves_nothing(case: str) -> None:
    arn, expected = IDENTITIES[case]
    cloud = SmallCloud(ASSUMES)
    cloud.identity["anna"] = arn
    assert outcomes(cloud, HOP) == [expected]
    assert not [call for _, call in cloud.sent if call.operation == "AssumeRole"]


ROLES = {
    "its session": ("arn:aws:sts::444455556666:assumed-role/runner/x", OK),
    "a session of another role": ("arn:aws:sts::444455556666:assumed-role/other/runner", UNKNOWN),
    "a session in another account": ("arn:aws:sts::999999999999:assumed-role/runner/x", UNKNOWN),
}


@pytest.mark.parametrize("case", ROLES)
def test_a_role_is_known_by_its_session_whose_arn_has_no_path(case: str) -> None:
    arn, expected = ROLES[case]
    cloud = SmallCloud(ASSUMES)
    cloud.identity["anna"] = arn
    runner = replace(ANNA, arn=A.iam_arn("role/jobs/runner"))
    assert outcomes(cloud, replace(HOP, caller=runner)) == [expected]


def test_where_nobody_says_who_one_is_a_refusal_shows_that_the_signature_is_right() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, platform=CEPH)
    assert outcomes(cloud, HOP, LIST, STRANGER) == [OK, OK, OK]


@pytest.mark.parametrize(("number", "expected"), [(A.id, OK), ("999999999999", UNKNOWN)])
def test_where_only_the_account_can_be_told_it_must_be_the_declared_one(
    number: str, expected: Outcome
) -> None:
    cloud = SmallCloud(ASSUMES, platform=CEPH)
    cloud.identity["anna"] = f"arn:aws:iam::{number}:user/somebody"
    assert outcomes(cloud, HOP) == [expected]


def test_a_profile_whose_role_cannot_be_entered_is_not_taken_for_its_principal() -> None:
    cloud = SmallCloud(ASSUMES)
    error = denied("sts:AssumeRole")
    error.operation = "GetCallerIdentity"
    cloud.faults["GetCallerIdentity"] = error
    assert outcomes(cloud, HOP) == [UNKNOWN]


def test_the_hop_asks_for_the_declared_session_and_the_negatives_for_the_shortest() -> None:
    cloud = SmallCloud(ASSUMES)
    run(cloud, replace(HOP, session_seconds=7200), replace(STRANGER, session_seconds=7200), seconds=0)
    asked = {
        who: call.params["DurationSeconds"] for who, call in cloud.sent if call.operation == "AssumeRole"
    }
    assert asked == {"anna": 7200, "mallory": 900}


def test_a_session_longer_than_the_role_allows_is_missing_access() -> None:
    cloud = SmallCloud()
    cloud.faults["AssumeRole"] = refusal(
        "ValidationError",
        400,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    found = run(cloud, replace(HOP, session_seconds=7200), seconds=0)[HOP.name]
    assert found.outcome is MISSING
    assert "7200" in found.detail


def test_a_refusal_from_the_wrong_address_says_nothing() -> None:
    """Trap 54."""
    bound = {"source_ip": ("10.0.0.0/8",)}
    found = run(SmallCloud(), replace(HOP, **bound), seconds=0)[HOP.name]
    assert found.outcome is UNKNOWN
    assert "10.0.0.0/8" in found.detail


# ---- nothing is changed


def test_writing_and_deleting_are_tried_without_changing_anything() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, DELETES)
    assert outcomes(cloud, WRITE, DELETE) == [OK, OK]
    assert cloud.keys == ["in/a.txt"]


@pytest.mark.parametrize("platform", [PRIVATE, EUCALYPTUS, AWS], ids=lambda platform: platform.name)
def test_where_conditions_may_be_ignored_nothing_is_written_or_deleted(platform: Any) -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, DELETES, platform=platform)
    assert outcomes(cloud, HOP, LIST, WRITE, DELETE, NO_WRITE, NO_DELETE) == [
        OK,
        OK,
        UNTRIED,
        UNTRIED,
        UNTRIED,
        UNTRIED,
    ]
    assert not {call.operation for _, call in cloud.sent} & {"PutObject", "DeleteObject"}


def test_the_embedded_cloud_is_known_by_its_name_where_it_answers_for_objects_too() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, platform=PRIVATE)
    cloud.headers = {"server": "xacct-sandbox"}
    assert outcomes(cloud, WRITE) == [OK]
    cloud.endpoints = {"sts": "http://one", "s3": "http://another"}
    assert outcomes(cloud, WRITE) == [UNTRIED]


def test_a_condition_that_is_ignored_against_all_promises_is_undone_and_said_loudly() -> None:
    cloud = SmallCloud(ASSUMES, WRITES, DELETES)
    cloud.honours = False
    found = run(cloud, WRITE)["anna writes"]
    assert "ATTENTION" in found.detail
    assert cloud.keys == ["in/a.txt"]
    cloud.rights.discard(DELETES)
    found = run(cloud, WRITE)["anna writes"]
    left = [key for key in cloud.keys if key != "in/a.txt"]
    assert len(left) == 1
    assert left[0] in found.detail


def test_a_refusal_to_read_says_nothing_of_a_write_on_an_entity_tag() -> None:
    """S3 User Guide, conditional requests: If-Match with an entity tag needs s3:GetObject as well."""
    for named in ("s3:GetObject", "s3:ListBucket"):
        cloud = SmallCloud(ASSUMES, LISTS)
        cloud.faults["PutObject"] = denied(named)
        assert outcomes(cloud, LIST, WRITE, NO_WRITE) == [OK, UNTRIED, UNTRIED]
    cloud.faults["PutObject"] = denied("s3:PutObject")
    assert outcomes(cloud, LIST, WRITE, NO_WRITE, seconds=0) == [OK, MISSING, OK]


@pytest.mark.parametrize("check", [WRITE, NO_WRITE, DELETE, NO_DELETE], ids=lambda check: check.name)
def test_a_bucket_that_does_not_exist_says_nothing_of_a_write(check: Check) -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    cloud.faults |= dict.fromkeys(("PutObject", "DeleteObject"), refusal("NoSuchBucket", 404))
    assert outcomes(cloud, LIST, check) == [OK, UNKNOWN]


def test_a_delete_asks_for_no_entity_tag_so_that_it_needs_no_permission_to_read() -> None:
    cloud = SmallCloud(ASSUMES, DELETES)
    run(cloud, DELETE)
    assert [call.params["IfMatch"] for _, call in cloud.sent if call.operation == "DeleteObject"] == ["*"]


def test_reading_needs_an_object_and_folders_are_none() -> None:
    for keys in ((), ("in/",)):
        found = run(SmallCloud(ASSUMES, LISTS, READS, keys=keys), READ)["anna reads"]
        assert found.outcome is UNTRIED
        assert "no object" in found.detail


def test_reading_without_a_listing_to_find_a_key_is_not_tried() -> None:
    assert outcomes(SmallCloud(ASSUMES, READS), READ) == [UNTRIED]


def test_an_action_nobody_can_try_is_not_tried() -> None:
    assert outcomes(SmallCloud(ASSUMES), replace(LIST, action="s3:PutObjectAcl")) == [UNTRIED]


def test_an_empty_object_can_be_read_though_it_has_no_first_byte() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    cloud.faults["GetObject"] = refusal("InvalidRange", 416)
    assert outcomes(cloud, READ) == [OK]


# ---- what was removed

GONE = replace(HOP, name="anna cannot assume any more", want=Want.DENIED, ended=True, removed=True)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def one(cloud: SmallCloud, check: Check, *, seconds: float = 0, judge: Any = None) -> Finding:
    patience = Patience(seconds, cloud.clock, cloud.clock.sleep, wall=lambda: NOON)
    (found,) = verify((check,), cloud, patience, judge=judge)
    return found


@pytest.mark.parametrize("seconds", [0, 60])
def test_what_was_removed_must_be_refused_three_times_in_a_row(seconds: float) -> None:
    """Trap 60: one refusal right after a change says little."""
    cloud = SmallCloud()
    found = one(cloud, GONE, seconds=seconds)
    assert found.outcome is OK
    assert sum(call.operation == "AssumeRole" for _, call in cloud.sent) == 3
    assert cloud.clock.pauses == [2.0, 2.0]


def test_a_refusal_that_turns_again_is_not_counted() -> None:
    cloud = SmallCloud()
    cloud.changes += [(4.0, lambda: cloud.rights.add(ASSUMES)), (6.0, lambda: cloud.rights.discard(ASSUMES))]
    assert one(cloud, GONE, seconds=60).outcome is OK
    # refused at 0 and 2 s, let in at 4 s, and then refused three times in a row
    assert sum(call.operation == "AssumeRole" for _, call in cloud.sent) == 6


def test_what_is_let_in_to_the_end_of_patience_is_too_wide() -> None:
    cloud = SmallCloud(ASSUMES)
    assert one(cloud, GONE, seconds=10).outcome is WIDE


def test_of_a_way_that_was_closed_it_is_said_until_when_sessions_go_on() -> None:
    """Trap 55: a session that was issued goes on."""
    found = one(SmallCloud(), replace(GONE, session_seconds=7200))
    assert len(found.notes) == 1
    assert "until 2026-01-01T14:00:00Z at the latest" in found.notes[0]


def test_the_sessions_of_a_role_that_is_gone_are_over() -> None:
    cloud = SmallCloud()
    cloud.faults["AssumeRole"] = refusal("NoSuchEntity", 404)
    found = one(cloud, GONE)
    assert (found.outcome, found.notes) == (OK, ())
    assert "Its sessions ended with it." in found.detail
    no_role = Why(layer=Layer.ROLE, text="There is no role.")
    judged = one(SmallCloud(), GONE, judge=lambda _: Judgement(decision=Decision.DENIED, why=no_role))
    assert judged.notes == ("The role is gone, and its sessions ended with it.",)


def test_the_session_of_what_was_narrowed_has_no_such_note() -> None:
    cloud = SmallCloud(ASSUMES, LISTS)
    narrowed = replace(NO_WRITE, removed=True)
    found = list(
        verify((LIST, narrowed), cloud, Patience(0, cloud.clock, cloud.clock.sleep, wall=lambda: NOON))
    )
    assert (found[1].outcome, found[1].notes) == (OK, ())
    assert sum(call.operation == "PutObject" for _, call in cloud.sent) == 3


# ---- decided, not tried

NOBODY = replace(HOP, caller=replace(ANNA, profile=""))
NOBODY_LISTS = replace(LIST, caller=replace(ANNA, profile=""))
NOBODY_ELSE = replace(NOBODY, name="nobody cannot", want=Want.DENIED)
REASON = Why(layer=Layer.TRUST, text="The trust names somebody else.", fix="Run xacct plan.")
DECIDED: dict[str, tuple[Check, Judgement, Outcome, Decision]] = {
    "declared and allowed": (NOBODY, Judgement(decision=Decision.ALLOWED), UNTRIED, Decision.ALLOWED),
    "declared and denied": (
        NOBODY,
        Judgement(decision=Decision.DENIED, why=REASON),
        MISSING,
        Decision.DENIED,
    ),
    "declared behind a door that is shut": (
        NOBODY_LISTS,
        Judgement(decision=Decision.DENIED, why=REASON, entered=False),
        UNTRIED,
        Decision.DENIED,
    ),
    "not declared and denied": (
        NOBODY_ELSE,
        Judgement(decision=Decision.DENIED, why=REASON),
        UNTRIED,
        Decision.DENIED,
    ),
    "not declared and allowed": (
        NOBODY_ELSE,
        Judgement(decision=Decision.ALLOWED, why=REASON),
        WIDE,
        Decision.ALLOWED,
    ),
    "not decided": (
        NOBODY,
        Judgement(decision=Decision.OPEN, doubt="users were not read"),
        UNTRIED,
        Decision.OPEN,
    ),
}


@pytest.mark.parametrize("case", DECIDED)
def test_where_nobody_can_try_the_documents_are_judged_and_that_is_never_fine(case: str) -> None:
    check, judgement, outcome, decision = DECIDED[case]
    cloud = SmallCloud()
    found = one(cloud, check, judge=lambda _: judgement)
    assert (found.outcome, found.decided, found.tried) == (outcome, decision, False)
    assert cloud.sent == []
    if outcome in (MISSING, WIDE):
        assert found.why is REASON
    if decision is Decision.OPEN:
        assert "users were not read" in found.detail


def test_what_was_tried_is_never_decided() -> None:
    denying = Judgement(decision=Decision.DENIED, why=REASON)
    found = one(SmallCloud(ASSUMES), HOP, judge=lambda _: denying)
    assert (found.outcome, found.decided) == (OK, None)
    refused = one(SmallCloud(), HOP, judge=lambda _: denying)
    assert (refused.outcome, refused.decided, refused.why) == (MISSING, None, REASON)


def test_a_refusal_that_the_documents_do_not_explain_is_told_by_the_services_words() -> None:
    """Traps 43, 51."""
    allowing = Judgement(decision=Decision.ALLOWED, why=REASON)
    cloud = SmallCloud()
    found = one(cloud, HOP, judge=lambda _: allowing)
    assert found.why is not None
    assert "Every document that was read allows it" in found.why.text
    cloud.faults["AssumeRole"] = denied("sts:AssumeRole", "with an explicit deny in a service control policy")
    found = one(cloud, HOP, judge=lambda _: allowing)
    assert found.why is not None
    assert found.why.layer is Layer.CONTROL_POLICY


def test_what_works_and_must_not_is_told_by_the_statement_that_lets_it() -> None:
    cloud = SmallCloud(ASSUMES)
    found = one(cloud, STRANGER, judge=lambda _: Judgement(decision=Decision.ALLOWED, why=REASON))
    assert found.outcome is UNKNOWN  # mallory has no rights
    cloud = SmallCloud(("mallory", "sts:AssumeRole"))
    found = one(cloud, STRANGER, judge=lambda _: Judgement(decision=Decision.ALLOWED, why=REASON))
    assert (found.outcome, found.why) == (WIDE, REASON)


def test_credentials_of_another_name_are_missing_access_where_the_principal_is_gone() -> None:
    cloud = SmallCloud(ASSUMES)
    cloud.identity["anna"] = A.iam_arn("user/anna-renamed")
    gone = Judgement(decision=Decision.DENIED, why=Why(layer=Layer.PRINCIPAL, text="There is no anna."))
    found = one(cloud, HOP, judge=lambda _: gone)
    assert found.outcome is MISSING
    assert "anna-renamed" in found.detail
    assert one(cloud, HOP, judge=lambda _: Judgement(decision=Decision.ALLOWED)).outcome is UNKNOWN


def test_no_answer_is_told_apart_from_wrong_credentials() -> None:
    cloud = SmallCloud()
    cloud.faults["GetCallerIdentity"] = no_answer()
    found = one(cloud, HOP)
    assert found.why is not None
    assert (found.outcome, found.why.layer) == (UNKNOWN, Layer.NETWORK)
    cloud = SmallCloud(ASSUMES)
    cloud.identity["anna"] = A.iam_arn("user/other")
    found = one(cloud, HOP)
    assert found.why is not None
    assert (found.outcome, found.why.layer) == (UNKNOWN, Layer.CREDENTIALS)


# ---- one named object


def test_a_named_object_is_read_without_any_listing() -> None:
    cloud = SmallCloud(ASSUMES, READS)
    assert outcomes(cloud, replace(READ, key="in/a.txt")) == [OK]
    assert not [call for _, call in cloud.sent if call.operation == "ListObjectsV2"]


def test_a_named_object_that_is_not_there_says_nothing() -> None:
    """Trap 49: a missing key is refused as well where listing is not allowed."""
    cloud = SmallCloud(ASSUMES, LISTS)
    cloud.faults["GetObject"] = refusal("NoSuchKey", 404)
    found = run(
        cloud, LIST, replace(READ, key="gone"), replace(READ, name="not", key="gone", want=Want.DENIED)
    )
    assert {found["anna reads"].outcome, found["not"].outcome} == {UNKNOWN}
    assert "which the manifest names" in found["anna reads"].detail


@pytest.mark.parametrize(("key", "expected"), [("in/b.txt", OK), ("nowhere", UNKNOWN)])
def test_a_refusal_on_a_named_object_counts_where_the_owner_sees_the_object(
    key: str, expected: Outcome
) -> None:
    cloud = SmallCloud(ASSUMES, LISTS, keys=("in/b.txt",))
    only = replace(LIST, prefix="other/")
    refused = replace(READ, name="not", key=key, want=Want.DENIED)
    cloud.faults["GetObject"] = denied("s3:GetObject")
    assert outcomes(cloud, only, refused, seconds=0) == [OK, expected]


def test_without_the_role_a_key_is_tried_that_the_session_saw() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, READS)
    direct = replace(READ, name="direct", role="", want=Want.DENIED)
    assert outcomes(cloud, LIST, READ, direct) == [OK, OK, OK]
    cloud.rights.add(("anna", "s3:GetObject"))
    assert outcomes(cloud, LIST, READ, direct, seconds=0) == [OK, OK, WIDE]


# ---- a session that is too long


def test_where_the_service_has_no_words_the_shortest_session_shows_that_it_was_too_long() -> None:
    """Ceph answers 400 InvalidArgument without a message."""
    cloud = SmallCloud()

    def only_short(who: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["DurationSeconds"] > 3600:
            raise refusal("InvalidArgument", 400)
        return {"Credentials": {"AccessKeyId": "x"}}

    cloud._assumerole = only_short  # type: ignore[method-assign]
    found = one(cloud, replace(HOP, session_seconds=7200))
    assert found.why is not None
    assert (found.outcome, found.why.layer) == (MISSING, Layer.SESSION_LENGTH)


def test_another_invalid_argument_is_no_answer() -> None:
    cloud = SmallCloud()
    cloud.faults["AssumeRole"] = refusal("InvalidArgument", 400)
    assert one(cloud, replace(HOP, session_seconds=7200)).outcome is UNKNOWN


# ---- exit codes

CODES: dict[str, tuple[set[Outcome], ExitCode, ExitCode]] = {
    "nothing": (set(), ExitCode.DONE, ExitCode.DONE),
    "as declared": ({OK}, ExitCode.DONE, ExitCode.DONE),
    "not enforced": ({OK, Outcome.NOT_ENFORCED}, ExitCode.DONE, ExitCode.TOO_WIDE),
    "not tried": ({OK, UNTRIED}, ExitCode.UNKNOWN, ExitCode.UNKNOWN),
    "unknown": ({OK, UNKNOWN}, ExitCode.UNKNOWN, ExitCode.UNKNOWN),
    "missing": ({MISSING, UNKNOWN, UNTRIED}, ExitCode.MISSING, ExitCode.MISSING),
    "too wide": ({OK, WIDE}, ExitCode.TOO_WIDE, ExitCode.TOO_WIDE),
    "too wide and missing": ({MISSING, WIDE, UNKNOWN}, ExitCode.TOO_WIDE, ExitCode.TOO_WIDE),
}


@pytest.mark.parametrize("case", CODES)
def test_the_worst_outcome_decides_the_exit_code(case: str) -> None:
    found, code, strict = CODES[case]
    findings = [Finding(check=HOP, outcome=outcome, detail="") for outcome in found]
    assert exit_code(findings) is code
    assert exit_code(findings, strict=True) is strict
