"""Where nobody could look around is said: which account, what was unread, and why."""

from __future__ import annotations

from tests.unit.access.accounts import estate
from xacct.engine.verifying.unlooked import unlooked
from xacct.snapshot import EVERYTHING, Unread


def test_of_what_was_read_nothing_is_said() -> None:
    assert unlooked(estate()) == ()


def test_an_account_that_was_not_read_is_told_with_the_reason_on_one_line() -> None:
    gap = Unread(account="people", what=EVERYTHING, reason="No credentials.\nLog in.")
    (note,) = unlooked(estate(unread=(gap,)))
    assert note.startswith("The documents of account people could not be read, so nobody looked in them for ")
    assert " No credentials. Log in. Run verify with credentials" in note


def test_parts_are_named() -> None:
    gaps = (
        Unread(account="data", what="users", reason="No rights to list users."),
        Unread(account="data", what="role/reader", reason="No rights to get the role."),
    )
    (note,) = unlooked(estate(unread=gaps))
    assert note.startswith("Some documents of account data (role/reader, users) could not be read")


def test_providers_hold_no_documents() -> None:
    assert unlooked(estate(unread=(Unread(account="data", what="providers", reason="No."),))) == ()


def test_without_any_account_read_one_sentence_says_why() -> None:
    (note,) = unlooked(None, "The credentials are another account's")
    assert note.startswith("The documents of the accounts could not be read")
    assert " The credentials are another account's. Run verify" in note
