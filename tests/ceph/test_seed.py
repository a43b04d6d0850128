"""The page's scenario on a real gateway: plan, apply, an empty plan, verify, drift, repair, destroy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ceph.conftest import Ceph
from xacct.cli import main
from xacct.errors import ExitCode

MANIFEST = """
version: 1
name: seed-MARK
accounts:
  data: {id: "B_ID", profile: acct-b}
  analytics: {id: "A_ID", profile: acct-a}
users:
  analytics/user/user01-MARK: {profile: user01}
  analytics/user/mallory-MARK: {profile: mallory}
links:
  - role: data/role/reader-MARK
    trust: [analytics/user/user01-MARK]
    grant: [analytics/group/testers-MARK]
    bucket: snapshots-MARK
    access: [list, read, write, delete]
"""


def test_the_whole_story(
    ceph: Ceph,
    undo: list[Callable[[], object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    iam, s3 = ceph.root("iam", ceph.a), ceph.root("s3", ceph.b)
    bucket, group = f"snapshots-{ceph.mark}", f"testers-{ceph.mark}"
    s3.create_bucket(Bucket=bucket)
    undo.append(lambda: s3.delete_bucket(Bucket=bucket))
    for day in ("monday", "tuesday"):
        s3.put_object(Bucket=bucket, Key=f"mongodb-backup-{day}.img.xz", Body=b"x")
        undo.append(lambda day=day: s3.delete_object(Bucket=bucket, Key=f"mongodb-backup-{day}.img.xz"))
    iam.create_group(GroupName=group)
    undo.append(lambda: iam.delete_group(GroupName=group))
    keys = {}
    for word in ("user01", "mallory"):
        user = f"{word}-{ceph.mark}"
        iam.create_user(UserName=user)
        undo.append(lambda user=user: iam.delete_user(UserName=user))
        made = iam.create_access_key(UserName=user)["AccessKey"]
        undo.append(
            lambda user=user, key=made["AccessKeyId"]: iam.delete_access_key(UserName=user, AccessKeyId=key)
        )
        keys[word] = (made["AccessKeyId"], made["SecretAccessKey"])
    iam.add_user_to_group(GroupName=group, UserName=f"user01-{ceph.mark}")
    undo.append(lambda: iam.remove_user_from_group(GroupName=group, UserName=f"user01-{ceph.mark}"))
    ceph.profiles(tmp_path / "config", keys)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    text = MANIFEST.replace("MARK", ceph.mark).replace("A_ID", ceph.a["account_id"])
    (tmp_path / "xacct.yaml").write_text(text.replace("B_ID", ceph.b["account_id"]))

    def xacct(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    code, said = xacct("plan")
    assert code == ExitCode.DONE
    assert f"analytics/user/user01-{ceph.mark} gains list on {bucket}" in said
    assert xacct("apply", "--yes")[0] == ExitCode.DONE
    code, said = xacct("plan", "--detailed-exitcode")
    assert code == ExitCode.DONE, said
    code, said = xacct("verify", "--wait", "0")
    assert code == ExitCode.DONE, said
    assert "mongodb-backup-monday.img.xz" in said
    assert "who is not declared, cannot assume" in said

    role = f"reader-{ceph.mark}"
    everyone = {"AWS": f"arn:aws:iam::{ceph.a['account_id']}:root"}
    wider = {"Effect": "Allow", "Principal": everyone, "Action": "sts:AssumeRole"}
    ceph.root("iam", ceph.b).update_assume_role_policy(
        RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [wider]})
    )
    code, said = xacct("drift")
    assert code == ExitCode.DIFFERENCES
    # Ceph judges no grants: to trust the account is to trust everyone in it.
    assert f"analytics/user/mallory-{ceph.mark} loses list" in said
    assert xacct("verify", "--wait", "0")[0] == ExitCode.TOO_WIDE
    assert xacct("apply", "--yes")[0] == ExitCode.DONE
    assert xacct("drift")[0] == ExitCode.DONE
    assert xacct("destroy", "--yes")[0] == ExitCode.DONE
    listed = ceph.root("iam", ceph.b).list_roles()["Roles"]
    assert role not in [one["RoleName"] for one in listed]
