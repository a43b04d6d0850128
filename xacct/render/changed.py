"""What has changed since a plan was made, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xacct.plan.bound import Changed
from xacct.policy.difference import differences
from xacct.policy.document import Document
from xacct.render.statements import change_lines


def changes_text(changes: Iterable[Changed]) -> str:
    """Each thing with the fields that differ, documents statement by statement."""
    return "\n".join(line for changed in changes for line in _lines(changed))


def fields_text(changed: Changed) -> str:
    """The fields of one thing that differ; of one that was not there, all that it has now."""
    lines = list(_fields(changed))
    if changed.before is None:
        lines.insert(0, "  it was not there, and now it has")
    elif changed.after is None:
        lines = ["  it is gone"]
    return "\n".join(lines)


def _lines(changed: Changed) -> Iterator[str]:
    if changed.before is None:
        yield f"  {changed.address} was not there"
    elif changed.after is None:
        yield f"  {changed.address} is gone"
    else:
        yield f"  {changed.address}"
        yield from _fields(changed)


def _fields(changed: Changed) -> Iterator[str]:
    for name, old, new in changed.fields():
        if isinstance(old, Document) or isinstance(new, Document):
            yield f"    {name}"
            both = differences(*(one if isinstance(one, Document) else None for one in (old, new)))
            yield from (f"      {line}" for line in change_lines(both, wording=True))
        else:
            yield f"    {name}: {old or 'none'} -> {new or 'none'}"
