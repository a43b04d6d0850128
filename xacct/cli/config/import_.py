"""``xacct config import``: another tool's configuration as an AWS profile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xacct.cli.say import say
from xacct.errors import BadUsage, Refused, XacctError

if TYPE_CHECKING:
    from xacct.imported.found import Found, Reading

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="import")
@click.option("--s3cfg", type=_FILE, metavar="FILE", help="A configuration of s3cmd, such as ~/.s3cfg.")
@click.option("--euca-ini", type=_FILE, metavar="FILE", help="One of euca2ools, such as ~/.euca/cloud.ini.")
@click.option(
    "--eucarc", type=_FILE, metavar="FILE", help="Eucalyptus' shell file; it is read and never run."
)
@click.option("--profile", metavar="NAME", help="What to call the profile.")
@click.option("--user", metavar="NAME", help="This user only, where the file has several.")
@click.option(
    "--endpoint",
    "given",
    multiple=True,
    metavar="SERVICE=URL",
    help="The address of iam, sts or s3, where the file does not say it; may be repeated.",
)
@click.option(
    "--aws-config",
    type=_FILE,
    metavar="PATH",
    help="The file to write to. [default: $AWS_CONFIG_FILE, or ~/.aws/config]",
)
@click.option("--replace", is_flag=True, help="Replace a profile of the same name.")
def command(
    s3cfg: Path | None,
    euca_ini: Path | None,
    eucarc: Path | None,
    profile: str | None,
    user: str | None,
    given: tuple[str, ...],
    aws_config: Path | None,
    replace: bool,
) -> None:
    """Write an AWS profile, with a services section, from another tool's configuration.

    Everything else in the file is kept byte for byte; the file is then readable by its owner only, since the
    keys stand in it. What a profile cannot hold is named. Secrets are never printed.
    """
    from xacct.imported.found import profile_name
    from xacct.imported.profile_file import keys_elsewhere, read_bytes, replace_file, with_profiles
    from xacct.problem import BadInput

    reading = _read(s3cfg, euca_ini, eucarc, profile or "")
    if reading.problems:
        raise BadInput(reading.problems)
    found = [_completed(one, _endpoints(given)) for one in _chosen(reading.found, user, profile)]
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise BadUsage(
            f"two users would have one profile: {', '.join(sorted(names))}", fix="Choose one with --user."
        )
    path = aws_config or Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    credentials = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    if taken := keys_elsewhere(read_bytes(credentials), names):
        raise Refused(
            f"{credentials} has keys for {', '.join(taken)}, which would win over those of a profile of that name; "
            "nothing was written",
            fix="Choose another name with --profile.",
        )
    before = read_bytes(path)
    replace_file(path, before, with_profiles(before, found, replace=replace))
    for one in found:
        _tell(one, path)
    assert all(profile_name(name) == name for name in names)


def _read(s3cfg: Path | None, euca_ini: Path | None, eucarc: Path | None, name: str) -> Reading:
    from xacct.imported.euca_ini import read_euca_ini
    from xacct.imported.eucarc import read_eucarc
    from xacct.imported.s3cfg import read_s3cfg

    readers = ((s3cfg, read_s3cfg), (euca_ini, read_euca_ini), (eucarc, read_eucarc))
    chosen = [(path, read) for path, read in readers if path is not None]
    if len(chosen) != 1:
        raise BadUsage("one file is meant", fix="Name it with --s3cfg, --euca-ini or --eucarc.")
    path, read = chosen[0]
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise XacctError(f"{path} is no text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise XacctError(f"{path} cannot be read: {error.strerror}") from None
    return read(text, str(path), name)


def _chosen(found: tuple[Found, ...], user: str | None, profile: str | None) -> tuple[Found, ...]:
    from dataclasses import replace

    from xacct.imported.found import profile_name

    if user is not None:
        found = tuple(one for one in found if one.name == profile_name(user)) or found
        if len(found) != 1:
            raise BadUsage(
                f'the file has no user "{user}"', fix=f"It has: {', '.join(one.name for one in found)}."
            )
    if profile and len(found) > 1:
        raise BadUsage(
            f"the file has {len(found)} users, and one name for a profile",
            fix=f"Choose one with --user: {', '.join(one.name for one in found)}.",
        )
    if profile and profile_name(profile) != profile:
        raise BadUsage(f'"{profile}" is no name for a profile', fix="Use letters, digits and _.@+-.")
    return (replace(found[0], name=profile),) if profile else found


def _endpoints(given: tuple[str, ...]) -> dict[str, str]:
    from xacct.imported.found import SERVICES, endpoint, url_problem

    told: dict[str, str] = {}
    for text in given:
        service, equals, url = text.partition("=")
        if not equals or service not in SERVICES:
            raise BadUsage(f'--endpoint "{text}" is no SERVICE=URL', fix=f"Services: {', '.join(SERVICES)}.")
        if why := url_problem(url):
            raise BadUsage(
                f"--endpoint {service} cannot be used: {why}", fix="Write such as http://HOST:8773."
            )
        told[service] = endpoint(url)
    return told


def _completed(found: Found, told: dict[str, str]) -> Found:
    from dataclasses import replace

    from immutabledict import immutabledict

    endpoints = {**found.endpoints, **told}
    left = tuple(one for one in found.unmapped if not one.services or one.services - endpoints.keys())
    return replace(found, endpoints=immutabledict(endpoints), unmapped=left)


def _tell(found: Found, path: Path) -> None:
    from xacct.imported.profile_file import FALLBACK_REGION

    say(f"Profile {found.name} is in {path}.")
    for service, url in sorted(found.endpoints.items()):
        say(f"  {service:<4} {url}")
    say(f"  region {found.region or FALLBACK_REGION}")
    if found.unmapped:
        say("  Not in the profile:")
    for one in found.unmapped:
        say(f"    {one}")
