"""What stands in the report of a sweep: the knee, the smallest that passes, and every point."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from rolloutsim.planning.sweep.figures import notes, table, title
from rolloutsim.planning.sweep.head import command_of
from rolloutsim.planning.sweep.judging import held, summary
from rolloutsim.report.blocks import Block, Code, Picture, Report, Rows, Section, Text, Verdict
from rolloutsim.report.contents import LIMITS, spaced
from rolloutsim.report.plots import entry, figure
from rolloutsim.report.plots.canvas import NoDataError
from rolloutsim.results.shown.tabular import TEXT, Table, of_tuples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.sweep.file import SweepRecords


def report_of_sweep(records: SweepRecords) -> Report:
    """The report of a sweep.

    Parameters
    ----------
    records : SweepRecords
        What was simulated.
    """
    sections = (
        Section("answer", "The answer", tuple(_answer(records))),
        *_thresholds(records),
        *_metrics(records),
        Section("points", "Every point", (Rows("Points", table(records)),)),
        Section("scenario", "What is varied", (Rows("Parameters", _parameters(records)),)),
        Section("limits", "Assumptions and limits of the model", tuple(Text(text, "note") for text in LIMITS)),
        Section("provenance", "Provenance", tuple(_provenance(records))),
    )
    return Report(title(records), "capacity-planning report · sweep", sections)


def _answer(records: SweepRecords) -> Iterator[Block]:
    role, reason, drawn = "answer", "", False
    judged = held(records)
    if judged is not None:
        yield Verdict(judged.state, judged.short, judged.sentence)
        role = "plain"
    for name in ("sweep_heatmap", "sweep_lines"):
        try:
            ax = figure(name)(records)
        except NoDataError as error:
            reason = str(error)
            continue
        if not drawn and judged is None:
            heading = " ".join(ax.get_title(loc="left").split()).replace(r"\$", "$")
            yield Text(f"{heading}.", role)
        drawn = True
        # Its title was needed for the text above: the figure is drawn once for both.
        yield Picture(name, entry(name).question, partial(_same, ax))
    if not drawn:
        yield Text(f"{reason[:1].upper()}{reason[1:]}.", role)
    for note in notes(records):
        if judged is None or note != judged.sentence:
            yield Text(note, "note")


def _thresholds(records: SweepRecords) -> Iterator[Section]:
    """All thresholds, judged at every point."""
    if (found := summary(records)).rows:
        yield Section("thresholds", "Thresholds", (Rows("At how many points each holds, for each case", found),))


def _metrics(records: SweepRecords) -> Iterator[Section]:
    """The figures of what is shown beside the rollout time."""
    blocks: list[Block] = []
    for metric in records.head.metrics:
        try:
            ax = figure("sweep_lines")(records, column=metric)
        except NoDataError as error:
            blocks.append(Text(f"{metric}: {error}.", "note"))
            continue
        heading = " ".join(ax.get_title(loc="left").split()).replace(r"\$", "$")
        blocks.append(Text(f"{metric}: {heading}.", "plain"))
        blocks.append(Picture("sweep_lines", metric, partial(_same, ax)))
    if blocks:
        yield Section("metrics", "Other metrics", tuple(blocks))


def _same(ax: Axes) -> Axes:
    return ax


def _parameters(records: SweepRecords) -> Table:
    rows = []
    for parameter in records.head.parameters:
        values = list(dict.fromkeys(map(str, records.points[parameter.column])))
        shown = ", ".join(values[:20]) + (f" and {len(values) - 20} more" if len(values) > 20 else "")
        rows.append((parameter.path, shown))
    return of_tuples([("path", TEXT), ("values", TEXT)], rows)


def _provenance(records: SweepRecords) -> Iterator[Block]:
    head = records.head
    of = " of the first replication" if head.replications > 1 else ""
    yield Text(f"rolloutsim {head.version}; seed {head.seed}{of}; scenario {head.sha256}.", "note")
    yield Code("To reproduce it", command_of(head))
    yield Code("The scenario that is varied: save it as scenario.yaml", spaced(head.scenario))
