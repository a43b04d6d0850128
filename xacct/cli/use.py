"""``xacct use LINK``: the consumer's end of a link."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from xacct.cli.options import manifest_options
from xacct.errors import BadUsage

if TYPE_CHECKING:
    from xacct.check import Check
    from xacct.engine.gateway import Gateway


@click.command(name="use", context_settings={"ignore_unknown_options": True})
@manifest_options
@click.option(
    "--as", "user", metavar="NAME", help="The declared principal to act as, where there are several."
)
@click.option("--profile", metavar="PROFILE", help="Use the credentials of this AWS profile instead.")
@click.option(
    "--session", "seconds", type=click.IntRange(900, 43200), help="How long the session lasts, in seconds."
)
@click.argument("link")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
def command(
    paths: tuple[str, ...],
    user: str | None,
    profile: str | None,
    seconds: int | None,
    link: str,
    words: tuple[str, ...],
) -> None:
    """Print how to use a link, or run a command with a session of its role.

    Without a command: the role's ARN, a profile block for the AWS config file, and lines for s3cmd. After
    ``--`` a command, run with the session's credentials in its environment; its exit code is ours. Nothing
    is read but the manifest, and no rights are needed but the consumer's own. LINK is a link's name, or that
    of a role in the plain form.
    """
    from dataclasses import replace

    from xacct.manifest.expect import expect
    from xacct.manifest.load import load_manifest

    manifest = load_manifest(paths)
    hops = [
        check
        for check in expect(manifest, {})
        if check.link == link and check.action == "sts:AssumeRole" and check.want.value == "allowed"
    ]
    if not hops:
        known = sorted({check.link for check in expect(manifest, {})} | set(manifest.links))
        raise BadUsage(
            f'the manifest has no link "{link}" that names a user', fix=f"It has: {', '.join(known)}."
        )
    hop = _chosen(hops, user)
    if profile:
        hop = replace(hop, caller=replace(hop.caller, profile=profile))
    if not words:
        click.echo(
            _advice(hop, {check.resource for check in expect(manifest, {}) if check.link == link}), nl=False
        )
        return
    if not hop.caller.profile:
        raise BadUsage(
            f"there is no profile for {hop.caller.arn}",
            fix="Name it with --profile, or in the manifest under users.",
        )
    sys.exit(_run(manifest.accounts, hop, seconds, words))


def _chosen(hops: list[Check], user: str | None) -> Check:
    if user is None:
        return next((hop for hop in hops if hop.caller.profile), hops[0])
    for hop in hops:
        name = f"{hop.caller.account.name}/{hop.caller.arn.rpartition(':')[2]}"
        if user in (name, hop.caller.arn, hop.caller.profile, name.rpartition("/")[2]):
            return hop
    names = ", ".join(hop.caller.arn for hop in hops)
    raise BadUsage(f'the link does not name "{user}"', fix=f"It names {names}.")


def _advice(hop: Check, resources: set[str]) -> str:
    buckets = sorted(one.rpartition(":")[2] for one in resources if ":s3:::" in one)
    lines = [
        f"Role: {hop.role}",
        "",
        "For ~/.aws/config:",
        "",
        f"    [profile {hop.link}]",
        f"    role_arn = {hop.role}",
        f"    source_profile = {hop.caller.profile or 'YOUR-PROFILE'}",
        f"    duration_seconds = {hop.session_seconds}",
    ]
    if hop.external_id:
        lines.append(f"    external_id = {hop.external_id}")
    if hop.mfa:
        lines.append(f"    mfa_serial = {hop.caller.arn.replace(':user/', ':mfa/')}")
    lines += ["", "Then:", ""]
    lines += [f"    aws --profile {hop.link} s3 ls s3://{bucket}" for bucket in buckets]
    lines += ["", "With s3cmd, which cannot assume a role by itself:", ""]
    lines += [
        f"    xacct use {hop.link} -- sh -c 's3cmd --access_key=$AWS_ACCESS_KEY_ID "
        f"--secret_key=$AWS_SECRET_ACCESS_KEY --access_token=$AWS_SESSION_TOKEN ls s3://{bucket}'"
        for bucket in buckets
    ]
    return "\n".join(lines) + "\n"


def _run(accounts: Mapping[str, Any], hop: Check, seconds: int | None, words: tuple[str, ...]) -> int:
    from xacct.cli.doors import ProfileDoors
    from xacct.errors import XacctError
    from xacct.resource import Call

    gateway = ProfileDoors(accounts).caller(hop.caller)
    answer = gateway.ask(
        Call.of(
            "sts",
            "AssumeRole",
            RoleArn=hop.role,
            RoleSessionName="xacct-use",
            DurationSeconds=seconds,
            ExternalId=hop.external_id or None,
        )
    )
    if answer is None:
        raise XacctError(f"the role {hop.role} does not exist", fix="Has the manifest been applied?")
    try:
        done = subprocess.run(list(words), env=_environment(gateway, answer["Credentials"]), check=False)
    except FileNotFoundError:
        raise BadUsage(f"there is no command {words[0]}", fix="Install it, or give its path.") from None
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _environment(gateway: Gateway, credentials: Mapping[str, str]) -> dict[str, str]:
    """The session and nothing else of AWS's: no profile that would win over it, the same endpoints."""
    own = {name: value for name, value in os.environ.items() if name not in _IN_THE_WAY}
    own |= {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
    if gateway.platform.private:
        own |= {f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in gateway.endpoints.items()}
        own.setdefault("AWS_REGION", "us-east-1")
    return own


_IN_THE_WAY = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"}
