"""What is the same text to the service, and what is not: pairs from the documentation and from what was seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from xacct.policy.difference import Reworded, differences
from xacct.policy.document import Document, same_text

TABLE = Path(__file__).parent / "tables" / "equality.txt"
LINES = [line for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
NAMES = [line.split(" | ")[0].strip() for line in LINES]
S = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}'
V = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}'


def text(short: str) -> str | bytes:
    if short.startswith("W:"):
        return json.dumps(json.loads(text(short[2:])), indent=7)
    if short.startswith("U:"):
        return quote(str(text(short[2:])))
    if short.startswith("P:"):
        return quote_plus(json.dumps(json.loads(text(short[2:]))))
    if short.startswith("B:"):
        return str(text(short[2:])).encode()
    if short.startswith("D:"):
        return short[2:].replace("[S]", f"[{S}]").replace("[V]", f"[{V}]")
    if short.startswith("C:"):
        return document(f'{S[:-1]},"Condition":{short[2:]}}}')
    return document(S if short == "S" else short.replace("[S", f"[{S}").replace(",S]", f",{S}]"))


def document(statements: str) -> str:
    return f'{{"Version":"2012-10-17","Statement":{statements}}}'


@pytest.mark.parametrize("line", LINES, ids=NAMES)
def test_two_texts_are_the_same_to_the_service_or_are_not(line: str) -> None:
    _, one, other, same, source = (cell.strip() for cell in line.split(" | "))
    assert source
    assert same_text(text(one), text(other)) is (same == "yes")
    assert same_text(text(other), text(one)) is (same == "yes")
    first, second = Document.parse(text(one)), Document.parse(text(other))
    assert (first.wording == second.wording) is (same == "yes")
    if same == "yes":
        assert hash(first.wording) == hash(second.wording)
        assert first == second
        assert not [one for one in differences(first, second) if not isinstance(one, Reworded)]


def test_there_are_enough_pairs_and_no_two_of_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 120


@pytest.mark.parametrize(
    "line", [line for line in LINES if "Sid" in line.split(" | ")[0] or "does not matter" in line]
)
def test_sids_and_a_version_without_variables_are_wording_and_no_meaning(line: str) -> None:
    """What only differs so is no difference of a plan; it is shown, and ranks low."""
    _, one, other, _, _ = line.split(" | ")
    first, second = Document.parse(text(one.strip())), Document.parse(text(other.strip()))
    assert first == second
    assert first.canonical == second.canonical


def test_a_mapping_is_read_like_its_text() -> None:
    body: Mapping[str, Any] = json.loads(document(S))
    assert same_text(body, document(S))
