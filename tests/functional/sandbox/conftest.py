"""One sandbox for the tests of a module, and clients for whoever is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.sandbox.people import People
from xacct.sandbox.cloud import Sandbox


@pytest.fixture
def people() -> Iterator[People]:
    with Sandbox((f"data={People.DATA}", f"analytics={People.ANALYTICS}")) as sandbox:
        yield People(sandbox)
