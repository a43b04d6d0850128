"""How an apply ends that did not do everything: by what stopped it, and by whether anything was sent."""

from typing import Any, cast

import pytest

from tests.fakes import no_answer, refusal
from tests.unit.engine.steps import DATA, put_policy, step
from xacct.cli.applying import _not_all, _Noting
from xacct.engine.applying.journal import Sent, forget
from xacct.errors import PartlyApplied, Refused, XacctError
from xacct.plan.bound import Stale
from xacct.plan.outcome import Failed


class Scribe:
    """Keeps nothing."""

    def record(self, event: Any) -> None:
        pass


STALE, DENIED, LOST = Stale("changed"), refusal(), no_answer()


@pytest.mark.parametrize(
    ("errors", "sent", "kind", "says"),
    [
        ([STALE], False, Refused, "Nothing was sent."),
        ([STALE], True, PartlyApplied, "take back"),
        ([DENIED], False, XacctError, "go on\n  take back"),
        ([DENIED], True, PartlyApplied, "go on\n  take back"),
        ([LOST], False, PartlyApplied, "go on\n  take back"),
        ([STALE, DENIED], False, XacctError, "go on\n  take back"),
        ([STALE, LOST], False, PartlyApplied, "go on\n  take back"),
        ([], False, XacctError, "go on\n  take back"),
        ([], True, PartlyApplied, "go on\n  take back"),
    ],
    ids=[
        "changed-by-others",
        "changed-by-others-later",
        "denied",
        "denied-later",
        "perhaps-done",
        "changed-and-denied",
        "changed-and-perhaps-done",
        "held-back-only",
        "held-back-later",
    ],
)
def test_the_end_of_a_run_that_did_not_do_all(errors, sent, kind, says):
    noting = _Noting(cast(Any, Scribe()), forget, "go on", "take back")
    if sent:
        noting.record(Sent(step=step(1, DATA), index=0, call=put_policy("role1")))
    failed = [Failed(step=step(2, DATA), error=error, calls_done=0) for error in errors]
    ended = _not_all(failed, 1, noting)
    assert type(ended) is kind
    assert ended.fix.endswith(says)
    assert ("refused because others" in str(ended)) is (errors == [STALE])
    assert "1 were held back" in str(ended)
