"""``xacct schema``: the JSON Schemas, also outside a clone."""

from __future__ import annotations

import click


@click.command(name="schema")
@click.argument("name", type=click.Choice(["manifest", "plan", "findings"]), default="manifest")
def command(name: str) -> None:
    """Print the JSON Schema of the manifest (for editors), of the plan or of what verify found (for programs)."""
    from xacct.cli.say import put
    from xacct.manifest.loading.schema import schema_text

    put(schema_text(name), nl=False)
