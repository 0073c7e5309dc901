"""`rolloutsim report`: results and sweeps as a report to forward."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import api, cli, planning, report
from rolloutsim.cli import example

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Report
    from rolloutsim.report.pdf import Paper

FORMS = (".html", ".pdf", ".md")
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
@click.argument("results", metavar="RESULT…", nargs=-1, required=True)
@click.option("-o", "--output", "output", metavar="FILE", required=True, help="The report: x.html, x.pdf or x.md.")
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
    help="Try every change that could help, and each input 10% less and more, for results of 'run'.",
)
def command(results: tuple[str, ...], output: str, paper: Paper | None, thorough: bool) -> None:
    """Write the capacity-planning report of each RESULT, one after another, into one file.

    RESULT is a folder written by 'run -o DIR', or the result.json or records.npz in it, or the SQLite file of
    'sweep -o FILE'. The HTML file needs no network, works with scripts off, and prints. The PDF has a contents list,
    and no more than the first rows of long tables.
    """
    path = Path(output)
    form = path.suffix.lower()
    if form not in FORMS:
        raise click.UsageError(f"-o {output}: a report is .html, .pdf or .md; name it for example report.html")
    if paper is not None and form != ".pdf":
        raise click.UsageError(f"--paper is for a PDF, and -o {output} is none; leave it out, or name it report.pdf")
    if form == ".pdf":
        report.pdf.check_engine()  # before anything is simulated
    cli.output.write_file(path, _rendered(tuple(_report(one, thorough) for one in results), form, paper or "a4"))
    click.echo(f"wrote {output}", err=True)


def _report(name: str, thorough: bool) -> Report:
    path = Path(name)
    if path.suffix in _SWEEPS:
        if thorough:
            raise click.UsageError(f"--what-if is for results of 'run', and '{name}' is a sweep; report it without")
        return report.sweep_contents.report_of_sweep(planning.sweep.file.read_records(path))
    result = api.result.loaded(path)
    if not thorough:
        return result.report()
    with cli.progress.TrialsProgress("what-if") as progress:
        changes = planning.what_if.Plan.of(result.outcome).carry_out(tell=progress)
    with cli.progress.TrialsProgress("sensitivity") as progress:
        inputs = planning.sensitivity.Plan.of(result.outcome).carry_out(tell=progress)
    return result.report(changes, inputs)


def _rendered(reports: tuple[Report, ...], form: str, paper: Paper) -> str | bytes:
    if form == ".html":
        return report.page.to_html(reports)
    if form == ".pdf":
        return report.pdf.to_pdf(reports, paper)
    return report.markdown.to_markdown(reports)
