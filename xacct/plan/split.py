"""One half of a change: what live and planned share first, then the rest; or all of both first."""

from __future__ import annotations

from xacct.plan.effect import Half, document
from xacct.plan.plan import Change, Create, Delete, Update, ends
from xacct.policy.shared import Body, both, shared
from xacct.resource import Resource


def split(change: Change, half: Half | None, first: bool) -> Change:
    """The step that a half of a change is; with no half, the change itself.

    Narrowed first, the state between is what both documents share, with the Denies of both; widened first, it
    is what either allows.
    """
    if half is None:
        return change
    middle = _middle(change, narrow_first=first is (half is Half.LESS))
    match change:
        case Create(after):
            return Create(middle) if first else Update(middle, after, half.value)
        case Update(before, after):
            return Update(before, middle, half.value) if first else Update(middle, after, half.value)
        case Delete(before, because):
            return Update(before, middle, half.value) if first else Delete(middle, because)


def _middle(change: Change, *, narrow_first: bool) -> Resource:
    before, after = ends(change)
    old, new = document(before), document(after)
    bodies: list[Body] | None = shared(old, new)
    if not narrow_first:
        assert old is not None
        assert new is not None
        bodies = both(old, new)
    assert bodies is not None
    made = after.halfway(before, bodies) if after else before.halfway(before, bodies) if before else None
    assert made is not None
    return made
