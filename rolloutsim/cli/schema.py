"""`rolloutsim schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from rolloutsim import scenario
from rolloutsim.cli import ExitCode, example


@click.command(
    epilog=example("rolloutsim schema > rolloutsim.schema.json"),
)
def command() -> int:
    """Print the JSON Schema of scenario files, for editors and other tools.

    An editor with a YAML language server checks and completes a scenario whose first line is
    '# yaml-language-server: $schema=rolloutsim.schema.json'.
    """
    import json

    click.echo(json.dumps(scenario.json_schema(), indent=2, ensure_ascii=False))
    return ExitCode.OK
