"""Runs that are killed at each of their writes: they go on, or are taken back, and nothing of others is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.live.cloud import Live
from tests.live.holdings import Holdings
from tests.live.killing import Point, Runs, wire
from tests.live.stories import BUCKET, LOCKED, SEED, STORIES, UNDONE, Accounts, Story, kept
from xacct.engine.applying import merge
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processes() -> Iterator[Runs]:
    """What the processes to be killed come from."""
    runs = Runs()
    yield runs
    runs.close()


@pytest.fixture
def accounts(live: Live, processes: Runs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Nothing but a wire of the test's own lies between xacct and the service."""
    if live.platform == "aws":
        pytest.skip("a wire of our own cannot stand between xacct and AWS, which is reached by TLS only")
    monkeypatch.setattr(merge, "_AFTER", 0.05)
    live.stage(SEED)
    with wire(live.world.endpoint, processes) as between:
        yield Accounts(live, between)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("way", ["resume", "apply", "undo"])
def test_killed_at_each_write(
    name: str, way: str, accounts: Accounts, seen: Callable[[str, str, str], None]
) -> None:
    live, story = accounts.live, STORIES[name]
    accounts.begin(story)
    before = accounts.held()
    for point in story.points(way):
        killed = accounts.wire.kill(point, story.command, *live.files, "--yes")
        assert killed == list(story.writes[: point.write]), point
        if way == "undo":
            live.done(*story.back)
        else:
            go_on(story, point, way, accounts, before)
        assert accounts.held() == before, point
    seen("a run killed (SIGKILL) at each of its writes", live.platform, "goes on, or is taken back")


def go_on(story: Story, point: Point, way: str, accounts: Accounts, before: Holdings) -> None:
    """To the end of the run, and back to its beginning."""
    live = accounts.live
    known = runs()
    said = live.done(*(("apply", "--resume") if way == "resume" else (story.command, "--yes")))
    last = point.write == len(story.writes) and point.moment != "before"
    assert ("No differences" in said) is last, f"{point}: {said}"
    if story.command == "apply":
        assert "No differences" in live.done("plan", "--detailed-exitcode"), point
    else:
        assert "No differences" in live.done("destroy", "--yes"), point
    assert kept(accounts.held()) == kept(before), point
    if story.whole and point == Point(2, "unanswered"):
        live.done("verify", *live.wait)
    for run in reversed(runs()[len(known) - 1 :]):
        live.done(*story.back, run)


def runs() -> list[str]:
    """The runs that were written down in this folder, the latest last."""
    return sorted(path.parent.name for path in Path(".xacct/runs").glob("*/journal.jsonl"))


def test_a_call_that_was_under_way_may_come_when_the_run_has_gone_on(accounts: Accounts) -> None:
    """Nobody can call it back: an early half of a change may undo a late one. A plain apply puts it right."""
    live, story = accounts.live, STORIES["changed"]
    accounts.begin(story)
    before = accounts.held()
    undid = []
    for write in (1, 3, 4, 9):
        known = runs()
        accounts.wire.kill(Point(write, "late"), "apply", *live.files, "--yes")
        live.done("apply", "--resume")
        accounts.wire.deliver()
        if "No differences" not in live.done("apply", "--yes"):
            undid.append(story.writes[write - 1])
        assert "No differences" in live.done("plan", "--detailed-exitcode"), write
        assert kept(accounts.held()) == kept(before), write
        for run in reversed(runs()[len(known) :]):
            live.done(*story.back, run)
        assert accounts.held() == before, write
    assert undid == ["UpdateAssumeRolePolicy"]


def test_a_call_that_was_under_way_may_come_when_the_run_is_taken_back(accounts: Accounts) -> None:
    """It leaves a part of what nobody wants any more; the same undo once more takes that away too."""
    live, story = accounts.live, STORIES["seed"]
    accounts.begin(story)
    before = accounts.held()
    came = []
    for write in range(1, len(story.writes) + 1):
        accounts.wire.kill(Point(write, "late"), "apply", *live.files, "--yes")
        run = runs()[-1]
        live.done(*story.back)
        came.append(accounts.wire.deliver())
        assert (accounts.held() == before) is (came[-1] != HTTPStatus.OK), write
        live.done(*story.back, run)
        assert accounts.held() == before, write
    assert came == [HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.OK]  # the role of the second is gone


def test_others_write_between_the_kill_and_what_comes_after_it(accounts: Accounts) -> None:
    live, story = accounts.live, STORIES["shared"]
    accounts.begin(story)
    before = accounts.held()
    accounts.wire.kill(Point(2, "unanswered"), "apply", *live.files, "--yes")
    (killed,) = runs()
    live.client("s3", "data").put_bucket_policy(
        Bucket=live.bucket(BUCKET),
        Policy=str(accounts.held()[BUCKET]).replace("s3:PutBucketAcl", "s3:PutBucketCORS"),
    )
    assert BUCKET in live.done("apply", "--resume", code=ExitCode.REFUSED)
    live.done("apply", "--yes")
    assert "No differences" in live.done("plan", "--detailed-exitcode")
    live.done(*story.back)
    live.done(*story.back, killed)
    policy = str(before[BUCKET]).replace("s3:PutBucketAcl", "s3:PutBucketCORS")
    assert accounts.held() == {**before, BUCKET: policy}


def test_a_lock_whose_holder_was_killed_is_broken_and_the_run_goes_on(accounts: Accounts) -> None:
    live = accounts.live
    story = replace(STORIES["seed"], text=LOCKED)
    accounts.begin(story)
    before = accounts.held()
    taken = ["Put Object", "Put Object"]  # the second one proves that it would be refused
    writes = [*taken, *story.writes, "Delete Object"]
    for write in (1, 3, len(writes) - 1):  # it is taken; something is done under it; all is
        known = runs()
        killed = accounts.wire.kill(Point(write, "unanswered"), "apply", *live.files, "--yes")
        assert killed == writes[:write]
        begun = len(runs()) > len(known)
        assert begun is (write > len(taken))
        go_on = ("apply", "--resume") if begun else ("apply", "--yes")
        if write < len(writes) - 1:
            assert "xacct lock --break" in live.done(*go_on, code=ExitCode.REFUSED)
        live.done("lock", "--break")
        live.done(*go_on)
        assert "is free" in live.done("lock")
        assert "No differences" in live.done("plan", "--detailed-exitcode")
        live.done(*story.back, runs()[len(known)])
        assert accounts.held() == before, write


def test_an_undo_that_is_killed_goes_on_as_an_undo(accounts: Accounts) -> None:
    live, story = accounts.live, STORIES["seed"]
    accounts.begin(story)
    before = accounts.held()
    for number in range(1, len(UNDONE) + 1):
        live.done("apply", "--yes")
        applied = runs()[-1]
        killed = accounts.wire.kill(Point(number, "unanswered"), "undo", *live.files, "--yes")
        assert killed == list(UNDONE[:number])
        assert f"xacct undo {applied}" in live.done("apply", "--resume", code=ExitCode.REFUSED)
        live.done("undo", "--yes", applied)
        assert accounts.held() == before


def test_a_runner_vanishes_with_its_folder_and_another_goes_on_from_the_bucket(
    accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done last, a line of the journal or a call: the bucket alone tells the next runner."""
    live, story = accounts.live, STORIES["seed"]
    accounts.begin(story)
    bucket = live.bucket("journals")
    live.client("s3", "data").create_bucket(Bucket=bucket)
    place = ("--journal", f"s3://{bucket}/ci/main")
    before = accounts.held()
    line = "Put Object"
    writes = [line, *(word for name in story.writes for word in (line, name, line)), line]
    monkeypatch.chdir(runner(live, tmp_path, 0))
    accounts.wire.kill(Point(1, "before"), "apply", *live.files, "--yes", *place)
    assert "no journal of any run" in live.done("apply", "--resume", *place, code=ExitCode.USAGE)
    for number in range(1, len(writes) + 1):
        monkeypatch.chdir(runner(live, tmp_path, number))
        killed = accounts.wire.kill(Point(number, "unanswered"), "apply", *live.files, "--yes", *place)
        assert killed == writes[:number]
        monkeypatch.chdir(runner(live, tmp_path, -number))
        said = live.done("apply", "--resume", *place)
        assert ("No differences" in said) is (number >= writes.index("PutGroupPolicy") + 1), number
        assert "No differences" in live.done("plan", "--detailed-exitcode")
        live.done("undo", "--yes", *place)
        assert accounts.held() == before, number
    assert not list(tmp_path.rglob(".xacct"))


def runner(live: Live, folder: Path, number: int) -> Path:
    """A machine of its own for a job, with a copy of the manifest and nothing else; the one before it is gone."""
    checkout = folder / f"runner{number}"
    checkout.mkdir()
    (path,) = live.files[1:]
    Path(path).rename(checkout / "xacct.yaml")
    live.files = ["-f", str(checkout / "xacct.yaml")]
    return checkout
