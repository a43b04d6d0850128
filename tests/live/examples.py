"""The examples of ``manifests/``, found by walking the folder: a new one is tried everywhere without a word."""

from __future__ import annotations

from pathlib import Path

import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"


def examples() -> dict[str, tuple[Path, ...]]:
    """Files by the example's name.

    A file with a ``name`` is an example; the nameless ones beside it, and in the folders above it, are its
    fragments.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        if "name" in _content(path):
            name = path.parent.name if path.stem == "xacct" else path.stem
            assert name not in found, f"two examples are called {name}"
            found[name] = (*_fragments(path.parent), path)
    return found


def _fragments(folder: Path) -> list[Path]:
    above = _fragments(folder.parent) if folder != MANIFESTS else []
    return above + [path for path in sorted(folder.glob("*.yaml")) if "name" not in _content(path)]


def _content(path: Path) -> dict[str, object]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict), path
    return content
