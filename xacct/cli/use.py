"""``xacct use LINK``: the consumer's end of a link."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

import click

from xacct.cli.options import DEFAULT_MANIFEST, NO_INPUT, manifest_options, no_input_option
from xacct.cli.say import say
from xacct.errors import BadUsage, XacctError

if TYPE_CHECKING:
    from xacct.check import Check
    from xacct.manifest.model import Manifest


@click.command(name="use", context_settings={"ignore_unknown_options": True})
@manifest_options
@no_input_option
@click.option(
    "--as", "user", metavar="NAME", help="The declared principal to act as, where there are several."
)
@click.option("--profile", metavar="PROFILE", help="Use the credentials of this AWS profile instead.")
@click.option(
    "--session", "seconds", type=click.IntRange(900, 43200), help="How long the session lasts, in seconds."
)
@click.option("--mfa-serial", metavar="SERIAL", help="Your device, where the role asks for a second factor.")
@click.argument("link")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
def command(
    paths: tuple[str, ...],
    user: str | None,
    profile: str | None,
    seconds: int | None,
    mfa_serial: str | None,
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

    from xacct.manifest.expected.expect import hops, names
    from xacct.manifest.loading.load import load_manifest

    manifest = load_manifest(paths)
    known = names(manifest)
    if link not in known:
        raise BadUsage(f'the manifest has no link "{link}"', fix=f"It has: {', '.join(known) or 'none'}.")
    found = hops(manifest, link)
    if not found:
        raise BadUsage(
            f'"{link}" lets in nobody whom the manifest names', fix="Name the users with their profiles."
        )
    hop = _chosen(found, user)
    if profile:
        hop = replace(hop, caller=replace(hop.caller, profile=profile))
    if not words:
        say(_advice(manifest, hop, seconds, _files(paths)), nl=False)
        return
    if not hop.caller.profile:
        raise BadUsage(
            f"there is no profile for {hop.caller.arn}",
            fix="Name it with --profile, or in the manifest under users.",
        )
    sys.exit(_run(manifest, hop, seconds, mfa_serial, words))


def _chosen(hops: Sequence[Check], user: str | None) -> Check:
    """The hop of that principal; without a name the first for which there is a profile."""
    if user is None:
        return next((hop for hop in hops if hop.caller.profile), hops[0])
    for hop in hops:
        name = f"{hop.caller.account.name}/{hop.caller.arn.rpartition(':')[2]}"
        if user in (name, hop.caller.arn, hop.caller.profile, name.rpartition("/")[2]):
            return hop
    names = ", ".join(hop.caller.arn for hop in hops)
    raise BadUsage(f'the link does not let in "{user}" by name', fix=f"It names {names}.")


def _advice(manifest: Manifest, hop: Check, seconds: int | None, files: str) -> str:
    """Text to paste, without a secret in it."""
    from xacct.manifest.expected.expect import places

    if by_other_means := _by_other_means(hop):
        return f"Role: {hop.role}\n\n{by_other_means}\n"
    s3, lines = _whereabouts(manifest, hop)
    block = [
        f"[profile {hop.link}]",
        f"role_arn = {hop.role}",
        "web_identity_token_file = FILE-WITH-THE-TOKEN"
        if hop.caller.federated
        else f"source_profile = {hop.caller.profile or 'YOUR-PROFILE'}",
        f"duration_seconds = {seconds or hop.session_seconds}",
    ]
    if hop.external_id:
        block.append(f"external_id = {hop.external_id}")
    if hop.mfa:
        name = hop.caller.arn.rpartition("/")[2]
        block += [
            "# the serial of your own device:",
            f"mfa_serial = {hop.caller.account.iam_arn(f'mfa/{name}')}",
        ]
    urls = [
        f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        for bucket, prefix in places(manifest, hop.link)
    ]
    text = [f"Role: {hop.role}", "", "For ~/.aws/config:", ""]
    text += [f"    {line}" for line in (*block, *lines)]
    if urls:
        text += ["", "Then:", ""]
        text += [f"    aws --profile {hop.link} s3 ls {_as_folder(url)}" for url in urls]
        text += [
            "",
            "With s3cmd, which takes a session's keys out of the environment where no file gives it others:",
            "",
        ]
        text += [f"    xacct use{files} {hop.link} -- {_S3CMD}{_s3cmd_host(s3)} ls {url}" for url in urls]
    return "\n".join(text) + "\n"


def _by_other_means(hop: Check) -> str:
    """For those who never use a profile: people who sign in at their provider, and services."""
    if ":saml-provider/" in hop.caller.arn:
        pair = f"{hop.role},{hop.caller.arn}"
        return (
            "Have the identity provider send this pair in the attribute "
            f"https://aws.amazon.com/SAML/Attributes/Role, and sign in there:\n\n    {pair}"
        )
    if not hop.caller.arn.startswith("arn:"):
        return f"Name the role where {hop.caller.arn} is set up; the service enters it by itself."
    return ""


def _files(paths: tuple[str, ...]) -> str:
    """The manifest as the reader has to name it, where it is not the usual one."""
    return "" if paths == (DEFAULT_MANIFEST,) else "".join(f" -f {quote(path)}" for path in paths)


_S3CMD = "s3cmd --config=/dev/null"
"""Without a configuration of its own s3cmd takes keys and token out of the environment, and none is an argument."""


def _as_folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _s3cmd_host(url: str) -> str:
    from urllib.parse import urlsplit

    if not url:
        return ""
    parts = urlsplit(url)
    return (
        f"{'' if parts.scheme == 'https' else ' --no-ssl'} --host={parts.netloc} --host-bucket={parts.netloc}"
    )


def _whereabouts(manifest: Manifest, hop: Check) -> tuple[str, list[str]]:
    """The S3 endpoint of a private cloud, and what a profile there needs besides; nothing is sent."""
    from xacct.aws.assume import profile_setting
    from xacct.aws.platform import on_public_cloud
    from xacct.cli.doors import ProfileDoors

    spec = manifest.accounts[hop.owner.name]
    endpoints = dict(spec.endpoints)
    if hop.caller.profile:
        doors = ProfileDoors(manifest.accounts)
        doors.look([hop])
        endpoints = dict(doors.caller(hop.caller).endpoints) or endpoints
    region = profile_setting(hop.caller.profile, "region") if hop.caller.profile else ""
    if not endpoints or any(map(on_public_cloud, endpoints.values())):
        return "", [f"region = {spec.region}"] if spec.region else []
    lines = [f"region = {spec.region or region or 'us-east-1'}"]
    more = ["request_checksum_calculation = when_required", "response_checksum_validation = when_required"]
    if hop.caller.profile and (bundle := profile_setting(hop.caller.profile, "ca_bundle")):
        more.append(f"ca_bundle = {bundle}")
    urls = set(endpoints.values())
    if len(urls) == 1 and len(endpoints) > 1:
        return endpoints["s3"], [*lines, f"endpoint_url = {urls.pop()}", *more]
    sections = [f"services = {hop.link}", *more, "", f"[services {hop.link}]"]
    for service, url in sorted(endpoints.items()):
        sections += [f"{service} =", f"    endpoint_url = {url}"]
    return endpoints.get("s3", ""), [*lines, *sections]


def _run(
    manifest: Manifest, hop: Check, seconds: int | None, mfa_serial: str | None, words: tuple[str, ...]
) -> int:
    import os

    from xacct.aws.assume import session_environment
    from xacct.aws.session import Temporary
    from xacct.cli.child import run_child
    from xacct.cli.doors import ProfileDoors
    from xacct.engine.verifying.hops import assume_call, token_of

    doors = ProfileDoors(manifest.accounts)
    doors.look([hop])
    more = (
        token_of(doors.token(hop.caller), hop.caller)
        if hop.caller.federated
        else _second_factor(hop, mfa_serial)
    )
    call = assume_call(hop, seconds or hop.session_seconds, "xacct-use", **more)
    answer = doors.caller(hop.caller).ask(call)
    if answer is None:
        raise XacctError(f"the role {hop.role} does not exist", fix="Has the manifest been applied?")
    session = doors.session(hop.caller, hop, answer)
    environment = session_environment(
        os.environ,
        Temporary.of(answer),
        endpoints=session.endpoints,
        private=session.platform.private,
        profile=hop.caller.profile,
        region=manifest.accounts[hop.owner.name].region,
    )
    return run_child(words, environment)


def _second_factor(hop: Check, serial: str | None) -> dict[str, str]:
    """The device and its code, asked for on the terminal."""
    if not hop.mfa and serial is None:
        return {}
    if serial is None:
        raise BadUsage(
            "the role asks for a second factor",
            fix="Name your device: --mfa-serial ARN; it is on your security page, such as "
            f"{hop.caller.account.iam_arn('mfa/NAME')}.",
        )
    if click.get_current_context().meta.get(NO_INPUT) or not sys.stdin.isatty():
        raise BadUsage(
            "the code of the second factor can be asked on a terminal only, and not with --no-input"
        )
    return {"SerialNumber": serial, "TokenCode": click.prompt("Code", err=True, hide_input=True)}
