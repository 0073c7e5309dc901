"""`rolloutsim init`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path

import click

from rolloutsim import cli, scenario
from rolloutsim.cli import ExitCode, example


@click.command(
    epilog=example("rolloutsim init --template racks -o racks.yaml\nrolloutsim init | rolloutsim run -"),
)
@click.option(
    "--template",
    metavar="NAME",
    default="20nodes",
    show_default=True,
    help="Which scenario: 20nodes, racks, two-registries, kubernetes or real.",
)
@click.option("-o", "--output", metavar="FILE", help="Write FILE instead of the standard output.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def command(template: str, output: str | None, force: bool) -> int:
    """Print a commented scenario to start from."""
    text = scenario.template(template)
    if output is None:
        click.echo(text, nl=False)
        return ExitCode.OK
    path = Path(output)
    if not force:
        cli.output.keep_what_exists(path)
    cli.output.write_file(path, text)
    cli.say(f"wrote {output}; {cli.output.run_it(output)}")
    return ExitCode.OK
