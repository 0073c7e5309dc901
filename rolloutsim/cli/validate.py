"""`rolloutsim validate`: all errors of scenario files, located; nothing is simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rolloutsim import cli, results
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS_ALONE, completes
from rolloutsim.errors import render

if TYPE_CHECKING:
    from rolloutsim.errors import Diagnostic

FORMATS = ("text", "json", "github", "sarif")


@click.command(
    epilog=example(
        "rolloutsim validate scenarios/*.yaml\nrolloutsim validate --format github scenarios/20nodes.yaml\n"
        "rolloutsim validate --format sarif scenarios/*.yaml > rolloutsim.sarif"
    ),
)
@click.argument("files", metavar="FILE…", shell_complete=completes("files"), nargs=-1)
@OVERLAYS_ALONE
@click.option(
    "--set",
    "overrides",
    metavar="K=V",
    shell_complete=completes("assignments"),
    multiple=True,
    help="Change a value first, as in 'run'.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How errors are printed."
)
def command(files: tuple[str, ...], overlays: tuple[str, ...], overrides: tuple[str, ...], form: str) -> int:
    """Check scenario files, with all their variants, and show all their errors, located; simulate nothing.

    FILE may be '-' for the standard input. 'json' prints a list of errors, 'github' annotations for GitHub
    Actions, 'sarif' a log in SARIF 2.1.0 for code scanning. Exit code 4 if there is an error, 2 if a file cannot be
    read.
    """
    files, overlays = cli.options.with_base(files, overlays)
    loaded, diagnostics, unread = cli.scenarios.load_all(files, overrides, overlays)
    if form == "json":
        import json

        click.echo(json.dumps([_as_json(d) for d in diagnostics], indent=2, ensure_ascii=False))
    elif form == "github":
        for diagnostic in diagnostics:
            click.echo(results.shown.annotations.of_diagnostic(diagnostic))
    elif form == "sarif":
        import json

        named = [name for name in (*files, *overlays) if name != cli.scenarios.STDIN]
        log = results.shown.sarif.sarif(diagnostics, named, None if unread is None else str(unread))
        click.echo(json.dumps(log, indent=2, ensure_ascii=False))
    elif diagnostics:
        click.echo(render(diagnostics))
    for file in loaded:
        cli.say(f"{file.name}: valid")
    if unread is not None:
        raise unread
    return ExitCode.SCENARIO_INVALID if diagnostics else ExitCode.OK


def _as_json(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "length": diagnostic.length,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
    }
