"""Every guard refuses with 6, sends nothing that writes, and says the word that lifts it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.functional.conftest import MANIFESTS, Cloud, Ran
from tests.functional.test_removal import ANALYTICS, DATA, LINK, ok, writes
from xacct.errors import ExitCode

LIMITED = f"{LINK}limits:\n  "


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(MANIFESTS / "seed-link.yaml")
    made.furnish(made.write("xacct.yaml", LINK))
    return made


def refuses(cloud: Cloud, *words: str, because: str, word: str) -> Ran:
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes", *words)
    assert ran.code == ExitCode.REFUSED, ran.out + ran.err
    assert because in ran.err
    assert word in ran.err
    assert "Nothing was sent." in ran.err
    assert writes(cloud, before) == []
    return ran


def test_more_than_the_limit_is_refused(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}max_delete: 0\n".replace(", analytics/group/Auditors", ""))
    ran = refuses(cloud, because="Too much at once", word="--max-delete 1")
    assert "xacct.yaml:" in ran.err
    ok(cloud, "apply", "--yes", "--max-delete", "1")
    assert "No differences" in ok(cloud, "plan")


def test_the_only_link_is_all_of_them(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    end = LINK.index("links:")
    cloud.write("xacct.yaml", f"{LINK[:end]}limits: {{max_delete_share: 99}}\n")
    refuses(cloud, because="4 of 4 living things would be deleted", word="--max-delete 4")
    refuses(cloud, "--max-delete", "3", because="at most 3", word="--max-delete 4")
    ok(cloud, "apply", "--yes", "--max-delete", "4")


def test_what_is_protected_is_not_narrowed(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}protect: [data/role/reader]\n".replace("list, read", "list"))
    refuses(cloud, because="data/role/reader is protected", word="--allow-protected")
    ok(cloud, "apply", "--yes", "--allow-protected")


def test_what_the_earlier_manifest_protected_is_not_free_by_the_same_edit(cloud: Cloud) -> None:
    earlier = cloud.write("earlier.yaml", f'{LIMITED}protect: ["data/*"]\n')
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK[: LINK.index("links:")])
    refuses(cloud, "--was", str(earlier), because="data/* is protected", word="--allow-protected")


def test_what_is_protected_is_not_destroyed(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", f"{LIMITED}protect: [data/role/*]\n  max_delete: 0\n")
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("destroy", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert "Too much" not in ran.err
    assert writes(cloud, before) == []
    ok(cloud, "destroy", "--yes", "--allow-protected")


def test_a_changed_path_is_refused_with_the_way_to_do_it(cloud: Cloud) -> None:
    """Trap 9: a path cannot be changed; a role made anew has another id, and trusts elsewhere stay broken."""
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", LINK.replace("data/role/reader", "data/role/team/reader"))
    refuses(
        cloud,
        because="lives under the path /, not /team/",
        word="give the new one another name and take the old one out afterwards",
    )


def test_another_account_than_the_declared_one_is_refused(cloud: Cloud) -> None:
    """Trap 67: whose credentials they are is asked before anything is written."""
    cloud.write("xacct.yaml", LINK.replace("profile: acct-b", "profile: acct-a"))
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert f"belong to account {ANALYTICS}" in ran.err
    assert "Correct the id of account data" in ran.err
    assert writes(cloud, before) == []


def test_another_endpoint_than_the_declared_one_is_refused(cloud: Cloud) -> None:
    """Trap 68."""
    cloud.write("xacct.yaml", LINK.replace("acct-b}", "acct-b, endpoint: 'https://cloud.example'}"))
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert "declares https://cloud.example" in ran.err
    assert len(cloud.sandbox.requests) == before
