"""A lock that keeps runs apart, on a store with the conditions of S3 and a clock of its own."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.fakes import Clock, FakeGateway, refusal
from xacct.account import Account
from xacct.aws.retry import Patience
from xacct.engine.applying.lock import Lock, look, remove
from xacct.errors import Refused, ServiceError
from xacct.manifest.model import LockSpec, Name

DATA = Account(name="data", id="325271821652")
PLACE = LockSpec(bucket=Name(account=DATA, kind="bucket", name="locks"), key="team/lock", seconds=90)
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Store:
    """One object, with the service's clock; ``heeds`` tells whether conditions are kept."""

    def __init__(self, *, heeds: bool = True) -> None:
        self.clock = Clock()
        self.heeds = heeds
        self.body: str | None = None
        self.made = START
        self.lose_next_answer = False
        self.gateway = FakeGateway(
            DATA, {"s3:GetObject": self._get, "s3:PutObject": self._put, "s3:DeleteObject": self._delete}
        )

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.now)

    @property
    def tag(self) -> str:
        return hashlib.md5((self.body or "").encode()).hexdigest()

    def _get(self, params):
        assert params["ExpectedBucketOwner"] == DATA.id
        if self.body is None:
            return None
        return {
            "Body": io.BytesIO(self.body.encode()),
            "LastModified": self.made,
            "ETag": self.tag,
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self.now, usegmt=True)}},
        }

    def _put(self, params):
        if self.heeds:
            if params.get("IfNoneMatch") == "*" and self.body is not None:
                raise refusal("PreconditionFailed", 412)
            if "IfMatch" in params and (self.body is None or params["IfMatch"] != self.tag):
                raise refusal("PreconditionFailed", 412)
        self.body, self.made = params["Body"], self.now
        if self.lose_next_answer:
            self.lose_next_answer = False
            raise refusal("", 0)
        return {"ETag": self.tag}

    def _delete(self, params):
        if self.heeds and "IfMatch" in params and params["IfMatch"] != self.tag:
            raise refusal("PreconditionFailed", 412)
        self.body = None
        return {}

    def lock(self, holder: str, wait: float = 0.0) -> Lock:
        patience = Patience(clock=self.clock, sleep=self.clock.sleep, deadline=wait)
        return Lock(self.gateway, PLACE, holder, patience)


@pytest.fixture
def store():
    return Store()


def ignore(_what: str) -> None:
    return


def test_one_of_two_gets_it_and_the_other_is_told_who_has_it(store):
    store.lock("anna").take(ignore)
    with pytest.raises(Refused) as refused:
        store.lock("bert").take(ignore)
    assert "held by anna, since 2026-03-01T12:00:00Z, held until 2026-03-01T12:01:30Z" in str(refused.value)


def test_it_is_free_again_after_it_was_given_back(store):
    first = store.lock("anna")
    first.take(ignore)
    first.release()
    assert look(store.gateway, PLACE) is None
    store.lock("bert").take(ignore)
    assert look(store.gateway, PLACE).holder == "bert"


def test_waiting_ends_when_it_is_given_back(store):
    first = store.lock("anna")
    first.take(ignore)
    told = []

    def progress(what):
        told.append(what)
        if len(told) == 3:
            first.release()

    store.lock("bert", wait=60).take(progress)
    assert look(store.gateway, PLACE).holder == "bert"
    assert told[0] == "the lock s3://locks/team/lock, held by anna"


def test_one_that_was_left_behind_is_taken_over_by_the_clock_of_the_service(store):
    store.lock("anna").take(ignore)
    store.clock.now += PLACE.seconds
    store.lock("bert").take(ignore)
    assert look(store.gateway, PLACE).holder == "bert"


def test_a_sign_of_life_keeps_it(store):
    first = store.lock("anna")
    first.take(ignore)
    for _ in range(10):
        store.clock.now += PLACE.seconds / 2
        first.renew()
    with pytest.raises(Refused):
        store.lock("bert").take(ignore)


def test_no_sign_of_life_is_sent_before_a_third_of_the_time(store):
    first = store.lock("anna")
    first.take(ignore)
    sent = len(store.gateway.told)
    store.clock.now += PLACE.seconds / 3 - 1
    first.renew()
    assert len(store.gateway.told) == sent
    store.clock.now += 1
    first.renew()
    assert len(store.gateway.told) == sent + 1


def test_who_lost_it_sends_nothing_more(store):
    first = store.lock("anna")
    first.take(ignore)
    store.clock.now += PLACE.seconds
    store.lock("bert").take(ignore)
    with pytest.raises(Refused, match="broken or taken over"):
        first.renew()
    first.release()
    assert look(store.gateway, PLACE).holder == "bert"


def test_a_sign_of_life_at_the_last_moment_is_not_taken_over(store):
    """Who saw it ended must not take it if its holder has renewed it since: the tag tells."""
    first = store.lock("anna")
    first.take(ignore)
    store.clock.now += PLACE.seconds
    late = look(store.gateway, PLACE)
    assert late.expired
    first.renew()
    other = store.lock("bert")
    with pytest.raises(Refused):
        other.take(ignore)
    with pytest.raises(Refused, match="changed hands"):
        remove(store.gateway, PLACE, late)


def test_lost_answer_to_taking_it_is_looked_for(store):
    store.lose_next_answer = True
    lock = store.lock("anna")
    lock.take(ignore)
    store.clock.now += PLACE.seconds / 2
    lock.renew()
    assert look(store.gateway, PLACE).holder == "anna"


def test_a_service_that_ignores_the_condition_has_no_locks():
    store = Store(heeds=False)
    with pytest.raises(Refused, match="ignores If-None-Match"):
        store.lock("anna").take(ignore)
    assert store.body is None


def test_something_else_under_the_key_is_left(store):
    store.body = "a recipe"
    with pytest.raises(Refused, match="is no lock"):
        store.lock("anna").take(ignore)
    assert store.body == "a recipe"


def test_refused_is_no_free_lock(store):
    store.gateway._script["s3:GetObject"] = refusal()
    with pytest.raises(ServiceError):
        store.lock("anna").take(ignore)
    assert store.gateway.told == []


def test_breaking_takes_it_away_from_whoever_has_it(store):
    first = store.lock("anna")
    first.take(ignore)
    remove(store.gateway, PLACE, look(store.gateway, PLACE))
    assert store.body is None
    store.clock.now += PLACE.seconds / 2
    with pytest.raises(Refused, match="nothing more was sent"):
        first.renew()


def test_neither_tag_nor_token_is_shown(store):
    store.lock("anna").take(ignore)
    held = look(store.gateway, PLACE)
    assert held.tag not in repr(held)
    assert held.token not in repr(held)
