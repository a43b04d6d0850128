"""A shared document is merged at the moment of the put, and looked at again afterwards."""

import json

import pytest

from tests.fakes import Clock, FakeGateway, refusal
from tests.unit.engine.steps import DATA, SHARED, plan_of, step
from xacct.engine.applying.apply import apply
from xacct.engine.applying.journal import Sending
from xacct.engine.applying.merge import WINDOW
from xacct.errors import ServiceError
from xacct.plan.outcome import Applied, Failed, Waiting
from xacct.resource import Call, Splice

OWNER = {"Bucket": SHARED, "ExpectedBucketOwner": DATA.id}


def statement(sid, action="s3:GetObject"):
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": DATA.root},
        "Action": action,
        "Resource": f"arn:aws:s3:::{SHARED}/*",
    }


def text(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def splice(put=(), drop=()):
    return Splice(
        read=Call.of("s3", "GetBucketPolicy", **OWNER),
        write=Call.of("s3", "PutBucketPolicy", **OWNER),
        remove=Call.of("s3", "DeleteBucketPolicy", **OWNER),
        parameter="Policy",
        put=tuple(json.dumps(one) for one in put),
        drop=frozenset(drop),
    )


FOREIGN, OURS, OLD = statement("Backup"), statement("Xacct1"), statement("Xacct1", "s3:PutObject")


class Bucket:
    """A bucket's policy as the service keeps it; ``meddle`` are texts that others put right after ours.

    ``stale`` is how many reads after a put still show the text from before it.
    """

    def __init__(self, policy=None, *, meddle=(), stale=0, rewrite=lambda given: given):
        self.policy = policy
        self._meddle = list(meddle)
        self._stale = stale
        self._old = []
        self._rewrite = rewrite
        self.gateway = FakeGateway(
            DATA,
            {
                "s3:GetBucketPolicy": self._get,
                "s3:PutBucketPolicy": lambda params: self._put(params["Policy"]),
                "s3:DeleteBucketPolicy": lambda params: self._put(None),
            },
        )

    def _get(self, params):
        shown = self._old.pop(0) if self._old else self.policy
        return None if shown is None else {"Policy": shown}

    def _put(self, given):
        self._old = [self.policy] * self._stale
        self.policy = given if given is None else self._rewrite(given)
        if self._meddle:
            self.policy = self._meddle.pop(0)
        return {}

    def apply(self, request, **more):
        clock = Clock()
        plan = plan_of(step(1, DATA, calls=(request,)))
        self.outcomes = list(apply(plan, {"data": self.gateway}, clock=clock, sleep=clock.sleep, **more))
        return self.outcomes[-1]

    @property
    def sids(self):
        return [one["Sid"] for one in json.loads(self.policy)["Statement"]]


def test_first_statement_makes_the_document():
    bucket = Bucket()
    assert isinstance(bucket.apply(splice([OURS])), Applied)
    assert bucket.sids == ["Xacct1"]
    assert bucket.gateway.operations == ["PutBucketPolicy"]


def test_foreign_text_of_the_moment_is_kept_byte_for_byte():
    foreign = '{ "Sid":"Backup","Effect":"Allow","Principal":"*", "Action":"s3:List*","Resource":"*" }'
    bucket = Bucket(f'{{"Statement": [{foreign}, {json.dumps(OLD)}]}}')
    assert isinstance(bucket.apply(splice([OURS])), Applied)
    assert foreign in bucket.policy
    assert json.loads(bucket.policy)["Statement"][1] == OURS


def test_last_own_statement_out_deletes_the_document():
    bucket = Bucket(text(OURS))
    assert isinstance(bucket.apply(splice(drop=["Xacct1"])), Applied)
    assert bucket.policy is None
    assert bucket.gateway.operations == ["DeleteBucketPolicy"]


@pytest.mark.parametrize(
    ("policy", "request_"),
    [
        (text(FOREIGN, OURS), splice([OURS])),
        (text({**OURS, "Action": ["s3:getobject"]}), splice([OURS])),
        (text(FOREIGN), splice(drop=["Xacct1"])),
        (None, splice(drop=["Xacct1"])),
    ],
    ids=["there", "there-in-other-words", "gone", "no-document"],
)
def test_nothing_is_sent_where_nothing_would_change(policy, request_):
    bucket = Bucket(policy)
    assert bucket.apply(request_).calls == ()
    assert bucket.gateway.told == []


def test_same_statement_under_another_sid_is_not_ours():
    bucket = Bucket(text(statement("Backup")))
    bucket.apply(splice([OURS]))
    assert bucket.sids == ["Backup", "Xacct1"]


def test_service_that_rewrites_principals_has_still_taken_the_put():
    """AWS shows the root ARN where a bare account id was put."""
    ours = {**OURS, "Principal": {"AWS": DATA.id}}
    bucket = Bucket(rewrite=lambda given: given.replace(f'"{DATA.id}"', f'"{DATA.root}"'))
    assert isinstance(bucket.apply(splice([ours])), Applied)
    assert bucket.gateway.operations == ["PutBucketPolicy"]


def test_stale_answer_after_the_put_is_no_reason_to_put_again():
    """Trap 66."""
    bucket = Bucket(text(FOREIGN), stale=3)
    assert isinstance(bucket.apply(splice([OURS])), Applied)
    assert bucket.gateway.operations == ["PutBucketPolicy"]
    assert [outcome.what for outcome in bucket.outcomes if isinstance(outcome, Waiting)] == [
        "what was put to be seen"
    ]


def test_other_writer_who_overwrote_us_is_merged_with():
    other = statement("Other")
    bucket = Bucket(text(FOREIGN), meddle=[text(FOREIGN, other)])
    assert len(bucket.apply(splice([OURS])).calls) == 2
    assert bucket.sids == ["Backup", "Other", "Xacct1"]


def test_other_writer_who_never_stops_fails_the_step():
    bucket = Bucket(text(FOREIGN), meddle=[text(FOREIGN)] * 9)
    failed = bucket.apply(splice([OURS]))
    assert isinstance(failed, Failed)
    assert "others write it too" in str(failed.error)


def test_live_text_that_is_no_policy_is_left_alone():
    bucket = Bucket("not json")
    failed = bucket.apply(splice([OURS]))
    assert isinstance(failed, Failed)
    assert "cannot be read" in str(failed.error)
    assert bucket.gateway.told == []


def test_unreadable_document_is_never_taken_for_none():
    bucket = Bucket(text(FOREIGN))
    bucket.gateway._script["s3:GetBucketPolicy"] = refusal()
    assert isinstance(bucket.apply(splice([OURS])), Failed)
    assert bucket.gateway.told == []


def test_text_from_before_is_written_down_ahead():
    events = []
    before = text(FOREIGN)
    Bucket(before).apply(splice([OURS]), record=events.append)
    assert isinstance(events[0], Sending)
    assert events[0].before == before


def test_overlapping_changes_are_waited_for():
    bucket = Bucket()
    script = bucket.gateway._script
    script["s3:PutBucketPolicy"] = [refusal("OperationAborted", 409)] * 2 + [script["s3:PutBucketPolicy"]]
    assert isinstance(bucket.apply(splice([OURS])), Applied)
    assert len(bucket.gateway.told) == 3


def test_each_try_merges_with_what_is_there_then():
    """Trap 30: after OperationAborted the document is read again; the one that went on may have changed it."""
    bucket = Bucket(text(FOREIGN))
    script = bucket.gateway._script
    other = text(FOREIGN, statement("Other"))

    def aborted(params):
        bucket.policy = other
        script["s3:PutBucketPolicy"] = lambda given: bucket._put(given["Policy"])
        raise refusal("OperationAborted", 409)

    script["s3:PutBucketPolicy"] = aborted
    assert isinstance(bucket.apply(splice([OURS])), Applied)
    assert bucket.sids == ["Backup", "Other", "Xacct1"]


def test_put_whose_answer_was_lost_is_looked_for_and_not_sent_blindly():
    bucket = Bucket(text(FOREIGN))
    script = bucket.gateway._script

    def lost(params):
        bucket._put(params["Policy"])
        raise ServiceError(account="data", service="s3", operation="PutBucketPolicy")

    script["s3:PutBucketPolicy"] = lost
    outcome = bucket.apply(splice([OURS]))
    assert isinstance(outcome, Applied)
    assert bucket.sids == ["Backup", "Xacct1"]
    assert len(bucket.gateway.told) == 1


def test_what_was_put_is_looked_at_after_more_than_the_window():
    """Trap 88: an immediate look does not see who read before and puts after."""
    bucket = Bucket(text(FOREIGN))
    clock = Clock()
    plan = plan_of(step(1, DATA, calls=(splice([OURS]),)))
    list(apply(plan, {"data": bucket.gateway}, clock=clock, sleep=clock.sleep))
    assert clock.pauses[0] > WINDOW
