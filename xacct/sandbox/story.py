"""The demo's cast on the embedded cloud: the page this tool began with, a stranger, and a hand that slips."""

from __future__ import annotations

import json
from pathlib import Path

from xacct.manifest.model import Manifest
from xacct.sandbox.world import Extra, World

BUCKET = "mongodb-snapshots"
BACKUPS = ("mongodb-backup-monday.img.xz", "mongodb-backup-tuesday.img.xz")
STRANGER = "mallory"


def furnish(world: World, manifest: Manifest, config: Path) -> None:
    """The bucket with two backups, user01 in the group Testers, and mallory, whom nobody trusts."""
    world.furnish(manifest, {BUCKET: BACKUPS})
    consumers = manifest.accounts["analytics"].account.id
    world.add(Extra(consumers, STRANGER, "acct-a-mallory", groups=("Testers",)))
    world.write_config(config)


def slip(world: World, manifest: Manifest) -> str:
    """Widen the role's trust by hand, as someone in a hurry would; says what was done."""
    link = next(iter(manifest.links.values()))
    account = link.role.account
    principal = f"arn:{account.partition}:iam::{manifest.accounts['analytics'].account.id}:root"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}],
    }
    world.client("iam", account.id).update_assume_role_policy(
        RoleName=link.role.name, PolicyDocument=json.dumps(trust)
    )
    return (
        f"aws iam update-assume-role-policy --role-name {link.role.name} ... (now trusts all of {principal})"
    )
