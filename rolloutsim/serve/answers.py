"""What the page is told of a scenario, as JSON: every figure and sentence is that of `run` and of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import ScenarioError
from rolloutsim.imports.editing import edited
from rolloutsim.imports.writing import Said
from rolloutsim.planning.what_if import quick_what_if
from rolloutsim.report.headline import verdict
from rolloutsim.results.load.throughput import link_loads
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.names import link_words, metric_words, target_words
from rolloutsim.results.shown.tables import case_rows, footnotes, state_of
from rolloutsim.results.time.phases import readiness
from rolloutsim.results.why.bottlenecks import bottlenecks, name_of
from rolloutsim.results.why.words import explained
from rolloutsim.scenario.explanation import explain as explained_key
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.overrides import parse_change
from rolloutsim.scenario.places import Path
from rolloutsim.simulation import simulate

if TYPE_CHECKING:
    from rolloutsim.serve.work import Tell

NAME = "<scenario>"


def ask(asked: Mapping[str, Any], tell: Tell) -> None:
    """Simulate a scenario."""
    try:
        scenario = draft(asked["yaml"], NAME).scenario().resolve()
    except ScenarioError as error:
        tell("invalid", {"diagnostics": diagnostics(error)})
        return
    tell("fields", {"groups": []})
    outcome = Outcome(simulate(scenario))
    tell("answer", answer(outcome))
    found = quick_what_if(outcome)
    rows = [
        {"label": one.change, "before_s": one.before, "after_s": one.after, "verdict": one.shown_after,
         "changes": dict(each.split("=", 1) for each in one.overrides)}
        for one in found.best
    ]  # fmt: skip
    tell("what_ifs", {"rows": rows, "done": True, "note": ""})


def diagnostics(error: ScenarioError) -> list[dict[str, Any]]:
    """Located errors."""
    return [
        {"line": one.line, "column": one.column, "end_column": (one.column or 1) + one.length,
         "severity": one.severity, "message": one.message, "help": one.help}
        for one in error.diagnostics
    ]  # fmt: skip


def answer(outcome: Outcome) -> dict[str, Any]:
    """All that is shown of a result."""
    run = outcome.run
    table = case_rows(outcome)
    said = verdict(outcome)
    keys = [one.lower().replace(" ", "_") for one in table.headings()]
    cases = []
    for row, cells in zip(table.rows, table.cells(), strict=True):
        cases.append(
            dict(zip(keys, cells, strict=True)) | {"case": row[0].case, "rollout_time_s": row[0].rollout_time_s}
        )
    slowest = outcome.means.slowest.case
    return {
        "headline": said.text,
        "state": said.state,
        "word": said.word,
        "title": run.scenario.title,
        "slowest": slowest,
        "columns": [
            {"key": key, "title": title, "align": column.side}
            for key, title, column in zip(keys, table.headings(), table.columns, strict=True)
        ],
        "cases": cases,
        "thresholds": [
            {"check": f"{one.metric} {one.check}", "what": metric_words(one), "target": target_words(one.check),
             "value": one.shown, "passed": one.passed, "severity": one.severity, "headroom": one.headroom,
             "state": state_of([one]), "case": one.case}
            for one in outcome.thresholds
        ],
        "curve": {"cases": [_curve(case) for case in run.cases]},
        "utilisation": {
            "case": slowest,
            "links": [
                {"link": one.link, "name": link_words(one.link, one.kind), "t": one.edges.tolist(),
                 "share": one.utilisation.tolist()}
                for one in link_loads(run.scenario, outcome.records(slowest))
            ],
        },
        "causes": list(_causes(outcome)),
        "why": [line for line in outcome.why.splitlines() if line.strip()],
        "notes": list(footnotes(outcome)),
        "random": any(case.drawn for case in run.cases),
        "final": True,
    }  # fmt: skip


def _curve(case: Any) -> dict[str, Any]:
    who = readiness(case)
    count = len(who.times)
    return {
        "case": case.name,
        "of": who.of,
        "t": who.times.tolist(),
        "share": [(i + 1) / who.wanted for i in range(count)],
    }


def _causes(outcome: Outcome) -> Iterator[dict[str, Any]]:
    for case in outcome.run.cases:
        figures = outcome.means.cases[case.name]
        split = explained(outcome.run.scenario, case, figures)
        for one in bottlenecks(figures, split.seconds):
            yield {"case": case.name, "cause": name_of(one), "key": one.kind, "share": one.share, "shown": one.shown,
                   "seconds": one.share * split.time}  # fmt: skip


def edit(asked: Mapping[str, Any], tell: Tell) -> None:
    """A scenario's text with other values."""
    changes: dict[Path, Any] = {}
    for key, value in asked["changes"].items():
        change = parse_change(key, "null" if value is None else str(value), "--set", may_remove=True)
        changes[change.path] = Said(change.value)
    try:
        tell("result", {"yaml": edited(asked["yaml"], changes)})
    except ScenarioError as error:
        tell("result", {"diagnostics": diagnostics(error)})


def explain(asked: Mapping[str, Any], tell: Tell) -> None:
    """What a key means."""
    found = explained_key(asked["key"])
    tell("result", {"text": str(found), "source": found.source, "default": found.default, "unit": found.unit})


def complete(asked: Mapping[str, Any], tell: Tell) -> None:
    """What may stand at a place."""
    tell("result", {"from": asked["column"], "options": []})


def report(asked: Mapping[str, Any], tell: Tell) -> None:
    """The report of a scenario."""
    from rolloutsim.api.result import simulated

    tell("report", {"html": simulated(draft(asked["yaml"], NAME).scenario().resolve(), beside=True).to_html()})


JOBS: Mapping[str, Callable[[Mapping[str, Any], Tell], None]] = {
    "ask": ask, "edit": edit, "explain": explain, "complete": complete, "report": report,
}  # fmt: skip
