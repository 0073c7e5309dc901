"""`rolloutsim show`: a resolved scenario, each default with its source."""

from __future__ import annotations

import click

from rolloutsim import cli, results, scenario
from rolloutsim.cli import example
from rolloutsim.cli.options import OVERLAYS_ALONE, SET, VARIANT, completes
from rolloutsim.errors import UsageError


@click.command(
    epilog=example(
        "rolloutsim show scenarios/deployment.yaml\n"
        "rolloutsim show -f base.yaml -f prod.yaml --set nodes=50 > prod-50.yaml\n"
        "rolloutsim show mine.yaml --variant cache\n"
        "rolloutsim show results/cache"
    ),
)
@click.argument("file", metavar="FILE|RESULT", shell_complete=completes("files"), required=False)
@OVERLAYS_ALONE
@VARIANT
@SET
def command(file: str | None, overlays: tuple[str, ...], variant: str, overrides: tuple[str, ...]) -> None:
    """Show a resolved scenario as a scenario file: what FILE says in its long form, with files merged over it, a
    variant and --set applied; and as comments each default that plays a part, with its source.

    What is printed is a scenario file itself, which gives the same results. Of a RESULT, what it is of.
    """
    (name,), more = cli.options.with_base(() if file is None else (file,), overlays)
    if name != cli.scenarios.STDIN and results.store.is_result(name):
        if overrides or more or variant:
            raise UsageError(f"'{name}' is a result, which is of one scenario: leave --set, -f and --variant out")
        resolved = results.store.load(name).run.scenario
        if not resolved.document:
            raise UsageError(
                f"'{name}' does not hold the scenario that it is of: it was made in Python, without a file"
            )
    else:
        resolved = cli.scenarios.load_file(name, overrides, more, variant).resolved
    click.echo(scenario.settings.show(resolved), nl=False)
