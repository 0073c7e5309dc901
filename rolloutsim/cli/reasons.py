"""What `rolloutsim explain RESULT` shows: why, cause by cause; what would help, with its `--set`; sensitivities."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click
import numpy as np

from rolloutsim.cli.page import Page
from rolloutsim.results.numerals import UNKNOWN, show_time, visible
from rolloutsim.results.shown.tabular import Column, Table
from rolloutsim.results.why.bottlenecks import bottlenecks
from rolloutsim.results.why.critical import causes
from rolloutsim.results.why.words import name_of, why

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.what_if import WhatIf, WhatIfs
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary

_MOST_CASES = 12  # others that a line each is shown of (assumed: half a screen)
_MOST_CAUSES = 3  # that such a line names
_NOTHING = 5e-4  # a smaller share is not worth a row (assumed: it shows as 0.0 %)


def show_reasons(result: Result, case: str, changes: WhatIfs, effort: str) -> None:
    """Print why a case took as long as it did, and what would make it faster.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    case : str
        The case.
    changes : WhatIfs
        What was tried.
    effort : str
        How much that was, in words.
    """
    page = Page()
    summary = result.outcome.first
    figures = summary.cases[case]
    page.title(_title(result, case))
    page.text("Why", why(result.run, summary))
    if figures.finished:
        page.table(_cause_table(result[case].records, figures))
    others = [name for name in result.cases if name != case and summary.cases[name].finished]
    if others:
        page.table(_case_table(result, others[:_MOST_CASES], summary.cases))
    if changes.tried:
        page.blank()
        page.text("What if", f"{effort}; each change alone, simulated with the same seed.")
        page.table(_change_table((*changes.faster, *changes.slower)))
        if changes.useless:
            page.blank()
            page.text("No effect:", f"{', '.join(changes.useless)}.")
    if changes.left_out:
        page.text("Not tried:", f"{', '.join(changes.left_out)}; a larger --budget has room for more.")
    click.echo(page.render(), nl=False, color=page.coloured)


def show_sensitivity(result: Result, case: str, found: Sensitivity, effort: str) -> None:
    """Print how a case's rollout time changes with each input.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    case : str
        The case.
    found : Sensitivity
        Its inputs.
    effort : str
        What was tried, in words.
    """
    page = Page()
    page.title(_title(result, case))
    headings = ("input", "is", "less", "rollout time", "more", "rollout time", "span")
    rows = [
        (
            row.path, row.value, row.low_value, show_time(row.low), row.high_value, show_time(row.high),
            row.effect,
        )
        for row in found.rows
    ]  # fmt: skip
    if rows:
        base = show_time(found.rows[0].base)
        page.text(
            " Inputs",
            f"the rollout time is {base}; with each input alone 10% less and more, counts below ten by 1, simulated "
            f"with the same seed; {UNKNOWN}: such a value is not allowed.",
        )
        page.table(Table(_columns(headings, left=(0,)), tuple(rows)))
    elif not found.left_out:
        page.text(" Inputs", f"{effort}.")
    if found.left_out:
        page.blank()
        page.text("Not tried:", f"{', '.join(found.left_out)}; a larger --budget has room for more.")
    click.echo(page.render(), nl=False, color=page.coloured)


def _title(result: Result, case: str) -> str:
    several = len(result) > 1
    which = f" · {case}" + (", the slowest case" if case == result.summary.slowest.case else "") if several else ""
    often = "" if result.replications is None else f" · the first of {len(result.replications)} replications"
    return f"{visible(result.scenario.name + which)} · {result.scenario.model} model · seed {result.run.seed}{often}"


def _cause_table(records: CaseRecords, figures: CaseSummary) -> Table:
    """A row a cause; what only other pods met has no time on the last one's path."""
    found = causes(records, figures)
    pods = max(int(np.count_nonzero(~np.isnan(records.pods.ready))), 1)
    total = sum(cause.over_all_s for cause in found) or 1.0
    rows = [
        (
            _noun(cause.cause, figures),
            _or_none(cause.seconds, show_time(cause.seconds)),
            _or_none(cause.seconds, f"{cause.share:.1%}".replace("%", " %")),
            _or_none(cause.over_all_s, show_time(cause.over_all_s / pods)),
        )
        for cause in found
        if max(cause.share, cause.over_all_s / total) >= _NOTHING
    ]
    rows.append(("together", show_time(figures.rollout_time_s), "100.0 %", show_time(total / pods)))
    return Table(_columns(("waited for", "last pod", "share", "mean of all pods"), left=(0,)), tuple(rows))


def _case_table(result: Result, cases: Sequence[str], figures: Mapping[str, CaseSummary]) -> Table:
    rows = []
    for name in cases:
        found = [cause for cause in causes(result[name].records, figures[name]) if cause.share >= _NOTHING]
        parts = [f"{_noun(one.cause, figures[name])} {show_time(one.seconds)}" for one in found[:_MOST_CAUSES]]
        rows.append((name, show_time(figures[name].rollout_time_s), ", ".join(parts)))
    return Table(
        _columns(("other case", "rollout time", "what its last pod waited for longest"), left=(0, 2)), tuple(rows)
    )


def _change_table(changes: Sequence[WhatIf]) -> Table:
    rows = tuple(
        (one.change, show_time(one.before), show_time(one.after), _gain(one), " ".join(_options(one)))
        for one in changes
    )
    return Table(_columns(("change", "before", "after", "gain", "with"), left=(0, 4)), rows)


def _options(change: WhatIf) -> Iterator[str]:
    for override in change.overrides:
        yield f"--set {shlex.quote(override)}"


def _gain(change: WhatIf) -> str:
    return "does not finish" if change.gain is None else _difference(change.gain)


def _difference(seconds: float) -> str:
    return f"-{show_time(-seconds)}" if seconds < 0.0 else show_time(seconds)


def _noun(cause: str, figures: CaseSummary) -> str:
    return name_of(bottlenecks(figures, {cause: 1.0})[0])


def _or_none(value: float, text: str) -> str:
    return text if value > 0.0 else UNKNOWN


def _columns(headings: Sequence[str], left: Sequence[int]) -> tuple[Column, ...]:
    return tuple(Column(heading, "left" if i in left else "right") for i, heading in enumerate(headings))
