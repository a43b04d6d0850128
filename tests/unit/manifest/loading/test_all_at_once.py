"""Every problem is told at once: one mistake never hides another in the same entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from xacct.manifest.loading.load import load_manifest
from xacct.manifest.loading.schema import _ALPHABETS, schema_text
from xacct.problem import BadInput, Problem, errors

GOOD = {
    "role": "data/role/reader",
    "trust": "[apps/user/anna]",
    "grant": "[apps/group/Testers]",
    "bucket": "logs",
    "prefixes": "[in/]",
    "access": "[list, read]",
    "actions": "[s3:GetObjectTagging]",
    "session": "2h",
    "expires": "2030-01-31",
    "source_ip": "[192.0.2.0/24]",
    "external_id": "partner",
    "mfa": "true",
    "names": "{policy: reader-access}",
}
MISTAKES = [
    ("role", "data/group/reader", "Wrong kind of name"),
    ("trust", "[apps/user/anna, elsewhere/user/bob]", "Unknown account"),
    ("trust", "[apps/user/anna, {group: apps/group/Testers, by: mebers}]", "Not one of the known values"),
    ("grant", "[apps/group/Testers, apps/bucket/x]", "Wrong kind of name"),
    ("bucket", "Bad_Bucket", "Malformed bucket name"),
    ("prefixes", "[/in]", "Malformed prefix"),
    ("access", "[list, raed]", "Not one of the known values"),
    ("actions", "[s3:GetObjectTaging]", "Unknown action"),
    ("session", "13h", "Session length out of range"),
    ("expires", "2030-02-31", "Malformed date"),
    ("source_ip", "[192.0.2.1/24]", "Malformed address block"),
    ("external_id", "a b", "Malformed value"),
    ("mfa", '"yes"', "Wrong kind of value"),
    ("names", "{polcy: x}", "Unknown key"),
    ("bucket", "[]", "Empty list"),
]


def problems(folder: Path, link: dict[str, str]) -> list[Problem]:
    path = folder / "xacct.yaml"
    lines = [
        "version: 1",
        "name: logs",
        "accounts:",
        '  data: {id: "111122223333"}',
        '  apps: {id: "444455556666"}',
        "links:",
        *(
            f"  {'-' if number == 0 else ' '} {key}: {value}"
            for number, (key, value) in enumerate(link.items())
        ),
    ]
    path.write_text("\n".join(lines) + "\n")
    try:
        load_manifest([path])
    except BadInput as found:
        return list(errors(found.problems))
    return []


def told(folder: Path, link: dict[str, str]) -> list[tuple[int, str]]:
    """Line and summary of each error."""
    return [(one.place.line, one.summary) for one in problems(folder, link) if one.place]


def mixes() -> Iterator[tuple[tuple[str, str, str], ...]]:
    for size in (1, 2):
        for some in combinations(MISTAKES, size):
            if len({key for key, _, _ in some}) == size:
                yield some
    one_a_key = {key: (key, value, summary) for key, value, summary in reversed(MISTAKES)}
    yield tuple(one_a_key.values())


def test_no_mistake_no_problem(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD) == []


def test_one_mistake_hides_no_other(tmp_path: Path) -> None:
    seen = 0
    for some in mixes():
        link = {**GOOD, **{key: value for key, value, _ in some}}
        wanted = sorted((7 + list(GOOD).index(key), summary) for key, _, summary in some)
        assert sorted(told(tmp_path, link)) == wanted, some
        seen += 1
    assert seen > 100


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, value, _ in MISTAKES])
def test_every_mistake_says_what_to_do(key: str, value: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, {**GOOD, key: value})
    assert found.fix.endswith((".", "?"))
    assert found.fix not in ("Correct it.", "Correct the name.", "Take out .")


@pytest.mark.parametrize("missing", ["role", "trust", "bucket"])
def test_what_is_missing_hides_nothing_that_is_there(missing: str, tmp_path: Path) -> None:
    link = {key: value for key, value in GOOD.items() if key != missing}
    keys = list(link)
    link["prefixes"] = "[/in]"
    link["external_id"] = "a b"
    assert sorted(told(tmp_path, link)) == [
        (7, "Missing key"),
        (7 + keys.index("prefixes"), "Malformed prefix"),
        (7 + keys.index("external_id"), "Malformed value"),
    ]


def test_entries_of_other_sections_are_judged_whole_too(tmp_path: Path) -> None:
    path = tmp_path / "xacct.yaml"
    path.write_text(
        """version: 1
name: logs
accounts:
  data: {id: "111122223333", profile: a, environment: true, idd: 5}
roles:
  data/role/reader:
    session: 13h
    tags: {"aws:x": y}
    trust: {principals: [data/user/anna, 7]}
    colour: red
groups:
  data/group/Testers:
    create: maybe
    members: [data/role/reader]
limits:
  max_delete: many
  protect: [nothing]
  lock: {key: x, expires: 1s}
"""
    )
    with pytest.raises(BadInput) as found:
        load_manifest([path])
    assert [(one.place.line, one.summary) for one in found.value.problems if one.place] == [
        (4, "Two sources of credentials"),
        (4, "Unknown key"),
        (7, "Session length out of range"),
        (8, "Reserved tag"),
        (9, "A number where a text is meant"),
        (10, "Unknown key"),
        (13, "Wrong kind of value"),
        (14, "Wrong kind of name"),
        (16, "Wrong kind of value"),
        (17, "Protects nothing"),
        (18, "Missing key"),
    ]


def test_a_mistaken_link_is_still_the_one_that_a_check_goes_through(tmp_path: Path) -> None:
    link = {**GOOD, "session": "13h"}
    check = (
        "who: apps/user/anna, through: reader, where: data/bucket/logs/in/, access: [read], expect: denied"
    )
    (tmp_path / "more.yaml").write_text(f"version: 1\nchecks: {{more: [{{{check}}}]}}\n")
    link["names"] = "{policy: reader-access}\ninclude: [more.yaml]"
    assert [summary for _, summary in told(tmp_path, link)] == [
        "Session length out of range",
        "A check against its own link",
    ]


def test_every_pattern_of_the_schema_has_words() -> None:
    def patterns(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "pattern" in node and "id" not in str(node.get("description", "")).split(",")[0].split():
                yield node["pattern"]
            for value in node.values():
                yield from patterns(value)
        elif isinstance(node, list):
            for value in node:
                yield from patterns(value)

    assert {one for one in patterns(json.loads(schema_text("manifest"))) if "RGW" not in one} == set(
        _ALPHABETS
    )
