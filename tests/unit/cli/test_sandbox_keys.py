"""The keys of token issuers that ``xacct sandbox --oidc-keys`` is given: all make sense, or none is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.cli import main


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"http://idp.example.com": {"keys": []}}',
        '{"https://idp.example.com": []}',
        '{"https://idp.example.com": {"keys": {}}}',
        '{"https://idp.example.com": {"keys": []}, "idp.example.com": {"keys": []}}',
    ],
)
def test_a_file_that_holds_something_else_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--oidc-keys", str(path)])
    assert ended.value.code == 64
    said = capsys.readouterr()
    assert str(path) in said.err
    assert said.out == ""
