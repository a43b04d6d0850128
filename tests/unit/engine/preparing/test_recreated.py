"""Unique ids in trusts: mapped back where somebody has them, told where nobody has, never dropped by the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from immutabledict import immutabledict

from xacct.account import Account
from xacct.engine.preparing.recreated import Trusts, judge_trusts
from xacct.engine.reading.holders import mapped
from xacct.kinds.role import Role
from xacct.policy.document import Document
from xacct.problem import Severity
from xacct.resource import State
from xacct.snapshot import RoleRecord, Snapshot, UserRecord

DATA = Account(name="data", id="111122223333")
APPS = Account(name="apps", id="444455556666")
OLD, NEW, GONE = "AIDAOLDOLDOLDOLDOLD01", "AIDANEWNEWNEWNEWNEW01", "AROAGONEGONEGONEGON01"
ANNA = APPS.iam_arn("user/anna")
MADE = "2026-01-01T00:00:00+00:00"


def trust(*principals: str, **more: Any) -> Document:
    return Document.of(
        {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more}
    )


def pinned(unique: str, *principals: str) -> Document:
    return trust(*principals, Condition={"StringLike": {"aws:userid": unique}})


def role(document: Document) -> Role:
    return Role(account=DATA, name="reader", trust=document)


def accounts(
    live: Document, *, anna: str = NEW, created: str = "2026-02-01T00:00:00+00:00"
) -> dict[str, Snapshot]:
    record = RoleRecord(
        name="reader",
        path="/",
        arn=DATA.iam_arn("role/reader"),
        id="AROAREADERREADERREA01",
        trust=live,
        created=MADE,
    )
    user = UserRecord(name="anna", path="/", arn=ANNA, id=anna, created=created)
    return {
        "data": Snapshot(account=DATA, roles=immutabledict({"reader": record})),
        "apps": Snapshot(account=APPS, users=immutabledict({"anna": user})),
    }


def judged(desired: Document, live: Document, *, retrust: bool = False, **more: str) -> Trusts:
    return judge_trusts(
        State.of([role(desired)]), State.of([role(live)]), accounts(live, **more), retrust=retrust
    )


def test_an_id_that_somebody_has_is_the_arn_of_that_one() -> None:
    found = mapped(accounts(trust(NEW)))
    assert found["data"].roles["reader"].trust == trust(ANNA)


def test_an_id_in_a_condition_stays_an_id() -> None:
    found = mapped(accounts(pinned(NEW, NEW)))
    assert found["data"].roles["reader"].trust == pinned(NEW, ANNA)


def test_a_snapshot_without_such_ids_is_the_same() -> None:
    given = accounts(trust(ANNA, OLD))
    assert mapped(given) == given


def test_one_that_is_younger_than_the_role_may_have_been_made_again() -> None:
    """Trap 1 and trap 2: both ids and both dates are told."""
    found = judged(trust(ANNA), trust(OLD))
    (guard,) = found.guards
    assert guard.summary == "Made again under the same name"
    assert guard.severity is Severity.ERROR
    for words in (OLD, NEW, ANNA, "made on 2026-01-01 at 00:00:00 UTC", "was made on 2026-02-01"):
        assert words in guard.detail
    assert "--retrust" in guard.fix


def test_one_that_is_older_than_the_role_is_not_taken_for_it() -> None:
    found = judged(trust(ANNA), trust(OLD), created="2025-01-01T00:00:00+00:00")
    assert [guard.summary for guard in found.guards] == ["Nobody's ids in a trust"]


def test_dates_that_are_not_known_do_not_excuse_it() -> None:
    assert judged(trust(ANNA), trust(OLD), created="").guards[0].summary == "Made again under the same name"


def test_with_the_word_it_is_told_and_not_refused() -> None:
    found = judged(trust(ANNA), trust(OLD), retrust=True)
    assert found.guards == ()
    assert [note.summary for note in found.notes] == ["Made again under the same name"]
    assert found.live == State.of([role(trust(OLD))])


@pytest.mark.parametrize("extra", [OLD, GONE])
def test_ids_that_are_all_that_differs_are_told_and_left_alone(extra: str) -> None:
    """Trap 3: deleted or not to be seen from here, one cannot tell."""
    found = judged(trust(ANNA), trust(ANNA, extra))
    assert found.guards == ()
    assert extra in found.notes[0].detail
    assert found.live == State.of([role(trust(ANNA))])


def test_a_statement_of_nobody_else_is_left_alone_as_a_whole() -> None:
    live = Document.of(
        {"Effect": "Allow", "Principal": {"AWS": ANNA}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": GONE}, "Action": "sts:AssumeRole"},
    )
    assert judged(trust(ANNA), live).live == State.of([role(trust(ANNA))])


def test_a_role_is_not_taken_for_a_user_that_is_gone() -> None:
    (guard,) = judged(trust(ANNA), trust(GONE)).guards
    assert guard.summary == "Nobody's ids in a trust"


def test_a_pin_on_an_id_that_nobody_has_is_not_renewed_without_the_word() -> None:
    """Trap 85 and trap 2: the trust was saved again, so its text alone shows nothing."""
    found = judged(pinned(NEW, ANNA), pinned(OLD, ANNA))
    assert found.guards[0].summary == "Made again under the same name"
    assert judged(pinned(NEW, ANNA), pinned(OLD, ANNA), retrust=True).guards == ()


def test_a_pin_on_an_id_that_somebody_has_is_an_ordinary_change() -> None:
    both = accounts(pinned(NEW, ANNA))
    bob = UserRecord(name="bob", path="/", arn=APPS.iam_arn("user/bob"), id=OLD)
    both["apps"] = replace(both["apps"], users=immutabledict({**both["apps"].users, "bob": bob}))
    desired, live = State.of([role(pinned(NEW, ANNA))]), State.of([role(pinned(OLD, bob.arn))])
    assert judge_trusts(desired, live, both, retrust=False) == Trusts(live=live)


def on_ceph(created: str) -> Trusts:
    given = accounts(trust(ANNA), anna="0f0e7a2c-1111-4222-8333-444455556666", created=created)
    given["data"] = replace(given["data"], platform="ceph")
    state = State.of([role(trust(ANNA))])
    return judge_trusts(state, state, given, retrust=False)


def test_where_trusts_are_by_name_a_younger_principal_is_told_and_never_refused() -> None:
    """Ceph keeps the text: who is made again under the name comes in at once, and only the dates can tell."""
    found = on_ceph("2026-02-01T00:00:00+00:00")
    assert found.guards == ()
    (note,) = found.notes
    assert note.summary == "Trusted by name"
    assert "Ceph keeps the name and no id" in note.detail
    assert on_ceph("2025-02-01T00:00:00+00:00").notes == ()


def test_ids_as_other_services_have_them_are_no_evidence() -> None:
    """Ceph's ids are UUIDs, and its trusts keep the text: nothing in them tells who was meant."""
    found = judged(trust(ANNA), trust(APPS.root), anna="0f0e7a2c-1111-4222-8333-444455556666")
    assert found == Trusts(live=State.of([role(trust(APPS.root))]))
