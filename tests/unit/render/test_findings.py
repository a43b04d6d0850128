"""What verify found, as people, programs and CI read it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.unit.engine.verifying.test_verify import DIRECT, HOP, LIST, NO_WRITE, READ, STRANGER, WRITE
from xacct.check import Check, Decision, Finding, Layer, Outcome, Why
from xacct.errors import ExitCode
from xacct.manifest.loading.schema import schema_text
from xacct.render.findings import Report, findings_json, findings_text
from xacct.render.junit import findings_junit

WHY = Why(layer=Layer.GRANT, text="The grant is missing.", fix="Run xacct plan.", paste='{"Effect": "Allow"}')
FINE = Finding(check=LIST, outcome=Outcome.AS_DECLARED, detail="1 key.", seen=("in/a.txt",))
MISSING = Finding(check=HOP, outcome=Outcome.MISSING, detail=WHY.text, why=WHY, said="User is not authorized")
WIDE = Finding(
    check=NO_WRITE,
    outcome=Outcome.TOO_WIDE,
    detail="It worked, and nothing declares it.",
    why=Why(layer=Layer.ROLE_POLICY, text="It is let through by: Statement 1.", fix="Take that out."),
)
REFUSED = Finding(
    check=DIRECT,
    outcome=Outcome.AS_DECLARED,
    detail="Refused.",
    said="You shall not pass",
    notes=("Until noon.",),
)
DECIDED = Finding(
    check=READ, outcome=Outcome.NOT_TRIED, detail="There is no profile.", decided=Decision.ALLOWED
)
UNKNOWN = Finding(
    check=STRANGER,
    outcome=Outcome.UNKNOWN,
    detail="No answer.",
    why=Why(layer=Layer.NETWORK, text="No answer.", fix="See to it."),
)
LOUD = Finding(
    check=replace(WRITE, name="the grant decides", link="other"),
    outcome=Outcome.NOT_ENFORCED,
    detail="Ceph asks the trust only.",
    why=Why(layer=Layer.GRANT, text="Ceph asks the trust only.", fix="Name them."),
)
ALL = (FINE, MISSING, WIDE, REFUSED, DECIDED, UNKNOWN, LOUD)


def report(*findings: Finding, code: ExitCode = ExitCode.TOO_WIDE, notes: tuple[str, ...] = ()) -> Report:
    return Report(manifest="demo", findings=findings, notes=notes, code=code)


def test_people_read_it_link_by_link_with_what_to_do_next() -> None:
    assert findings_text(report(*ALL, notes=("LEFT BEHIND: a thing.",))).splitlines() == [
        "Link logs",
        "",
        "  What must work:",
        "    ok           anna lists: 1 key",
        "    MISSING      anna assumes reader",
        "                 The grant is missing.",
        "                 layer    grant",
        "                 service  User is not authorized",
        "                 do       Run xacct plan.",
        '                 paste    {"Effect": "Allow"}',
        "    not tried    anna reads",
        "                 There is no profile.",
        "                 decided  allowed by the documents, not tried",
        "",
        "  What must not:",
        "    TOO WIDE     anna cannot write",
        "                 It worked, and nothing declares it.",
        "                 layer    role policy",
        "                 why      It is let through by: Statement 1.",
        "                 do       Take that out.",
        "    ok           anna cannot list without the role",
        "                 note     Until noon.",
        "    UNKNOWN      mallory cannot assume",
        "                 No answer.",
        "                 layer    network",
        "                 do       See to it.",
        "",
        "Link other",
        "",
        "  What must work:",
        "    NOT ENFORCED the grant decides",
        "                 Ceph asks the trust only.",
        "                 layer    grant",
        "                 do       Name them.",
        "",
        "Bucket Information [logs]:",
        "-" * 60,
        "\tin/a.txt",
        "",
        "LEFT BEHIND: a thing.",
        "",
        "7 checks: 2 as declared, 1 missing, 1 too wide, 1 not enforced, 1 not tried, 1 unknown. "
        "Access is wider than declared.",
        "",
        "Next:",
        "  - Take that out.",
        "  - Run xacct plan.",
        "  - See to it.",
        "  - Name them.",
    ]


def test_more_words_show_what_the_service_said_to_a_refusal() -> None:
    assert "You shall not pass" not in findings_text(report(REFUSED))
    assert "                 service  You shall not pass\n" in findings_text(report(REFUSED), 1)


def test_one_check_and_none() -> None:
    fine = report(FINE, code=ExitCode.DONE)
    assert findings_text(fine).splitlines()[-1] == "1 check: 1 as declared."
    assert findings_text(report(code=ExitCode.DONE)) == "Nothing to check.\n"


def test_what_is_not_enforced_is_loud_even_where_the_exit_code_is_0() -> None:
    last = findings_text(report(FINE, LOUD, code=ExitCode.DONE))
    assert "NOT ENFORCED" in last
    assert "as far as the platform enforces it." in last


def test_the_same_thing_to_do_is_said_once() -> None:
    twice = replace(MISSING, check=replace(HOP, name="bob assumes reader"))
    assert findings_text(report(MISSING, twice)).count("  - Run xacct plan.") == 1


def test_programs_get_what_the_schema_says() -> None:
    plain = json.loads(json.dumps(findings_json(report(*ALL))))
    validator = Draft202012Validator(json.loads(schema_text("findings")))
    assert [error.message for error in validator.iter_errors(plain)] == []
    assert plain["counts"] == {
        "as declared": 2,
        "missing": 1,
        "too wide": 1,
        "not enforced": 1,
        "not tried": 1,
        "unknown": 1,
    }
    assert plain["exit_code"] == 4
    one = plain["findings"][1]
    assert (one["layer"], one["paste"], one["said"]) == (
        "grant",
        {"Effect": "Allow"},
        "User is not authorized",
    )
    assert [found["tried"] for found in plain["findings"]] == [True, True, True, True, False, True, False]
    assert plain["findings"][4]["decided"] == "allowed"


def test_the_schema_knows_every_outcome_layer_and_decision() -> None:
    schema = json.loads(schema_text("findings"))["$defs"]["finding"]["properties"]
    assert set(schema["outcome"]["enum"]) == {one.value for one in Outcome}
    assert set(schema["layer"]["enum"]) == {None, *(one.value for one in Layer)}
    assert set(schema["decided"]["enum"]) == {None, *(one.value for one in Decision)}


def case(root: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = [one for one in root.iter("testcase") if one.get("name") == name]
    return found


def test_ci_gets_a_suite_for_each_link_and_a_case_for_each_check() -> None:
    root = ElementTree.fromstring(findings_junit(report(*ALL, notes=("LEFT BEHIND: a thing.",))))
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "7", "failures": "2", "errors": "1", "skipped": "2"}
    assert [(one.get("name"), one.get("tests")) for one in root.iter("testsuite")] == [
        ("logs", "6"),
        ("other", "1"),
    ]
    assert list(case(root, "anna lists")) == []
    (failure,) = case(root, "anna assumes reader")
    assert (failure.tag, failure.get("type"), failure.get("message")) == (
        "failure",
        "missing: grant",
        "The grant is missing.",
    )
    assert "The service says: User is not authorized" in (failure.text or "")
    assert case(root, "mallory cannot assume")[0].tag == "error"
    assert case(root, "anna reads")[0].tag == "skipped"
    assert case(root, "the grant decides")[0].tag == "skipped"
    assert root.findtext("system-out") == "LEFT BEHIND: a thing."


def test_what_makes_the_exit_code_is_a_failure_for_ci_too() -> None:
    root = ElementTree.fromstring(findings_junit(report(FINE, LOUD)))
    assert case(root, "the grant decides")[0].tag == "failure"
    assert (root.get("failures"), root.get("skipped")) == ("1", "0")


@pytest.mark.parametrize("bad", ["\x00", "\x1b[31m", "\ufffe", "<&\"'>]]>", "\ud800"])
def test_whatever_a_service_says_the_xml_stays_well_formed(bad: str) -> None:
    check: Any = replace(HOP, name=f"a{bad}b", link=f"l{bad}")
    made: Check = check
    text = findings_junit(report(replace(MISSING, check=made, said=bad, detail=bad)))
    root = ElementTree.fromstring(text.encode())
    assert (root.get("failures"), len(list(root.iter("testcase")))) == ("1", 1)


def test_a_reason_that_stands_above_is_not_said_again() -> None:
    why = Why(layer=Layer.UNKNOWN, text=DECIDED.detail, fix="Name one.")
    first = replace(DECIDED, why=why)
    second = replace(first, check=replace(WRITE, name="anna writes"), decided=Decision.OPEN)
    none = "He has none either."
    other = replace(first, check=replace(WRITE, name="bob writes"), detail=none, why=replace(why, text=none))
    elsewhere = replace(first, check=replace(READ, link="other"))
    text = findings_text(report(first, second, other, elsewhere, code=ExitCode.UNKNOWN))
    assert "    not tried    anna writes: as above, not decided by the documents\n" in text
    assert text.count("There is no profile.") == 2  # once in each link
    assert text.count("He has none either.") == 1
    assert text.count("do       Name one.") == 3


def test_what_lets_several_things_through_is_explained_once_in_each_link() -> None:
    second = replace(WIDE, check=replace(NO_WRITE, name="anna cannot delete"), detail="It worked. 0 keys.")
    other = replace(second, check=replace(NO_WRITE, name="bob cannot write", link="other"))
    text = findings_text(report(WIDE, second, other))
    assert text.count("why      It is let through by: Statement 1.") == 2
    assert (
        "    TOO WIDE     anna cannot delete\n                 It worked. 0 keys.\n                 why      as above\n"
        in text
    )
