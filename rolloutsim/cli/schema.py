"""`rolloutsim schema`: the JSON Schema of scenario files, or of what is written as JSON."""

from __future__ import annotations

import click

from rolloutsim import planning, scenario
from rolloutsim.cli import ExitCode, example


@click.command(
    epilog=example(
        "rolloutsim schema > rolloutsim.schema.json\nrolloutsim schema --of results > rolloutsim.results.schema.json"
    ),
)
@click.option(
    "--of",
    "what",
    type=click.Choice(("scenarios", "results")),
    default="scenarios",
    show_default=True,
    help="Scenario files, or what commands write as JSON.",
)
def command(what: str) -> int:
    """Print the JSON Schema of scenario files, for editors and other tools; or that of results.

    An editor with a YAML language server checks and completes a scenario whose first line is
    '# yaml-language-server: $schema=rolloutsim.schema.json'.

    That of results describes result.json, comparison.json, and all that --format json prints, of this version: later
    ones may have more keys.
    """
    import json

    schema = scenario.json_schema() if what == "scenarios" else planning.contract.json_schema()
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
    return ExitCode.OK
