"""`rolloutsim report`: results and sweeps as a report to forward."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import api, cli, planning, report
from rolloutsim.cli import example
from rolloutsim.cli.options import completes
from rolloutsim.results import store

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.report.blocks import Report
    from rolloutsim.report.pdf import Paper

_INPUTS = 2  # times as much for inputs as for changes: each is tried both ways
_SWEEPS = (".sqlite", ".sqlite3", ".db")


@click.command(
    epilog=example(
        "rolloutsim run scenarios/20nodes.yaml -o results\n"
        "rolloutsim report results -o report.html\n"
        "rolloutsim report results results-10g -o report.pdf --paper letter\n"
        "rolloutsim report results --what-if -o report.html\n"
        "rolloutsim report mine.sqlite -o report.md"
    ),
)
@click.argument("results", metavar="RESULT…", shell_complete=completes("files"), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    shell_complete=completes("files"),
    required=True,
    help="The report: x.html, x.pdf or x.md.",
)
@click.option(
    "--paper",
    type=click.Choice(["a4", "letter"]),
    default=None,
    help="The sheet of a PDF; a4 by default. A PDF is set by Typst: pip install 'rolloutsim[pdf]'.",
)
@click.option(
    "--what-if",
    "thorough",
    is_flag=True,
    help="Try the changes that could help, and each input 10% less and more, for results of 'run'; as many as fit into "
    "--budget.",
)
@click.option(
    "--budget",
    metavar="TIME",
    callback=cli.options.time_of,
    help="With --what-if, of each RESULT: computing time on one core, and time on the clock, for the changes; twice as "
    "much for the inputs.  [default: 60 s]",
)
def command(results: tuple[str, ...], output: str, paper: Paper | None, thorough: bool, budget: float | None) -> None:
    """Write the capacity-planning report of each RESULT, one after another, into one file.

    RESULT is a folder written by 'run -o DIR', or the result.json or records.npz in it, or the SQLite file of
    'sweep -o FILE'. Of variants it is the folder that holds theirs: the comparison comes first, then each of them. The
    HTML file needs no network, works with scripts off, and prints. The PDF has a contents list, and no more than the
    first rows of long tables.
    """
    path = Path(output)
    report.file.check_form(path, "-o ")
    if paper is not None and path.suffix.lower() != ".pdf":
        raise click.UsageError(f"--paper is for a PDF, and -o {output} is none; leave it out, or name it report.pdf")
    if budget is not None and not thorough:
        raise click.UsageError("--budget is for the changes of --what-if; add that, or leave --budget out")
    given = planning.what_if.BUDGET if budget is None else budget
    reports = tuple(page for one in results for page in _reports(one, given if thorough else None))
    cli.output.write_file(path, report.file.rendered(reports, path, paper or "a4"))
    cli.say(f"wrote {output}")


def _reports(name: str, budget: float | None) -> tuple[Report, ...]:
    """The reports of a result; `budget` is for what is tried [s], None: nothing is."""
    path = Path(name)
    if path.suffix in _SWEEPS:
        if budget is not None:
            raise click.UsageError(f"--what-if is for results of 'run', and '{name}' is a sweep; report it without")
        return (report.sweep_contents.report_of_sweep(planning.sweep.file.read_records(path)),)
    if store.side_by_side(path):
        return _report_of_variants(path, budget)
    result = api.result.read(path)
    if budget is None:
        return (result.report(),)
    changes, inputs = _tried(result, budget)
    return (result.report(changes=changes, inputs=inputs),)


def _report_of_variants(path: Path, budget: float | None) -> tuple[Report, ...]:
    comparison = api.comparison.read_variants(path)
    if budget is None:
        return api.comparison.report_of(comparison)
    tried = {side.name: _tried(api.result.Result(side.outcome), budget) for side in comparison.sides}
    changes = {name: changes for name, (changes, _) in tried.items()}
    return api.comparison.report_of(comparison, changes, {name: inputs for name, (_, inputs) in tried.items()})


def _tried(result: Result, budget: float) -> tuple[WhatIfs, Sensitivity]:
    with cli.progress.TrialsProgress("what-if") as progress:
        changes = planning.what_if.Plan.of(result.outcome, budget=budget).carry_out(tell=progress)
    with cli.progress.TrialsProgress("sensitivity") as progress:
        inputs = planning.sensitivity.Plan.of(result.outcome, budget=_INPUTS * budget).carry_out(tell=progress)
    return changes, inputs
