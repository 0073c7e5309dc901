"""`rolloutsim calibrate`: the numbers of a scenario that nobody knows, fitted to pulls that were seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import calibration, cli, imports, report, scenario
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import completes
from rolloutsim.cli.page import Page, aligned
from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rolloutsim.calibration import Calibration

_PICTURES = (".svg", ".png")
_MOST_ROWS = 24  # of comparisons (assumed: those that differ are sentences as well)
_MOST_SHOWN = 12  # sentences of a kind (assumed: nobody reads more; --format json has all)


@click.command(
    epilog=example(
        "kubectl get events -A -o json > events.json\n"
        "rolloutsim calibrate mine.yaml --events events.json\n"
        "rolloutsim calibrate mine.yaml --events events.json --events kubelet.log -o calibrated.yaml\n"
        "rolloutsim calibrate mine.yaml --events events.json --into --plot calibration.svg\n"
        "rolloutsim calibrate mine.yaml --events events.json --node 'web=ip-10-0-1-*' --fit nodes.web.disk.rate"
    ),
)
@click.argument("file", metavar="SCENARIO", shell_complete=completes("files"))
@click.option(
    "--events", "events", metavar="FILE", shell_complete=completes("files"), multiple=True, required=True,
    help="What tells of pulls: events, logs of kubelets, containerd and CRI-O, as data or text; a folder of these, or "
    "'-'. Metrics of these and logs of registries are compared with the fit; a registry's log with durations alone "
    "tells the network's numbers. Repeatable.",
)  # fmt: skip
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Write the scenario with the fitted numbers to FILE.",
)
@click.option("--into", is_flag=True, help="Write them into SCENARIO itself; all else in it stays byte for byte.")
@click.option("--force", is_flag=True, help="Replace FILE of -o if it exists.")
@click.option(
    "--plot",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Draw predicted against measured times: x.svg or x.png.",
)
@click.option(
    "--node", "nodes", metavar="GROUP=PATTERN", shell_complete=completes("patterns"), multiple=True,
    help="Which nodes are of a group, by their names: 'web=ip-10-0-1-*'. Repeatable, the first that fits counts.",
)  # fmt: skip
@click.option(
    "--fit",
    metavar="K",
    shell_complete=completes("keys"),
    multiple=True,
    help="Fit this number though the scenario gives it, or leaves it. Repeatable.",
)
@click.option(
    "--keep",
    metavar="K",
    shell_complete=completes("keys"),
    multiple=True,
    help="Keep this number as it is. Repeatable.",
)
@click.option(
    "--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True,
    help="Of the random numbers of the intervals.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True,
    help="What stdout shows.",
)  # fmt: skip
def command(
    file: str,
    events: tuple[str, ...],
    output: str | None,
    into: bool,
    force: bool,
    plot: str | None,
    nodes: tuple[str, ...],
    fit: tuple[str, ...],
    keep: tuple[str, ...],
    seed: int,
    form: str,
) -> int:
    """Fit the numbers of SCENARIO that nobody knows to pulls that were seen.

    The same nodes pull the same images at the same times in the simulation; numbers are those with which it is nearest
    to what was measured: the registry's uplink, the NIC or a connection's cap, the fixed time of a pull, the rate of
    unpacking. Those that SCENARIO gives are kept, unless the remark behind them says that they were assumed or
    calibrated. Each has an interval in which it lies with 90 %; what the pulls cannot tell is said, with what would
    tell. Nothing is written without -o or --into. Exit code 6 if no pull can be used.
    """
    if output is not None and into:
        raise click.UsageError("-o and --into: the scenario is written once; leave one of them out")
    if into and file == "-":
        raise click.UsageError("--into: '-' is no file; write to one with -o")
    if plot is not None and Path(plot).suffix.lower() not in _PICTURES:
        raise click.UsageError(f"--plot {plot}: a picture is {' or '.join(_PICTURES)}; name it calibration.svg")
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    text, shown = scenario.loading.read_text(file)
    made = calibration.calibrated(
        scenario.loading.draft(text, shown), imports.observed.observed(events), seed, [_node(one) for one in nodes],
        fit, keep,
    )  # fmt: skip
    names = ["<stdin>" if one == "-" else Path(one).name for one in events]
    target = file if into else output
    if target is not None:
        cli.output.write_file(Path(target), calibration.writing.calibrated_text(text, made, names))
    if plot is not None:
        ax = report.plots.calibration.calibration(made)
        draw = report.images.png if Path(plot).suffix.lower() == ".png" else report.images.svg
        cli.output.write_file(Path(plot), draw(ax))
        cli.say(f"wrote {plot}")
    if form == "json":
        click.echo(json.dumps(calibration.shown.document(made), indent=2, ensure_ascii=False))
    else:
        _show(made)
    if target is not None:
        cli.say(f"wrote {target}; {cli.output.run_it(target)}")
    elif made.fitted:
        cli.say("nothing was written; -o FILE or --into writes the scenario with these numbers")
    return ExitCode.OK


def _node(text: str) -> tuple[str, str]:
    group, equals, pattern = text.partition("=")
    if not (group and equals and pattern):
        raise click.UsageError(f"--node {text}: write GROUP=PATTERN, for example 'web=ip-10-0-1-*'")
    return group, pattern


def _table(page: Page, rows: Sequence[tuple[str, ...]]) -> list[str]:
    words = [tuple(map(visible, row)) for row in rows]
    head, *rest = aligned(words, ["left", *["right"] * (len(rows[0]) - 1)])
    return [
        page.style(f"  {head}", bold=True),
        page.style(" " + "─" * (len(head) + 2), dim=True),
        *(f"  {one}" for one in rest),
    ]


def _show(made: Calibration) -> None:
    page = Page()
    images = "1 image" if made.images == 1 else f"{made.images:,} images"
    page.title(f"{made.used:,} pulls of {images}, predicted to {100 * made.scatter:.0f} % after the calibration")
    page.lines += [*_table(page, calibration.shown.rows_of_pulls(made)), ""]
    if made.bursts:
        page.lines += [" From the first pull to the end of the last, of those that overlap", ""]
        page.lines += [*_table(page, calibration.shown.rows_of_bursts(made)), ""]
    if made.fitted:
        page.lines += [" Fitted", "", *_table(page, calibration.shown.rows_of_numbers(made)), ""]
    else:
        page.text("Fitted", "nothing: the pulls do not tell any of the numbers better than they are known")
    if made.beside.comparisons:
        page.lines += [" Beside: what else was seen of these pulls, and was not fitted to", ""]
        page.lines += [*_table(page, calibration.shown.rows_beside(made, _MOST_ROWS)), ""]
    counts: dict[str, int] = {}
    for label, text in calibration.shown.sentences(made):
        counts[label] = counts.get(label, 0) + 1
        if counts[label] <= _MOST_SHOWN:
            page.text(label if counts[label] == 1 else "", text)
    page.show()
