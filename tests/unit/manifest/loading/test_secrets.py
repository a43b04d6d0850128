"""A password in the URL of an endpoint is refused with its place, and stands in no message."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.manifest.loading.load import load_manifest
from xacct.manifest.loading.secrets import without_secret
from xacct.problem import BadInput

WORD = "hunter2"


def refused(folder: Path, keys: str) -> list[tuple[str, str]]:
    """Summary and place of each problem; what is said of it holds no secret."""
    path = folder / "xacct.yaml"
    path.write_text(f'version: 1\nname: logs\naccounts:\n  data: {{id: "111122223333"}}\n  other:\n{keys}\n')
    with pytest.raises(BadInput) as caught:
        load_manifest([path])
    found = caught.value.problems
    assert not any(WORD in str(one) + repr(one) for one in found)
    assert WORD not in str(caught.value)
    return [(one.summary, str(one.place).removeprefix(f"{path}:")) for one in found]


@pytest.mark.parametrize(
    "url",
    [
        f"https://joe:{WORD}@cloud.example",
        f"http://{WORD}@127.0.0.1:9000/path",
        f"https://joe:a/{WORD}#x@cloud.example",
        f"https://cloud.example/?X-Amz-Signature={WORD}",
        f"https://cloud.example#{WORD}",
    ],
)
def test_an_endpoint_holds_neither_a_password_nor_a_query(url: str, tmp_path: Path) -> None:
    secret = "A secret in a manifest"
    assert refused(tmp_path, f'    id: "444455556666"\n    endpoint: "{url}"') == [(secret, "7:15")]
    several = f'    id: "444455556666"\n    endpoints:\n      iam: "{url}"\n      s3: "{url}"'
    assert refused(tmp_path, several) == [(secret, "8:12"), (secret, "9:11")]


def test_one_that_is_malformed_besides_is_not_repeated_either(tmp_path: Path) -> None:
    found = refused(tmp_path, f'    id: "44445555666"\n    endpoint: "joe:{WORD}@cloud.example"')
    assert [summary for summary, _ in found] == [
        "Malformed value",
        "Malformed value",
        "A secret in a manifest",
    ]


def test_a_plain_endpoint_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "xacct.yaml"
    path.write_text(
        'version: 1\nname: logs\naccounts:\n  data: {id: "111122223333", endpoint: "http://[::1]:9000/a/b"}\n'
    )
    assert load_manifest([path]).accounts["data"].endpoints["s3"] == "http://[::1]:9000/a/b"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("cloud.example:1/x", "cloud.example:1/x"),
        (f"joe:{WORD}@cloud.example", "cloud.example"),
        (f"ftp://a@b:{WORD}@host/x?y={WORD}", "host/x"),
        (f"host#{WORD}", "host"),
    ],
)
def test_what_is_shown_begins_with_the_host(url: str, shown: str) -> None:
    assert without_secret(url) == shown
