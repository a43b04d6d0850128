"""A Sid with our marker is anybody's to write: what it says has to fit, or the statement is not ours to take away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.plan.states import DATA, MARKER, NAME, plan
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.key_policy import KeyPolicy
from xacct.kinds.mark import marker
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.shared import SharedStatements
from xacct.plan.diff import BY_MARK
from xacct.plan.plan import Delete, Plan
from xacct.policy.document import Document
from xacct.resource import Splice
from xacct.snapshot import BucketRecord, KeyRecord, RoleRecord, Snapshot

KINDS = [BucketPolicy, RoleTrust, KeyPolicy]
OWNER = {"bucket-policy": "logs", "role-trust": "backup", "key-policy": "eu-west-1/1234"}
THEIRS = '{"Sid":"Theirs","Effect":"Deny",  "Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::logs"}'
FAKED = f"Xacct{MARKER}0123456789ab"


def statement(user: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::444455556666:user/{user}"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*",
    }


def declared(kind: type[SharedStatements], *users: str, manifest: str = NAME) -> SharedStatements:
    """What the manifest says: a statement for each user."""
    document = Document.of(*(statement(user) for user in users))
    return kind.of(DATA, OWNER[kind.kind], marker(manifest), manifest, document)


def under(sid: str, user: str) -> str:
    return json.dumps({"Sid": sid, **statement(user)})


def document(*texts: str) -> str:
    return f'{{"Version":"2012-10-17","Statement":[{",".join(texts)}]}}'


def live(kind: type[SharedStatements], *texts: str) -> SharedStatements:
    """Our part of a document of these statements, as it is read."""
    found = Document.parse(document(*texts))
    empty = Snapshot(account=DATA)
    role = RoleRecord(name="backup", path="/", arn=DATA.iam_arn("role/backup"), id="", trust=found)
    records = {
        "bucket-policy": empty.holding("buckets", BucketRecord(name="logs", policy=found)),
        "role-trust": empty.holding("roles", role),
        "key-policy": empty.holding("keys", KeyRecord(name="eu-west-1/1234", arn="k", policy=found)),
    }
    return next(one for one in kind.pick(records[kind.kind]) if one.marker == MARKER)


def merged(made: Plan, *texts: str) -> list[dict[str, Any]]:
    """The statements of the live document after the plan's only step."""
    (step,) = made.steps
    (splice,) = step.calls
    assert isinstance(splice, Splice)
    call = splice.merged(document(*texts))
    return list(json.loads(str(call.params[splice.parameter]))["Statement"])


def edited(made: Plan) -> list[str]:
    return [one.detail for one in made.guards if one.summary == "Edited since it was made"]


@pytest.mark.parametrize("kind", KINDS)
class TestStatements:
    """Of a bucket's policy, of a foreign role's trust, of a key's policy."""

    def test_one_of_ours_that_is_as_we_wrote_it_goes_when_it_is_not_declared_any_more(
        self, kind: type[SharedStatements]
    ) -> None:
        texts = (*declared(kind, "anna", "ben").texts, THEIRS)
        made = plan([declared(kind, "anna")], [live(kind, *texts)])
        assert not made.guards
        left = merged(made, *texts)
        assert [one["Sid"] for one in left] == [*declared(kind, "anna").sids, "Theirs"]

    def test_a_faked_one_is_told_and_left(self, kind: type[SharedStatements]) -> None:
        made = plan(
            [declared(kind, "anna")], [live(kind, *declared(kind, "anna").texts, under(FAKED, "eve"))]
        )
        assert made.empty
        (told,) = edited(made)
        assert FAKED in told
        assert "--prune-edited" in made.guards[0].fix

    def test_a_faked_one_goes_with_the_word(self, kind: type[SharedStatements]) -> None:
        texts = (*declared(kind, "anna").texts, under(FAKED, "eve"), THEIRS)
        made = plan([declared(kind, "anna")], [live(kind, *texts)], edited_too=True)
        assert not made.guards
        assert [one["Sid"] for one in merged(made, *texts)] == [*declared(kind, "anna").sids, "Theirs"]

    def test_a_faked_one_is_in_no_step_when_something_else_is_changed(
        self, kind: type[SharedStatements]
    ) -> None:
        texts = (*declared(kind, "ben").texts, under(FAKED, "eve"))
        made = plan([declared(kind, "anna")], [live(kind, *texts)])
        assert edited(made)
        (splice,) = made.steps[-1].calls
        assert isinstance(splice, Splice)
        assert FAKED not in splice.drop
        whole = Document.parse(str(splice.merged(document(*texts)).params[splice.parameter]))
        assert {one.sid for one in whole.statements} == {FAKED, *declared(kind, "anna").sids}

    def test_what_somebody_made_of_a_declared_one_is_drift_and_is_repaired(
        self, kind: type[SharedStatements]
    ) -> None:
        (sid,) = declared(kind, "anna").sids
        made = plan([declared(kind, "anna")], [live(kind, under(sid, "eve"))])
        assert not made.guards
        assert merged(made, under(sid, "eve")) == [{"Sid": sid, **statement("anna")}]

    def test_a_copied_sid_with_other_content_beside_the_declared_one_is_repaired_too(
        self, kind: type[SharedStatements]
    ) -> None:
        (sid,), (ours,) = declared(kind, "anna").sids, declared(kind, "anna").texts
        for texts in ((ours, under(sid, "eve")), (under(sid, "eve"), ours)):
            made = plan([declared(kind, "anna")], [live(kind, *texts)])
            assert not made.guards
            assert merged(made, *texts) == [{"Sid": sid, **statement("anna")}]

    def test_one_of_ours_that_was_edited_and_is_declared_otherwise_by_now_needs_the_word(
        self, kind: type[SharedStatements]
    ) -> None:
        """Which of the two it was, nobody can tell any more: the Sid is one that nothing declares."""
        (old,) = declared(kind, "ben").sids
        made = plan([declared(kind, "anna")], [live(kind, under(old, "eve"))])
        assert old in edited(made)[0]

    def test_what_the_earlier_manifest_declared_goes_whatever_its_sid(
        self, kind: type[SharedStatements]
    ) -> None:
        texts = (*declared(kind, "anna").texts, under(FAKED, "ben"))
        made = plan([declared(kind, "anna")], [live(kind, *texts)], was=[declared(kind, "anna", "ben")])
        assert not made.guards
        assert [one["Sid"] for one in merged(made, *texts)] == [*declared(kind, "anna").sids]

    def test_a_second_one_that_says_what_is_declared_is_nobodys_difference(
        self, kind: type[SharedStatements]
    ) -> None:
        texts = (*declared(kind, "anna").texts, under(FAKED, "anna"))
        made = plan([declared(kind, "anna")], [live(kind, *texts)])
        assert made.empty
        assert not made.guards

    def test_where_nothing_is_declared_one_faked_statement_holds_up_all_of_them(
        self, kind: type[SharedStatements]
    ) -> None:
        texts = (*declared(kind, "anna").texts, under(FAKED, "eve"))
        found = live(kind, *texts)
        assert edited(plan([], [found], adopt=True))
        assert plan([], [found], adopt=True).empty
        (step,) = plan([], [found], adopt=True, edited_too=True).steps
        assert step.change == Delete(found, BY_MARK)

    def test_the_marker_of_another_manifest_is_the_others_business(
        self, kind: type[SharedStatements]
    ) -> None:
        other = f"Xacct{marker('another')}0123456789ab"
        texts = (*declared(kind, "anna").texts, under(other, "eve"))
        made = plan([declared(kind, "anna")], [live(kind, *texts)])
        assert made.empty
        assert not made.guards
