"""Objects of our own: made only when asked for, used for what may really be changed, and taken away again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import refusal
from tests.unit.engine.cloud import B, SmallCloud, denied
from tests.unit.engine.verifying.test_verify import (
    ASSUMES,
    DELETE,
    DELETES,
    HOP,
    LIST,
    LISTS,
    MISSING,
    NO_DELETE,
    NO_WRITE,
    OK,
    READ,
    READS,
    UNTRIED,
    WIDE,
    WRITE,
    WRITES,
)
from xacct.aws.caller import NoCredentials
from xacct.check import Check, Finding
from xacct.engine.verifying.canary import OwnObjects
from xacct.engine.verifying.verify import Patience, verify
from xacct.platform import AWS, PRIVATE

OWNER = [("owner", f"s3:{action}") for action in ("PutObject", "DeleteObject", "ListBucket")]
CAREFUL = AWS


class Versioned(SmallCloud):
    """The small cloud with versions: a delete leaves a marker, and nothing goes away by itself."""

    def __init__(self, *rights: Any, **more: Any) -> None:
        super().__init__(*rights, **more)
        self.versions: dict[str, str] = {}

    def _putobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        super()._putobject(who, params)
        version = f"v{len(self.versions)}"
        self.versions[version] = params["Key"]
        return {"VersionId": version}

    def _deleteobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        version = params.get("VersionId")
        if version is None:
            super()._deleteobject(who, params)
            marker = f"m{len(self.versions)}"
            self.versions[marker] = params["Key"]
            return {"DeleteMarker": True, "VersionId": marker}
        self._judge(who, "s3:DeleteObjectVersion")
        self.versions.pop(version)
        if params["Key"] in self.keys and params["Key"] not in self.versions.values():
            self.keys.remove(params["Key"])
        return {"VersionId": version}

    def _listobjectversions(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:ListBucketVersions")
        found = [
            {"Key": key, "VersionId": version}
            for version, key in self.versions.items()
            if key == params["Prefix"]
        ]
        return {"Versions": found}


def run(cloud: SmallCloud, *checks: Check) -> tuple[list[Finding], tuple[str, ...]]:
    cloud.honours = False  # what is tried is really done
    own = OwnObjects(cloud.owner)
    found = list(verify(checks, cloud, Patience(0, cloud.clock, cloud.clock.sleep), canaries=own))
    by_name = {finding.check.name: finding for finding in found}
    return [by_name[check.name] for check in checks], own.clean()


def writes(cloud: SmallCloud) -> list[tuple[str, str]]:
    return [
        (who, str(call.params["Key"]))
        for who, call in cloud.sent
        if call.operation in ("PutObject", "DeleteObject")
    ]


def test_writing_and_deleting_are_really_done_on_objects_of_our_own_which_go_again() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, DELETES, *OWNER, platform=CAREFUL)
    found, left = run(cloud, HOP, LIST, WRITE, DELETE)
    assert [one.outcome for one in found] == [OK, OK, OK, OK]
    assert "was written" in found[2].detail
    assert "was deleted" in found[3].detail
    assert (cloud.keys, left) == (["in/a.txt"], ())
    assert all(".xacct-probe-" in key for _, key in writes(cloud))


def test_without_being_asked_nothing_is_written_where_no_own_object_showed_that_it_is_safe() -> None:
    """Trap 82: a condition that is ignored turns the probe into a write."""
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, DELETES, platform=CAREFUL)
    found = list(verify((HOP, LIST, WRITE, DELETE), cloud, Patience(0, cloud.clock, cloud.clock.sleep)))
    assert [one.outcome for one in found] == [OK, OK, UNTRIED, UNTRIED]
    assert writes(cloud) == []


def test_a_write_too_many_is_found_by_a_real_write_that_the_owner_takes_away() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, *OWNER, platform=CAREFUL)
    found, left = run(cloud, HOP, LIST, NO_WRITE)
    assert found[2].outcome is WIDE
    assert (cloud.keys, left) == (["in/a.txt"], ())


@pytest.mark.parametrize("may", [True, False])
def test_a_delete_too_many_is_tried_on_an_object_that_the_owner_makes(may: bool) -> None:
    rights = [ASSUMES, LISTS, *OWNER, *([DELETES] if may else [])]
    cloud = SmallCloud(*rights, platform=CAREFUL)
    found, left = run(cloud, HOP, LIST, NO_DELETE)
    assert found[2].outcome is (WIDE if may else OK)
    assert (cloud.keys, left) == (["in/a.txt"], ())
    assert writes(cloud)[0][0] == "owner"


def test_where_nobody_can_make_an_object_the_delete_is_not_tried() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, DELETES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "there is no such profile", fix="Make one.")
    found, left = run(cloud, HOP, LIST, DELETE)
    assert found[2].outcome is UNTRIED
    assert "no such profile" in found[2].detail
    assert (writes(cloud), left) == ([], ())


def test_one_object_serves_every_check_in_its_place_and_another_place_has_its_own() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, *OWNER, platform=CAREFUL)
    beside = replace(NO_DELETE, name="beside", prefix="in-xacct/")
    run(cloud, HOP, LIST, NO_DELETE, replace(NO_DELETE, name="again"), beside)
    made = [call for who, call in cloud.sent if who == "owner" and call.operation == "PutObject"]
    assert [str(call.params["Key"]).partition(".xacct-probe-")[0] for call in made] == ["", "in-xacct/"]
    assert all(call.params["IfNoneMatch"] == "*" for call in made)
    assert all(call.params["ExpectedBucketOwner"] == B.id for call in made)


def test_an_empty_place_is_read_by_an_object_of_our_own() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, READS, *OWNER, platform=CAREFUL, keys=())
    found, left = run(cloud, HOP, LIST, READ)
    assert found[2].outcome is OK
    assert (cloud.keys, left) == ([], ())


def test_without_the_owner_the_session_that_wrote_takes_it_away() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, DELETES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    found, left = run(cloud, HOP, LIST, WRITE)
    assert found[2].outcome is OK
    assert (cloud.keys, left) == (["in/a.txt"], ())


def test_what_could_not_be_taken_away_is_said_by_its_name() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    _, left = run(cloud, HOP, LIST, WRITE)
    (key,) = [key for key in cloud.keys if key != "in/a.txt"]
    (said,) = left
    assert "LEFT BEHIND" in said
    assert f"logs/{key}" in said
    assert "AccessDenied" in said


def test_with_versions_every_version_and_marker_goes() -> None:
    """Trap 83: a delete in a bucket with versions deletes nothing."""
    more = [("owner", "s3:DeleteObjectVersion"), ("owner", "s3:ListBucketVersions")]
    cloud = Versioned(ASSUMES, LISTS, WRITES, DELETES, *OWNER, *more, platform=CAREFUL)
    _, left = run(cloud, HOP, LIST, WRITE, DELETE)
    assert (cloud.versions, left) == ({}, ())


def test_with_versions_that_cannot_be_listed_those_that_were_seen_go() -> None:
    more = [("owner", "s3:DeleteObjectVersion")]
    cloud = Versioned(ASSUMES, LISTS, WRITES, DELETES, *OWNER, *more, platform=CAREFUL)
    _, left = run(cloud, HOP, LIST, WRITE, DELETE)
    assert (cloud.versions, left) == ({}, ())


def test_versions_that_nobody_may_delete_are_said_to_be_left() -> None:
    """Traps 46 and 83."""
    cloud = Versioned(ASSUMES, LISTS, WRITES, DELETES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    _, left = run(cloud, HOP, LIST, WRITE)
    assert len(left) == 1
    assert "with its versions" in left[0]


def test_cleaning_twice_says_nothing_twice() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, WRITES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    cloud.honours = False
    own = OwnObjects(cloud.owner)
    list(verify((WRITE,), cloud, Patience(0, cloud.clock, cloud.clock.sleep), canaries=own))
    assert len(own.clean()) == 1
    assert own.clean() == ()


# ---- proof that conditions are honoured


class Proving(SmallCloud):
    """Conditions on an object that is there; ``ignores`` are the operations that do not look at them."""

    ignores: frozenset[str] = frozenset()

    def _putobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:PutObject")
        if "IfMatch" in params and "PutObject" not in self.ignores:
            raise refusal("PreconditionFailed", 412)
        self.keys += [params["Key"]] if params["Key"] not in self.keys else []
        return {}

    def _deleteobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:DeleteObject")
        if "IfMatch" in params and "DeleteObject" not in self.ignores:
            raise refusal("PreconditionFailed", 412)
        if params["Key"] in self.keys:
            self.keys.remove(params["Key"])
        return {}


@pytest.mark.parametrize(
    ("ignores", "proved"),
    [(set(), True), ({"PutObject"}, False), ({"DeleteObject"}, False)],
    ids=["honoured", "put ignored", "delete ignored"],
)
def test_an_object_of_our_own_proves_whether_conditions_are_honoured(ignores: set[str], proved: bool) -> None:
    """Trap 82: the proof puts nothing at risk but what we made."""
    cloud = Proving(ASSUMES, *OWNER, platform=CAREFUL)
    cloud.ignores = frozenset(ignores)
    own = OwnObjects(cloud.owner)
    gateway = cloud.owner(B)
    assert own.proved(gateway) is False  # nothing is there to prove it with
    assert isinstance(own.standing(LIST), str)
    assert own.proved(gateway) is proved
    before = len(cloud.sent)
    assert own.proved(gateway) is proved  # asked once
    assert len(cloud.sent) == before
    assert own.clean() == ()
    assert cloud.keys == ["in/a.txt"]


def test_a_proof_holds_for_the_endpoint_where_it_was_made() -> None:
    cloud = Proving(ASSUMES, *OWNER, platform=CAREFUL)
    own = OwnObjects(cloud.owner)
    own.standing(LIST)
    assert own.proved(cloud.owner(B))
    cloud.endpoints = {"sts": "http://one", "s3": "http://two"}
    assert not own.proved(cloud.owner(B))


def test_where_the_place_can_have_no_object_a_proved_condition_does() -> None:
    cloud = Proving(ASSUMES, LISTS, WRITES, platform=CAREFUL)
    cloud.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    own = OwnObjects(cloud.owner)
    beside = replace(NO_DELETE, name="beside", prefix="in-xacct/")
    found = list(
        verify((HOP, LIST, WRITE, beside), cloud, Patience(0, cloud.clock, cloud.clock.sleep), canaries=own)
    )
    # The session may not delete, so the proof of a conditional delete is refused, and nothing is tried.
    assert [one.outcome for one in found] == [OK, OK, OK, UNTRIED]
    cloud.rights.add(DELETES)
    own = OwnObjects(cloud.owner)
    found = list(
        verify((HOP, LIST, WRITE, beside), cloud, Patience(0, cloud.clock, cloud.clock.sleep), canaries=own)
    )
    assert [one.outcome for one in found] == [OK, OK, OK, WIDE]


# ---- whose bucket it is


def test_where_a_write_ignores_the_owner_a_listing_or_the_owner_shows_it_first() -> None:
    private = replace(PRIVATE, conditional_writes=True)
    seen = SmallCloud(ASSUMES, LISTS, WRITES, platform=private)
    found = list(verify((HOP, LIST, WRITE), seen, Patience(0, seen.clock, seen.clock.sleep)))
    assert [one.outcome for one in found] == [OK, OK, OK]
    assert not [call for _, call in seen.sent if call.operation == "HeadBucket"]
    by_owner = SmallCloud(ASSUMES, WRITES, platform=private)
    found = list(verify((HOP, WRITE), by_owner, Patience(0, by_owner.clock, by_owner.clock.sleep)))
    assert [one.outcome for one in found] == [OK, OK]
    assert [who for who, call in by_owner.sent if call.operation == "HeadBucket"] == ["session", "owner"]
    nobody = SmallCloud(ASSUMES, WRITES, platform=private)
    nobody.faults["no owner"] = NoCredentials("data", "none", fix="Make one.")
    found = list(verify((HOP, WRITE), nobody, Patience(0, nobody.clock, nobody.clock.sleep)))
    assert [one.outcome for one in found] == [OK, UNTRIED]
    assert writes(nobody) == []


def test_a_refusal_of_the_real_write_is_missing_access() -> None:
    cloud = SmallCloud(ASSUMES, LISTS, *OWNER, platform=CAREFUL)
    found, left = run(cloud, HOP, LIST, WRITE)
    assert (found[2].outcome, left) == (MISSING, ())
    assert denied("s3:PutObject").message in found[2].said
