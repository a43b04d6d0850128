"""The README says what is so: its manifest, its output and its help are those of the commands.

``python -m tests.functional.test_readme`` writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCKS = {"manifests/seed-link.yaml": "yaml", "demo": "text", "help": "text"}


def run(*words: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "xacct", *words],
        env={**own, "NO_COLOR": "1", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def wanted(name: str) -> str:
    if name == "demo":
        # What differs from run to run is the port, and nothing else.
        return re.sub(r"http://127\.0\.0\.1:[0-9]+", "http://127.0.0.1:5000", run("demo"))
    if name == "help":
        return run("--help")
    return (ROOT / name).read_text()


def pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {re.escape(name)} -->\n```{BLOCKS[name]}\n)(.*?)(```\n)", re.DOTALL)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_readme_shows_what_is_so(name: str) -> None:
    found = pattern(name).search(README.read_text())
    assert found is not None
    assert found.group(2) == trimmed(wanted(name))


def trimmed(text: str) -> str:
    """Without blanks at the ends of lines, which editors take away."""
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())


def test_the_two_commands_of_the_readme_are_those_of_the_makefile() -> None:
    text = README.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^    make ([a-z-]+)", text, re.MULTILINE))
    assert named == {"demo", "test"}
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets
    assert named <= targets


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert target.startswith("http") or (ROOT / target).exists(), target


if __name__ == "__main__":
    text = README.read_text()
    for block in BLOCKS:
        new = trimmed(wanted(block))
        text = pattern(block).sub(lambda found, new=new: found.group(1) + new + found.group(3), text)  # type: ignore[misc]
    README.write_text(text)
