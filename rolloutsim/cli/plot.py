"""`rolloutsim plot`: one figure of a result or of a sweep, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import api, cli, planning, report, results
from rolloutsim.cli import example
from rolloutsim.cli.options import completes
from rolloutsim.errors import UsageError
from rolloutsim.report import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.api.result import Result

FORMS = (".svg", ".png")
_SWEEPS = (".sqlite", ".sqlite3", ".db")

_LIST = "\b\nFigures:\n" + "\n".join(f"  {entry.name:<14} {entry.question}" for entry in plots.FIGURES)


@click.command(
    epilog=_LIST
    + "\n\n"
    + example(
        "rolloutsim run scenarios/20nodes.yaml -o results\n"
        "rolloutsim plot results rollout -o rollout.svg\n"
        "rolloutsim plot results timeline --case builder -o builder.png\n"
        "rolloutsim plot mine.sqlite sweep_heatmap -o heatmap.svg\n"
        "rolloutsim plot mine.sqlite sweep_lines --show 'pull_time p95' -o pulls.svg"
    ),
)
@click.argument("result", metavar="RESULT", shell_complete=completes("files"))
@click.argument("name", metavar="NAME", shell_complete=completes("figures"))
@click.option(
    "--case",
    metavar="CASE",
    shell_complete=completes("cases"),
    help="Only this case; by default all, or the slowest where one is shown.",
)
@click.option(
    "--show",
    metavar="METRIC",
    shell_complete=completes("metrics"),
    help="Of a sweep this number, 'pull_time p95', in place of the rollout time.",
)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    shell_complete=completes("files"),
    required=True,
    help="The picture: x.svg or x.png.",
)
def command(result: str, name: str, case: str | None, show: str | None, output: str) -> None:
    """Draw the figure NAME of RESULT.

    RESULT is a folder written by 'run -o DIR', or the result.json or records.npz in it; for the figures of sweeps
    the SQLite file of 'sweep -o FILE', for 'variants' the folder that holds those of several variants. 'tornado'
    simulates the scenario anew, with each input a little smaller and larger.
    """
    path = Path(output)
    if path.suffix.lower() not in FORMS:
        raise click.UsageError(f"-o {output}: a picture is {' or '.join(FORMS)}; name it for example {name}.svg")
    plots.entry(name)  # before anything is read
    ax = _drawn(result, name, case, show)
    draw = report.images.png if path.suffix.lower() == ".png" else report.images.svg
    cli.output.write_file(path, draw(ax))
    cli.say(f"wrote {output}: {' '.join(ax.get_title(loc='left').split())}")


def _drawn(result: str, name: str, case: str | None, show: str | None) -> Axes:
    """The figure, drawn."""
    keywords = {} if case is None else {"case": case}
    what, subjects = _kind(result)
    if plots.entry(name).subject not in subjects:
        raise UsageError(
            f"{name} is no figure of {what}, which '{result}' is; its figures: {', '.join(plots.names(*subjects))}"
        )
    if subjects == ("sweep",):
        records = planning.sweep.file.read_records(Path(result))
        if show is not None:
            keywords["column"] = planning.sweep.figures.column_of(records, show)
        return plots.figure(name)(records, **keywords)
    if show is not None:
        raise UsageError(f"--show is for the figures of sweeps, and '{result}' is {what}")
    if subjects == ("comparison",):
        return plots.figure(name)(api.comparison.read_variants(result), **keywords)
    found = api.result.read(result)
    if name == "tornado":
        return _tornado(found, case)
    drawing = getattr(found.plot, name)
    return drawing(**keywords)  # type: ignore[no-any-return]


def _kind(result: str) -> tuple[str, tuple[plots.Subject, ...]]:
    """What a result is of, and what its figures are about."""
    if Path(result).suffix in _SWEEPS:
        return "a sweep", ("sweep",)
    if results.store.side_by_side(result):
        return "variants side by side", ("comparison",)
    return "a result", ("run", "case", "sensitivity")


def _tornado(result: Result, case: str | None) -> Axes:
    """The figure that takes simulations; how many is said where they take long."""
    if case is not None and case not in result.cases:
        raise UsageError(f"no case '{case}'; cases: {', '.join(result.cases)}")
    plan = planning.sensitivity.Plan.of(result.outcome, case)
    with cli.progress.TrialsProgress("sensitivity") as progress:
        return api.plotting.tornado(plan.carry_out(tell=progress))
