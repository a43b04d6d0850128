"""JSON for programs: one way to write it, so that the same value gives the same bytes."""

from __future__ import annotations

import json
from typing import Any


def text_of(value: Any) -> str:
    """Indented JSON with a newline at the end; keys in the order in which they were made."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
