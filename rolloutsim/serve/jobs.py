"""What the page can have done, each by a process of its own; what comes of it is told piece by piece."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from rolloutsim import api, planning, scenario, serve, simulation
from rolloutsim.errors import ScenarioError, UnreadableError, UsageError
from rolloutsim.imports.besides import side_by_side
from rolloutsim.imports.setting import with_values
from rolloutsim.report.page import to_html
from rolloutsim.results.numerals import show_time
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import completion, controls
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.manifest_files import Files
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.structure import schema_path
from rolloutsim.serve.limits import BEAT, WHAT_IFS
from rolloutsim.serve.work import ANSWERED

if TYPE_CHECKING:
    from rolloutsim.scenario.controls import Group
    from rolloutsim.scenario.loading import Draft
    from rolloutsim.scenario.resolved import ResolvedScenario

    Tell = Callable[[str, Mapping[str, Any]], None]

RESULT = "result"
_NAME = "<scenario>"  # of a text that is in no file


def ask(asked: Mapping[str, Any], tell: Tell) -> None:
    """Say what is wrong with a scenario; or what can be changed in it, what comes of it, and what would help."""
    try:
        read = _draft(asked)
        resolved = read.scenario().resolve()
    except ScenarioError as error:
        tell("invalid", {"diagnostics": serve.answers.diagnostics(error)})
        return
    groups = controls.controls(resolved, read.data)
    tell("fields", {"groups": [_group(one) for one in groups], "variants": list(read.variants)})
    outcome = _simulated(resolved, tell)
    tell("answer", serve.answers.answer(outcome, True, _about_variants(read)))
    tell(ANSWERED, {})
    _help(outcome, tell)


def _about_variants(read: Draft) -> tuple[str, ...]:
    if not read.variants:
        return ()
    return (
        f"The file has variants ({', '.join(read.variants)}); this is the file itself. rolloutsim run compares them.",
    )


def _group(group: Group) -> dict[str, Any]:
    return {"title": group.title, "folded": group.folded, "controls": [one.to_row() for one in group.controls]}


def _simulated(resolved: ResolvedScenario, tell: Tell) -> Outcome:
    """What came out of it, as `run` has it; the first of several draws is told before there are others."""

    def progress(case: str, time: float, share: float) -> None:
        tell("progress", {"case": case, "simulated_s": time, "share": share})

    times = simulation.AloneTimes(resolved)
    run = simulation.simulate(resolved, progress=progress, alone=times)
    first = Outcome(run)
    if resolved.replications > 1:
        tell("answer", serve.answers.answer(first, final=False))
        return planning.replicate.replicate(resolved, progress=progress)
    if planning.replicate.has_draws(resolved, run):
        tell("answer", serve.answers.answer(first, final=False))
        return Outcome(run, draws=planning.replicate.draws(resolved, run, times, progress=progress))
    return first


def _help(outcome: Outcome, tell: Tell) -> None:
    """Try what would help, as far as its budget goes."""
    told, shown = monotonic(), 0

    def found(changes: planning.tried.WhatIfs) -> None:
        nonlocal told, shown
        if len(changes.best) != shown and monotonic() - told >= BEAT:
            told, shown = monotonic(), len(changes.best)
            tell("what_ifs", serve.answers.what_ifs(outcome, changes, done=False))

    plan = planning.what_if.Plan.of(outcome, budget=WHAT_IFS)
    changes = plan.carry_out(jobs=1, found=found)
    note = "" if outcome.finished else f"{planning.tried.NOTHING_TRIED}."
    if changes.left_out:
        note = (
            f"{changes.extent} tried: that is what fits into {show_time(WHAT_IFS)} of computing. "
            "rolloutsim explain FILE --budget TIME tries more."
        )
    tell("what_ifs", serve.answers.what_ifs(outcome, changes, True, note))


def edit(asked: Mapping[str, Any], tell: Tell) -> None:
    """A scenario's text with other values, of which all else stays as it is; or why it would be none."""
    try:
        text = with_values(asked["yaml"], asked["changes"])
        _draft({**asked, "yaml": text}).scenario()
        tell(RESULT, {"yaml": text})
    except ScenarioError as error:
        tell(RESULT, {"diagnostics": serve.answers.diagnostics(error)})


def variants(asked: Mapping[str, Any], tell: Tell) -> None:
    """A scenario of which several are the variants, each of which may be of another file; or why one cannot be."""

    def read(text: str, file: str | None) -> Draft:
        return _draft({**asked, "yaml": text, "file": file})

    every = {name: read(text, file) for name, text, file in asked["variants"]}
    try:
        made = side_by_side(every, asked["variants"][0][1], lambda text: read(text, asked["file"]))
        tell("variants", {"yaml": made})
    except (ScenarioError, UnreadableError) as error:
        raise UsageError(str(error)) from None


def explain(asked: Mapping[str, Any], tell: Tell) -> None:
    """What a key means, by its path in a scenario or as `explain` takes it."""
    try:
        found = scenario.explain(asked["key"])
    except UsageError:
        path = schema_path(parse_path(asked["key"]))
        if path is None:
            raise
        found = scenario.explain(".".join(path))
    rows = ("key", "type", "unit", "default", "source", "example")
    told = {row: getattr(found, row) for row in rows} | {"allowed": list(found.allowed)}
    tell(RESULT, {"text": found.description, **told})


def complete(asked: Mapping[str, Any], tell: Tell) -> None:
    """What may stand at a place of a scenario's text."""
    found = completion.complete(asked["yaml"], asked["line"], asked["column"])
    tell(RESULT, {"from": found.start, "options": [one.to_row() for one in found.options]})


def report(asked: Mapping[str, Any], tell: Tell) -> None:
    """The report of a scenario, or of its variants side by side."""
    read = _draft(asked)
    if read.variants:
        html = to_html(api.comparison.of_variants(read.side_by_side()).report())
    else:
        html = api.result.simulated(read.scenario().resolve(), beside=True).to_html()
    tell("report", {"html": html})


def _draft(asked: Mapping[str, Any]) -> Draft:
    """The scenario that a question is about; files that it names are those of the folder that is served."""
    folder = asked.get("folder") or os.getcwd()
    try:
        os.chdir(folder)  # where files are looked for that a text names which is in no file
    except OSError as error:
        raise UsageError(f"'{folder}', which is served, is no folder any more; start rolloutsim serve anew") from error
    return replace(draft(asked["yaml"], asked.get("file") or _NAME), files=Files(within=folder))


JOBS: Mapping[str, Callable[[Mapping[str, Any], Tell], None]] = {
    "ask": ask, "edit": edit, "variants": variants, "explain": explain, "complete": complete, "report": report,
}  # fmt: skip
