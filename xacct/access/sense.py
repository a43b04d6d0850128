"""Whether a question makes sense: what would be answered with a bare no, and is only misspelt or misplaced."""

from __future__ import annotations

import difflib

from xacct.policy import catalogue
from xacct.policy.arn import Arn
from xacct.policy.proof.search import shape_language


def remarks(action: str, resource: str) -> tuple[str, ...]:
    """What to tell of an action that no service has, or that is never asked of such a resource."""
    if not catalogue.exists(action):
        close = difflib.get_close_matches(action.lower(), list(catalogue.numbers()), n=1, cutoff=0.8)
        meant = f" Did you mean {catalogue.actions()[catalogue.numbers()[close[0]]]}?" if close else ""
        return (f"No service has an action {action}.{meant}",)
    shapes = catalogue.resource_patterns(action)
    arn = Arn.parse(resource)
    if arn is None or shape_language(shapes, (arn.partition,)).has(resource):
        return ()
    asked = " or ".join(shape.replace("${Partition}", arn.partition).replace("$", "") for shape in shapes)
    return (f"{action} is never asked of {resource}, only of {asked}.",)
