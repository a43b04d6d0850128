"""What is left of an entry when what has the wrong shape is taken out: enough to judge the rest of it as well."""

from __future__ import annotations

from collections.abc import Collection

from xacct.manifest.loading.schema import TreePath
from xacct.manifest.loading.tree import Items, Node, Table


def sound(entry: Table, faults: Collection[TreePath]) -> Table:
    """The entry without the nodes at these paths, which are its own; the path of the entry itself counts nothing.

    A mapping in a list goes as a whole, because half of it would mean something else. ``keys`` keeps the places
    of what was taken out, so that it can be told from what was never there.
    """
    left = _left(entry, {path for path in faults if path})
    assert isinstance(left, Table)
    return left


def _left(node: Node, faults: Collection[TreePath]) -> Node:
    if not faults:
        return node
    gone = {path[0] for path in faults if len(path) == 1}

    def below(part: str | int) -> set[TreePath]:
        return {path[1:] for path in faults if path[0] == part and len(path) > 1}

    if isinstance(node, Table):
        members = {key: _left(one, below(key)) for key, one in node.members.items() if key not in gone}
        return Table(members, node.place, node.keys)
    if isinstance(node, Items):
        return Items(
            tuple(one for number, one in enumerate(node.items) if number not in gone and not below(number)),
            node.place,
        )
    return node
