"""``xacct config``: AWS profiles from what other tools have."""

from __future__ import annotations

import click

from xacct.cli.lazy import Lazy

COMMANDS = {
    "import": "Write an AWS profile from a configuration of s3cmd, euca2ools or Eucalyptus.",
}


@click.group(name="config", cls=Lazy, package="xacct.cli.config", table=COMMANDS)
def command() -> None:
    """Make AWS profiles out of configurations of other tools."""
