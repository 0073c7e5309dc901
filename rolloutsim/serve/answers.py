"""What the page is told of a result, as JSON: every figure and sentence is that of `run`, the report or its figures."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.planning.tried import judged_by
from rolloutsim.report.headline import facts, verdict
from rolloutsim.report.plots.lanes import lanes_of, when_full
from rolloutsim.report.plots.lines import corners, staircase, unit_of
from rolloutsim.report.plots.looks import key_of, looks
from rolloutsim.results.load.throughput import link_loads
from rolloutsim.results.metrics import rollout_time
from rolloutsim.results.numerals import show_time, whole_share
from rolloutsim.results.shown.findings import findings
from rolloutsim.results.shown.supply import TITLE as SUPPLY
from rolloutsim.results.shown.supply import supply_rows
from rolloutsim.results.shown.tables import (
    application_rows,
    case_rows,
    disk_rows,
    footnotes,
    state_of,
    threshold_rows,
    verdict_rows,
)
from rolloutsim.results.time.phases import readiness
from rolloutsim.results.why.bottlenecks import bottlenecks, name_of
from rolloutsim.results.why.words import explained
from rolloutsim.scenario.overrides import split_assignment

if TYPE_CHECKING:
    from rolloutsim.errors import ScenarioError
    from rolloutsim.planning.tried import WhatIf, WhatIfs
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.shown.tabular import Table

_MOST_POINTS = 1000  # of all curves together (assumed: a point for each pixel of a page)
_LEAST_POINTS = 100  # of one of many
_MOST_CURVES = 28  # as in the figure of the same name
_IN_LANE = 5e-3  # of a link's capacity: a smaller change is not seen (assumed)
_DIGITS = 5  # of a moment, of the largest, and of a share (assumed: more than pixels)


def diagnostics(error: ScenarioError) -> list[dict[str, Any]]:
    """The errors of a scenario, each with its place in the text where it has one."""
    return [
        {
            "line": one.line,
            "column": one.column,
            "end_column": None if one.column is None else one.column + one.length,
            "severity": one.severity,
            "message": one.message,
            "help": one.help,
        }
        for one in error.diagnostics
    ]


def answer(outcome: Outcome, final: bool) -> dict[str, Any]:
    """All that is shown of a result.

    Parameters
    ----------
    outcome : Outcome
        What came out of the scenario.
    final : bool
        Whether no more draws of it follow.
    """
    run, said = outcome.run, verdict(outcome)
    slowest = outcome.means.slowest.case
    return {
        "headline": said.text,
        "state": said.state,
        "word": said.word,
        "title": run.scenario.title,
        "model": run.scenario.model,
        "seed": run.seed,
        "replications": len(outcome),
        "slowest": slowest,
        **_cases(case_rows(outcome)),
        "thresholds": list(_thresholds(outcome)),
        "curve": _curves(outcome),
        "utilisation": _utilisation(outcome, slowest),
        "causes": list(_causes(outcome)),
        "why": [line for line in outcome.why.splitlines() if line.strip()],
        "findings": [{"topic": one.topic, "text": one.text} for one in findings(outcome.means)],
        "tables": list(_tables(outcome)),
        "notes": list(footnotes(outcome)),
        "random": any(case.drawn for case in run.cases),
        "final": final,
    }


def what_ifs(outcome: Outcome, changes: WhatIfs, done: bool, note: str = "") -> dict[str, Any]:
    """What would help, as far as it was tried.

    Parameters
    ----------
    outcome : Outcome
        What it would help.
    changes : WhatIfs
        What was tried.
    done : bool
        Whether nothing else is.
    note : str
        What is to be known of that.
    """
    return {
        "case": changes.case,
        "judged": judged_by(changes.target),
        "rows": [_change(one) for one in changes.best],
        "slower": changes.made_slower,
        "without_effect": [{"words": words, "subjects": list(subjects)} for words, subjects in changes.without_effect],
        "facts": [{"topic": what, "text": text} for what, text in facts(outcome, changes).entries] if done else [],
        "done": done,
        "note": note,
    }


def _change(one: WhatIf) -> dict[str, Any]:
    before, after = one.shown
    is_met = "" if one.target is None else "met" if one.target.is_met and not one.is_broken else "missed"
    return {
        "label": one.change,
        "before_s": one.before,
        "after_s": one.after,
        "before": before,
        "after": after,
        "verdict": is_met,
        "told": one.shown_after,
        "changes": dict(_assignment(override) for override in one.overrides),
    }


def _assignment(override: str) -> tuple[str, str]:
    return split_assignment(override, "--set", "")


def _cases(table: Table) -> dict[str, Any]:
    """The cases, or workloads, as rows of texts, and their columns."""
    titles = table.headings()
    keys = [title.lower().replace(" ", "_") for title in titles]
    columns = [
        {"key": key, "title": title, "align": column.side}
        for key, title, column in zip(keys, titles, table.columns, strict=True)
    ]
    rows = []
    for (case, one), cells in zip(table.rows, table.cells(), strict=True):
        seconds = next(
            (column.of((case, one)) for column, key in zip(table.columns, keys, strict=True) if key == "rollout_time"),
            None,
        )
        rows.append({**dict(zip(keys, cells, strict=True)), "case": case.case, "rollout_time_s": _finite(seconds)})
    return {"columns": columns, "cases": rows}


def _thresholds(outcome: Outcome) -> Iterator[dict[str, Any]]:
    results = outcome.thresholds
    if not results:
        return
    shown = zip(threshold_rows(results).cells(), verdict_rows(results).cells(), strict=True)
    for one, ((_, metric, check, value, headroom), (_, what, target, _, _)) in zip(results, shown, strict=True):
        yield {
            "check": f"{metric} {check}",
            "what": what,
            "target": target,
            "value": value,
            "passed": one.passed,
            "severity": one.severity,
            "headroom": headroom,
            "room": _finite(one.room),
            "state": state_of([one]),
            "case": one.case,
        }


def _curves(outcome: Outcome) -> dict[str, Any]:
    """Who is ready when: the lines of the figure `rollout`, of the first replication."""
    cases = outcome.run.cases
    if len(cases) > _MOST_CURVES:
        slowest = sorted(cases, key=lambda one: -(rollout_time(one) or np.inf))[:_MOST_CURVES]
        cases = tuple(one for one in cases if one in slowest)
    end = max((one.end for one in cases), default=0.0)
    most = max(_LEAST_POINTS, _MOST_POINTS // max(len(cases), 1))
    every = [(case, readiness(case)) for case in cases]
    return {
        "of": every[0][1].of if len({who.of for _, who in every}) == 1 else "nodes",
        **_axis(end),
        "cases": [
            {"case": case.name, "of": who.of, **_line(*_begun(*staircase(who.times, who.wanted, end, most)), end)}
            for case, who in every
        ],
    }


def _begun(t: np.ndarray[Any, Any], share: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A line of steps that begins at the rollout's start."""
    return np.append(0.0, t[1:]), share


def _utilisation(outcome: Outcome, name: str) -> dict[str, Any]:
    """How busy the links of a case were: the lanes of the figure `utilisation`."""
    case = outcome.records(name)
    lanes = lanes_of(link_loads(outcome.run.scenario, case), case.end)
    links = []
    for lane in lanes:
        moments, shares = corners(lane.edges, lane.utilisation, least=_IN_LANE)
        # Of each step its beginning; the last one's end is the line's.
        t, share = np.append(moments[::2], moments[-1:]), np.append(shares[::2], shares[-1:])
        links.append(
            {
                "link": lane.link,
                "name": lane.name,
                "mean": whole_share(lane.mean),
                "full": when_full(lane.spans),
                **_line(t, share, case.end),
            }
        )
    return {"case": name, **_axis(case.end), "links": links}


def _axis(end: float) -> dict[str, Any]:
    """Until when there is something to show [s], and the unit of its times: its length [s], and its name."""
    seconds, unit = unit_of(end)
    return {"end": end, "seconds": seconds, "time": unit}


def _line(t: np.ndarray[Any, Any], share: np.ndarray[Any, Any], end: float) -> dict[str, Any]:
    """Moments [s] and shares [1], with as many digits as can be seen."""
    decimals = _DIGITS - int(np.ceil(log10(end))) if end > 0.0 else _DIGITS
    return {"t": np.round(t, decimals).tolist(), "share": np.round(share, _DIGITS).tolist()}


def _causes(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """What each case waited for: the bars of the figure `time_split`."""
    figures = outcome.means.cases
    found = [(case, explained(outcome.run.scenario, case, figures[case.name])) for case in outcome.run.cases]
    split = [bottlenecks(figures[case.name], one.seconds) for case, one in found]
    look_of = looks(split)
    for (case, one), causes in zip(found, split, strict=True):
        for cause in causes:
            colour, hatch, title = look_of[key_of(cause)]
            seconds = cause.share * one.time
            yield {
                "case": case.name,
                "cause": name_of(cause),
                "key": key_of(cause),
                "title": title,
                "of": one.of,
                "share": cause.share,
                "shown": cause.shown,
                "seconds": seconds,
                "time": show_time(seconds),
                "colour": colour,
                "hatch": hatch,
            }


def _tables(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """What else `run` shows as tables."""
    found = (
        (SUPPLY, supply_rows(outcome.means)),
        ("Disk and cost", disk_rows(outcome.means)),
        ("Applications on the same links", application_rows(outcome.run)),
    )
    for title, table in found:
        if table is not None:
            yield {
                "title": title,
                "columns": [
                    {"title": heading, "align": column.side}
                    for heading, column in zip(table.headings(), table.columns, strict=True)
                ],
                "rows": [list(cells) for cells in table.cells()],
            }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
