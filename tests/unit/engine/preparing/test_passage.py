"""Whose sessions live on: those of roles that were entered from a role that goes, too."""

from __future__ import annotations

from tests.unit.plan.states import APPS, DATA, allow_assume, plan, role, role_policy, trust
from xacct.engine.preparing.passage import Lingering, lingering
from xacct.kinds.user_policy import UserPolicy
from xacct.resource import Resource
from xacct.snapshot import Snapshot, UserRecord

ANNA = "arn:aws:iam::444455556666:user/anna"


def accounts(*held: Resource) -> dict[str, Snapshot]:
    anna = UserRecord(name="anna", path="/", arn=ANNA, id="AIDAANNA")
    found = {"data": Snapshot(account=DATA), "apps": Snapshot(account=APPS).holding("users", anna)}
    for one in held:
        name = one.address.account.name
        found[name] = one.added_to(found[name])
    return found


def test_a_session_opened_from_a_role_that_goes_does_not_end_with_it() -> None:
    """IAM User Guide, "Roles terms and concepts", "role chaining": a session of its own, up to an hour.

    In one account a trust that names the role is enough, so nothing of the first role's own speaks of the other.
    """
    grant = UserPolicy(account=APPS, owner="anna", name="grant", document=allow_assume("first"))
    first, then = role("first"), role("then", trust=trust(role("first").arn))
    use = role_policy("access", "then")
    snapshots = accounts(grant, first, then)
    made = plan([then, use], [grant, first, then], was=[first, then])
    assert lingering(snapshots, made) == (Lingering(role=then.arn, who=ANNA),)
