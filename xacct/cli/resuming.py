"""Earlier runs, found by their journals: to go on with them, or to take them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice

from xacct.cli.credentials import sessions
from xacct.cli.planning import Planned, again, explained
from xacct.cli.saving import plan_faults
from xacct.cli.say import say
from xacct.engine.applying.log import Log, complete, read_log
from xacct.engine.applying.runs import Runs, runs_at
from xacct.engine.applying.undo import buckets_of, way_back
from xacct.engine.gateway import Gateway
from xacct.engine.preparing.binding import Origin
from xacct.engine.preparing.limits import Lifted
from xacct.engine.preparing.prepare import Choice
from xacct.engine.reading.observe import observe
from xacct.errors import BadUsage, Refused, XacctError
from xacct.manifest.loading.load import load_manifest
from xacct.plan.bound import Stale


def find_run(place: str, run: str | None, paths: tuple[str, ...], *, going_on: bool = False) -> Log:
    """The journal of a run, or of the latest one; ``paths`` is the manifest, whose accounts a bucket belongs to.

    Raises:
        BadUsage: there is none.
        Refused: it is damaged, or none of ours; or it is to be gone on with, and was taken back.
    """
    gateways: Mapping[str, Gateway] = {}
    if place.startswith("s3:"):
        gateways = dict(sessions().gateways(dict(load_manifest(paths).accounts).values()))
    runs: Runs = runs_at(place, gateways)
    names = [run] if run else runs.names()
    if not names:
        raise BadUsage(
            f"there is no journal of any run in {place}",
            fix="Name the place with --journal, or run it where the run was.",
        )
    where = runs.where(names[-1])
    log = read_log(runs.lines(names[-1]), where)
    plan = log.begin.get("plan")
    if not complete(log) or not isinstance(plan, dict) or "bound" not in plan or plan_faults(where, plan):
        raise Refused(
            f"the journal {where} does not hold what a journal holds, although its sums fit: it was made up",
            fix="Nothing was sent. Run xacct apply, which needs no journal, and look at its plan.",
        )
    if going_on:
        _refuse_taken_back(runs, names[-1])
    return log


def _refuse_taken_back(runs: Runs, run: str) -> None:
    names = runs.names()
    for later in names[names.index(run) + 1 :] if run in names else ():
        try:
            begin = read_log(islice(runs.lines(later), 1), later).begin
        except XacctError:
            continue  # what cannot be read says nothing about this one
        if begin.get("kind") == "undo" and begin.get("undoes") == run:
            raise Refused(
                f"the run {run} was taken back by {later}: to go on would give again what was taken",
                fix=f"Nothing was sent. Plan anew with xacct apply, or end the way back with: xacct undo {run}",
            )


def resuming(log: Log, paths: tuple[str, ...]) -> Planned:
    """The rest of a run that did not come to its end, made again from its manifest.

    Raises:
        Refused: it is an undo, or its plan does not hold any more.
    """
    if log.begin["kind"] == "undo":
        raise Refused(
            f"the run {log.run} is an undo, which has no manifest to go on with",
            fix=f"Go on with: xacct undo {log.begin['undoes']}",
        )
    if log.torn:
        say("The last line of the journal is torn: what it was to say had not been sent.", err=True)
    return again(log.begin["plan"], paths, log.begun)


def undoing(log: Log, paths: tuple[str, ...], *, give_back: bool, lifted: Lifted) -> Planned:
    """The way back from a run, with the accounts as they are now.

    Raises:
        Refused: it cannot be gone.
    """
    bound = log.begin["plan"]["bound"]
    paths = paths or tuple(bound["paths"])
    manifest = load_manifest(paths)
    gateways: dict[str, Gateway] = dict(sessions().gateways(dict(manifest.accounts).values()))
    snapshots = observe(gateways, [manifest], more=buckets_of(log))
    try:
        prepared = way_back(log, manifest, snapshots, give_back=give_back, lifted=lifted)
    except Stale as stale:
        raise explained(stale) from None
    origin = Origin(made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), paths=paths, choice=Choice())
    say(f"The way back from the {log.begin['kind']} {log.run}.", err=True)
    return Planned(
        manifest=manifest,
        prepared=prepared,
        snapshots=snapshots,
        gateways=gateways,
        origin=origin,
        remake=lambda: undoing(log, paths, give_back=give_back, lifted=lifted).plan,
    )
