"""`rolloutsim explain`: what a key of a scenario file means."""

from __future__ import annotations

import click

from rolloutsim.cli import ExitCode, example


@click.command(
    short_help="What a key means: type, unit, default, source.",
    epilog=example("rolloutsim explain network.latency\nrolloutsim explain nodes.parallel_layers"),
)
@click.argument("key", metavar="KEY")
def command(key: str) -> int:
    """Show what KEY means in a scenario file: type, unit, default, and the default's source."""
    from rolloutsim.scenario import explain

    click.echo(explain(key))
    return ExitCode.OK
