"""Somebody else, who does something between a plan and a write of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from xacct.engine.applying.send import Sender
from xacct.plan.plan import Step


class Meanwhile(Protocol):
    """Has ``edit`` done, all plans being made, right before a step begins whose address begins like this.

    ``number`` says before which of these steps, where there are several.
    """

    def __call__(self, address: str, edit: Callable[[], Any], number: int = 1) -> None: ...


def others(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """For the length of a test."""
    carry_out = Sender.carry_out

    def at(address: str, edit: Callable[[], Any], number: int = 1) -> None:
        seen: list[Step] = []

        def edited(self: Sender, step: Step) -> None:
            seen.extend([step] * str(step.address).startswith(address))
            if len(seen) == number and seen[-1] is step:
                edit()
            carry_out(self, step)

        monkeypatch.setattr(Sender, "carry_out", edited)

    return at
