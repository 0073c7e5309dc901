"""What `rolloutsim explain RESULT` shows: why, cause by cause; what would help, with its `--set`; sensitivities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.cli.page import Page
from rolloutsim.planning.sensitivity import sensitivity_table
from rolloutsim.planning.tried import NOTHING_TRIED, judged_by, what_if_table
from rolloutsim.results.numerals import UNKNOWN, show_time, visible
from rolloutsim.results.shown.tabular import TEXT, TIME, Column, Kind, Table
from rolloutsim.results.why.bottlenecks import bottlenecks, name_of
from rolloutsim.results.why.critical import Cause, causes
from rolloutsim.results.why.words import why

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary

_MOST_CASES = 12  # others that a line each is shown of (assumed: half a screen)
_MOST_CAUSES = 3  # that such a line names
_HOW = "alone, and together where that does more"
_NOTHING = 5e-4  # a smaller share is not worth a row (assumed: it shows as 0.0 %)


def show_reasons(result: Result, case: str, changes: WhatIfs) -> None:
    """Print why a case took as long as it did, and what would make it faster.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    case : str
        The case.
    changes : WhatIfs
        What was tried.
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
        page.text("What if", f"{changes.extent}, {_HOW}, simulated with the same seed.{_judged(changes)}")
        page.table(what_if_table(changes.seen))
        if changes.without_effect:
            page.blank()
        for words, subjects in changes.without_effect:
            page.text(f"{words}:", f"{', '.join(subjects)}.")
    if changes.left_out:
        page.text("Not tried:", f"{', '.join(changes.left_out)}; a larger --budget has room for more.")
    page.show()


def show_sensitivity(result: Result, case: str, found: Sensitivity) -> None:
    """Print how a case's rollout time changes with each input.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    case : str
        The case.
    found : Sensitivity
        Its inputs.
    """
    page = Page()
    page.title(_title(result, case))
    if found.rows:
        base = show_time(found.rows[0].base)
        page.text(
            " Inputs",
            f"the rollout time is {base}; with each input alone 10% less and more, counts below ten by 1, shares of "
            f"pods by whole percentages, simulated with the same seed; {UNKNOWN}: less or more is not allowed.",
        )
        page.table(sensitivity_table(found))
    elif not found.case:
        page.text(" Inputs", f"{NOTHING_TRIED}.")
    if found.left_out:
        page.blank()
        page.text("Not tried:", f"{', '.join(found.left_out)}; a larger --budget has room for more.")
    page.show()


def _judged(changes: WhatIfs) -> str:
    """What before and after are, where it is not the rollout time."""
    judged = judged_by(changes.target)
    return f" Before and after: {judged}." if judged else ""


def _title(result: Result, case: str) -> str:
    several = len(result) > 1
    which = f" · {case}" + (", the slowest case" if case == result.summary.slowest.case else "") if several else ""
    often = "" if result.replications is None else f" · the first of {len(result.replications)} replications"
    return f"{visible(result.scenario.title + which)} · {result.scenario.model} model · seed {result.run.seed}{often}"


def _cause_table(records: CaseRecords, figures: CaseSummary) -> Table:
    """A row a cause; what only other pods met has no time on the last one's path."""
    found = _of_families(causes(records, figures), figures)
    pods = max(int(np.count_nonzero(~np.isnan(records.pods.ready))), 1)
    total = sum(cause.over_all_s for cause in found) or 1.0
    met = [cause for cause in found if max(cause.share, cause.over_all_s / total) >= _NOTHING]
    per_cent = Kind(lambda share: f"{share:.1%}".replace("%", " %"))
    columns = (
        Column("waited for", TEXT, lambda one: one.cause),
        Column("last pod", TIME, lambda one: one.seconds or None),
        Column(f"of its {show_time(figures.rollout_time_s)}", per_cent, lambda one: one.share or None),
        Column("mean of all pods", TIME, lambda one: one.over_all_s / pods or None),
    )
    named = [replace(cause, cause=_noun(cause.cause, figures)) for cause in met]
    return Table(columns, [*named, Cause("together", figures.rollout_time_s or 0.0, 1.0, total)])


def _of_families(found: Sequence[Cause], figures: CaseSummary) -> list[Cause]:
    """Causes, of which the links of caches or mirrors that are called by one name are one, where they are several."""
    families = {row.link: row.family for row in figures.links if row.family}
    together: dict[str, list[Cause]] = {}
    for cause in found:
        together.setdefault(families.get(cause.cause, cause.cause), []).append(cause)
    return [
        replace(
            several[0],
            seconds=sum(one.seconds for one in several),
            share=sum(one.share for one in several),
            over_all_s=sum(one.over_all_s for one in several),
        )
        for several in together.values()
    ]


def _case_table(result: Result, cases: Sequence[str], figures: Mapping[str, CaseSummary]) -> Table:
    def longest(case: str) -> str:
        found = [cause for cause in causes(result[case].records, figures[case]) if cause.share >= _NOTHING]
        return ", ".join(f"{_noun(one.cause, figures[case])} {show_time(one.seconds)}" for one in found[:_MOST_CAUSES])

    columns = (
        Column("other case", TEXT, str),
        Column("rollout time", TIME, lambda case: figures[case].rollout_time_s),
        Column("what its last pod waited for longest", TEXT, longest),
    )
    return Table(columns, cases)


def _noun(cause: str, figures: CaseSummary) -> str:
    families = {row.link: row.family for row in figures.links if row.family}
    alike = [link for link, family in families.items() if family == families.get(cause)] or [cause]
    return name_of(bottlenecks(figures, dict.fromkeys(alike, 1.0))[0])
