"""Files into one manifest: names, folders, includes, values that stay what was written."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xacct.account import Enter, Environment, Profile
from xacct.manifest.loading.load import load_earlier, load_manifest
from xacct.manifest.loading.tree import Items, Scalar, Table, parse_tree, plain
from xacct.problem import BadInput, Problem

HEAD = """version: 1
name: demo
accounts:
  data: {id: "111122223333", profile: b}
  apps: {id: "444455556666"}
  west: {id: "000011112222", enter: {role: "arn:aws:iam::000011112222:role/x", external_id: id-1}}
"""
LINK = """links:
  - role: data/role/app/reader
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
    access: [read]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_credentials_come_from_a_profile_a_role_or_the_environment(tmp_path: Path) -> None:
    accounts = load_manifest([write(tmp_path, xacct=HEAD + LINK) / "xacct.yaml"]).accounts
    assert accounts["data"].credentials == Profile("b")
    assert accounts["apps"].credentials == Environment()
    assert accounts["west"].credentials == Enter(role="arn:aws:iam::000011112222:role/x", external_id="id-1")


def test_a_name_has_its_path_and_its_arn(tmp_path: Path) -> None:
    role = load_manifest([write(tmp_path, xacct=HEAD + LINK) / "xacct.yaml"]).links["reader"].role
    assert (role.name, role.path, role.arn) == (
        "reader",
        "/app/",
        "arn:aws:iam::111122223333:role/app/reader",
    )


@pytest.mark.parametrize("way", ["two files", "folder", "include"])
def test_several_files_make_one_manifest(way: str, tmp_path: Path) -> None:
    include = "include: [links.yaml]\n" if way == "include" else ""
    write(tmp_path, xacct=HEAD + include, links="version: 1\n" + LINK)
    paths = {
        "two files": [tmp_path / "links.yaml", tmp_path / "xacct.yaml"],
        "folder": [tmp_path],
        "include": [tmp_path / "xacct.yaml"],
    }[way]
    assert list(load_manifest(paths).links) == ["reader"]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    write(
        tmp_path, xacct=HEAD + "include: [other.yaml]\n", other="version: 1\ninclude: [xacct.yaml]\n" + LINK
    )
    assert len(load_manifest([tmp_path / "xacct.yaml"]).files) == 2


def test_names_that_clash_over_files_are_told_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + LINK, b="version: 1\n" + LINK)
    with pytest.raises(BadInput) as found:
        load_manifest([tmp_path])
    told = str(found.value)
    assert f"{tmp_path / 'b.yaml'}:3:5: error: Declared twice" in told
    assert f"{tmp_path / 'a.yaml'}:8:5" in told


def test_two_names_are_told(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + LINK, b="version: 1\nname: other\n")
    with pytest.raises(BadInput, match="Two names"):
        load_manifest([tmp_path])


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + "nope: 1\n", b="version: 1\nlinks: [{}]\n", c="version: 3\n")
    with pytest.raises(BadInput) as found:
        load_manifest([tmp_path])
    files = [problem.place.file for problem in found.value.problems if problem.place]
    assert {Path(file).name for file in files} == {"a.yaml", "b.yaml", "c.yaml"}


def test_prefixes_end_in_a_slash(tmp_path: Path) -> None:
    write(tmp_path, xacct=HEAD + LINK + "    prefixes: [in, out/]\n")
    assert load_manifest([tmp_path]).links["reader"].prefixes == ("in/", "out/")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2031-01-31", "2031-01-31T00:00:00Z"),
        ("2031-01-31T12:00:00Z", "2031-01-31T12:00:00Z"),
        ("2031-01-31T12:00:00+02:00", "2031-01-31T10:00:00Z"),
    ],
)
def test_the_end_of_an_access_is_a_moment_in_utc(written: str, moment: str, tmp_path: Path) -> None:
    write(tmp_path, xacct=f"{HEAD}{LINK}    expires: {written}\n")
    assert load_manifest([tmp_path]).links["reader"].conditions.expires == moment


@pytest.mark.parametrize(
    ("written", "seconds"), [("3600", 3600), ("1h", 3600), ("90m", 5400), ("12h", 43200)]
)
def test_a_session_length_is_in_seconds(written: str, seconds: int, tmp_path: Path) -> None:
    write(tmp_path, xacct=f"{HEAD}{LINK}    session: {written}\n")
    assert load_manifest([tmp_path]).links["reader"].session_seconds == seconds


def test_a_grant_without_version_is_taken_with_a_warning() -> None:
    seed = Path(__file__).parents[4] / "manifests" / "seed-plain" / "xacct.yaml"
    manifest = load_manifest([seed])
    assert [warning.summary for warning in manifest.warnings] == ["No version"]
    grant = manifest.groups["analytics/group/Testers"].grants["mongodb-bucket-access-role"]
    assert grant.document.source == (seed.parent / "acctA-assume-role-acctB-policy.json").read_text()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2012-10-17", "2012-10-17"),
        ("012345670123", "012345670123"),
        ("123456789012", "123456789012"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("12:30:45", "12:30:45"),
        ("true", True),
        ("null", None),
        ("42", 42),
        ("'42'", "42"),
        ("1.5", 1.5),
    ],
)
def test_values_are_what_the_author_wrote_and_no_more(written: str, value: object) -> None:
    tree, problems = parse_tree(f"key: {written}\n", "f")
    assert not problems
    assert isinstance(tree, Table)
    assert plain(tree) == {"key": value}


def test_every_key_and_value_has_its_place() -> None:
    tree, _ = parse_tree("a:\n  - b: c\n", "f")
    assert isinstance(tree, Table)
    items = tree.members["a"]
    assert isinstance(items, Items)
    inner = items.items[0]
    assert isinstance(inner, Table)
    value = inner.members["b"]
    assert isinstance(value, Scalar)
    assert str(tree.keys["a"]) == "f:1:1"
    assert str(inner.keys["b"]) == "f:2:5"
    assert str(value.place) == "f:2:8"


def test_deep_brackets_do_not_take_the_process_down() -> None:
    """PyYAML's C parser crashes the process on 100,000 nested brackets."""
    tree, problems = parse_tree("[" * 100_000, "f")
    assert tree is None
    assert len(problems) == 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_no_input_ends_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        load_manifest([path])


_values = st.recursive(
    st.one_of(st.text("ab/*:-1", max_size=8), st.integers(0, 9), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["role", "trust", "grant", "bucket", "access", "group", "by", "file", "Statement", "x"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["links", "roles", "groups", "users", "buckets", "removed", "limits"]), _values
    )
)
def test_no_shape_ends_in_a_traceback(tmp_path: Path, sections: dict[str, object]) -> None:
    path = tmp_path / "any.yaml"
    body = {"version": 1, "name": "x", "accounts": {"a": {"id": "111122223333"}}, **sections}
    path.write_text(json.dumps(body))
    problems: tuple[Problem, ...] = ()
    try:
        problems = load_manifest([path]).warnings
    except BadInput as found:
        problems = found.problems
    assert all(problem.detail and problem.fix for problem in problems)


def test_the_earlier_manifest_must_be_a_file_or_a_revision(tmp_path: Path) -> None:
    write(tmp_path, xacct=HEAD + LINK)
    with pytest.raises(Exception, match="neither a file nor a Git revision"):
        load_earlier("nowhere", [tmp_path / "xacct.yaml"])


def test_a_large_manifest_is_read_in_seconds(tmp_path: Path) -> None:
    roles = "".join(
        f"  data/role/r{number}:\n    trust: {{principals: [apps/user/u{number}]}}\n    tags: {{a: b}}\n"
        for number in range(2000)
    )
    write(tmp_path, xacct=HEAD + "roles:\n" + roles)
    start = time.perf_counter()
    assert len(load_manifest([tmp_path]).roles) == 2000
    assert time.perf_counter() - start < 10


def test_a_user_with_a_profile_alone_declares_nothing(tmp_path: Path) -> None:
    users = "users:\n  apps/user/anna: {profile: anna}\n"
    manifest = load_manifest([write(tmp_path, xacct=HEAD + users)])
    assert [warning.summary for warning in manifest.warnings] == ["Nothing declared"]


@pytest.mark.parametrize("broken", [LINK.replace("bucket:", "buckte:"), "links: none\n"])
def test_a_link_that_could_not_be_read_is_not_told_as_nothing(broken: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as found:
        load_manifest([write(tmp_path, xacct=HEAD + broken)])
    assert "Nothing declared" not in [problem.summary for problem in found.value.problems]
