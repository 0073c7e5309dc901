"""What a manager repeats: passed or missed, who is last and why, what to buy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.report.blocks import Facts, Verdict
from rolloutsim.results.metrics import last_pod
from rolloutsim.results.numerals import listed, plus_minus, show_count, show_time
from rolloutsim.results.shown.names import metric_words, target_words
from rolloutsim.results.shown.tables import state_of
from rolloutsim.results.thresholds import decisive, is_rollout_time
from rolloutsim.results.why.bottlenecks import bottlenecks, nouns_of
from rolloutsim.results.why.critical import last_path
from rolloutsim.results.why.turns import succession
from rolloutsim.scenario.strategies import ALL

if TYPE_CHECKING:
    from rolloutsim.planning.tried import WhatIf, WhatIfs
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.thresholds import ThresholdResult

_LAST = "Who is last, and why"
TRIED = "Changes tried"
_SAME = 1e-3  # of a time: what nobody tells apart (assumed)
_MOST_CAUSES = 3  # of the last pod's time that a sentence holds
_WORTH_SAYING = 0.05  # a cause with a smaller share of it is left out (assumed)
WORDS = {"pass": "Passed", "miss": "Missed", "warn": "Passed with a warning", "": "No target"}


def verdict(outcome: Outcome) -> Verdict:
    """Whether the targets are met, and the rollout time that this is about."""
    case, results = outcome.means.slowest, outcome.thresholds
    state = state_of(results)
    if not outcome.finished:
        stuck = next(one for one in (*outcome.means.cases.values(), case) if not one.finished or one is case)
        reasons = f": {'; '.join(stuck.stuck)}" if stuck.stuck else ""
        return Verdict("miss", "Not finished", f"{_subject(outcome, stuck)} does not finish{reasons}.")
    takes = f"{_subject(outcome, case)} takes {time_of(outcome, case)}"
    if not results:
        return Verdict("", WORDS[""], f"{takes}. The scenario sets no target.")
    deciding = decisive(results, case.case)
    target = f"the target is {target_words(deciding.check)}"
    room = f" ({deciding.headroom})" if deciding.headroom else ""
    if is_rollout_time(deciding, case.case) and (not outcome.replications or _is_of_all(deciding)):
        differs = bool(outcome.replications) and "max" in deciding.check and not takes.endswith(deciding.shown)
        most = f" on average, {deciding.shown} at most" if differs else ""
        text = f"{takes}{most}; {target}{room}."
    else:
        text = f"{takes}. The {metric_words(deciding)} is {deciding.shown}; {target}{room}."
    if len(results) > 1:
        held = sum(one.passed for one in results)
        every = "Both" if len(results) == 2 else f"All {len(results)}"
        text += f" {every if held == len(results) else f'{held} of {len(results)}'} targets are met."
    if state == "pass" and not _is_held_by_all(results):
        return Verdict("warn", _BY_CHANCE, text)
    return Verdict(state, WORDS[state], text)


_BY_CHANCE = "Passed on one draw"


def _is_held_by_all(results: Sequence[ThresholdResult]) -> bool:
    """Whether all targets hold, in each of the draws where there are several."""
    return all(one.passed and (one.draws is None or one.draws[0] == one.draws[1]) for one in results)


def advice(outcome: Outcome, changes: WhatIfs) -> str:
    """What would help, in a line: `What to buy: …`; empty where nothing was simulated."""
    found = [one for one in _facts(outcome, changes) if one[0] != _LAST and one[1] != _NOT_TRIED]
    return " ".join(f"{label}: {text}" for label, text in found)


def facts(outcome: Outcome, changes: WhatIfs) -> Facts:
    """Who is last and why, and what would help."""
    return Facts(tuple(_facts(outcome, changes)))


def _facts(outcome: Outcome, changes: WhatIfs) -> Iterator[tuple[str, str]]:
    if last := _last(outcome):
        yield _LAST, last
    held = state_of(outcome.thresholds) == "pass"
    needs_nothing = held and _is_held_by_all(outcome.thresholds)
    buy = next((one for one in changes.faster if one.buys), None)
    other = next((one for one in changes.faster if not one.buys), None)
    is_first = other is not None and other.leads and (buy is None or other.misses <= buy.misses)
    if other is not None and is_first:
        yield "What to change", _effect(outcome, other, held)
    if buy is not None:
        yield (
            "What to buy",
            f"{'Nothing for the targets. Faster with: ' if needs_nothing else ''}{_effect(outcome, buy, held)}",
        )
    elif any(one.buys for one in changes.tried) and not changes.limit:
        yield "What to buy", f"Nothing: no faster hardware that was simulated {_does(changes)}."
    elif changes.case:
        yield "What to buy", _not_known(changes)
    if other is not None and not is_first and (buy is None or other.leads or other.is_better_than(buy)):
        yield "What to change", _effect(outcome, other, held)
    if changes.is_thorough and changes.left_out:
        yield TRIED, f"{changes.extent}, as many as fit into the budget: {_LARGER}"


MORE_CHANGES = "rolloutsim report RESULT --what-if -o report.html tries more changes."
_LARGER = "rolloutsim report RESULT --what-if --budget TIME with more time tries more of them."
_NOT_TRIED = f"Not simulated with this report: {MORE_CHANGES}"


def _not_known(changes: WhatIfs) -> str:
    """Why nobody knows what to buy."""
    if not changes.is_thorough and not any(one.buys for one in changes.tried):
        return _NOT_TRIED
    most = (
        f"of all hardware most waiting is for the {changes.limit}, and nothing faster"
        if changes.limit
        else "no faster hardware"
    )
    said = f"Not known: {most} is among what was tried, {changes.extent}"
    return f"{said}." if changes.is_thorough else f"{said}. {MORE_CHANGES}"


def _does(changes: WhatIfs) -> str:
    """What hardware would have to do to be worth its price."""
    target = changes.target
    others = (
        " without making another target be missed" if any(one.buys and one.is_broken for one in changes.tried) else ""
    )
    if target is None or target.is_rollout_time:
        return f"makes it faster{others}"
    return f"brings the {metric_words(target.before)} nearer to its target{others}"


def _effect(outcome: Outcome, change: WhatIf, held: bool) -> str:
    """A change and what it does, as simulated; `held`: the targets are met without it."""
    before, after = change.shown
    target = change.target
    what = "" if target is None or target.is_rollout_time else f"{metric_words(target.before)} "
    first = f" in the first of {len(outcome)} replications" if outcome.replications else ""
    ends = "" if held or not outcome.thresholds else f", {_meets(change, bool(first))}"
    return f"{change.change}: {what}{before} → {after} (simulated{first}){ends}."


def _meets(change: WhatIf, is_first: bool) -> str:
    """What a change does for the targets; `is_first`: in the first of several replications."""
    target = change.target
    if target is None:
        return "of the whole rollout; what it does for the targets is not known"
    which = "the target" if target.is_rollout_time else f"the target ({target_words(target.before.check)})"
    verb = "which" if not is_first else "where it"
    if not target.is_met:
        return f"{verb} {'' if target.before.passed else 'still '}misses {which}"
    missed = [metric_words(one.before) for one in change.effects if not one.is_met]
    return f"{verb} meets {which}" + (f", but not that for the {listed(missed)}" if missed else "")


def _subject(outcome: Outcome, case: CaseSummary) -> str:
    if len(outcome.cases) > 1:
        return f"{case.case}, the slowest of {len(outcome.cases)} cases,"
    return "The rollout" if case.case == ALL else f"The rollout of {case.case}"


def time_of(outcome: Outcome, case: CaseSummary) -> str:
    """The rollout time with its interval; of one draw of what is random, that it is one, and the mean of several.

    Behind it, where swarms are modelled, in what range it may be by the model's error.
    """
    of_model, told = case.model_range, _told(outcome, case)
    if of_model is None:
        return told
    return f"{told} (by the model's error {show_time(of_model.least)} to {show_time(of_model.most)})"


def _told(outcome: Outcome, case: CaseSummary) -> str:
    if not outcome.replications and case.rollout_time_s is not None and outcome.records(case.case).drawn:
        beside = outcome.beside
        mean = "" if beside is None else f", {_told(beside, beside.means.cases[case.case])} on average of {len(beside)}"
        return f"{show_time(case.rollout_time_s)} in one draw{mean}"
    interval = outcome.intervals.get(case.case)
    if case.rollout_time_s is None or interval is None or interval.half == 0.0:
        return show_time(case.rollout_time_s)
    return plus_minus(show_time, case.rollout_time_s, interval.half)


def _is_of_all(one: ThresholdResult) -> bool:
    """Whether it is about the mean or the largest of several rollout times."""
    return not one.check.startswith(("p", "min"))


def _last(outcome: Outcome) -> str:
    """Who is ready last, and what that pod's time goes to; with several replications, in the first."""
    figures = outcome.first.slowest
    records = outcome.records(figures.case)
    pod = last_pod(records)
    if pod is None or not figures.rollout_time_s:
        return ""
    time = figures.rollout_time_s
    causes = bottlenecks(figures, dict(last_path(records)))
    shown = [one for one in causes[:_MOST_CAUSES] if one.share >= _WORTH_SAYING]
    nouns = nouns_of(shown)
    parts = [f"{one.shown} to {noun}" for one, noun in zip(shown, nouns, strict=True)]
    follow = succession(outcome.run.scenario, records, figures)
    if follow is not None and follow.is_main:
        why = f" {follow.sentence()}."
    else:
        why = f" Of its {show_time(time)}, {listed(parts).replace(' to', ' goes to', 1)}." if parts else ""
    first = f" in the first of {len(outcome)} replications" if outcome.replications else ""
    return f"{_who(outcome, records, pod)}{first}.{why}"


def _who(outcome: Outcome, records: CaseRecords, pod: int) -> str:
    """The last node, with those beside it that nobody can tell from it."""
    ready = np.full(len(records.node_names), -np.inf)
    stays = np.isnan(records.pods.deleted)
    np.maximum.at(ready, records.pods.node[stays], records.pods.ready[stays])
    name = records.node_names[int(records.pods.node[pod])]
    latest = np.flatnonzero(ready >= ready.max() * (1.0 - _SAME))
    rollout = outcome.first.cases[records.name].rollout
    has_workloads = rollout is not None and bool(rollout.workloads)
    workload = int(records.pods.workload[pod]) if has_workloads else -1
    if workload >= 0:
        return f"The pod of {records.orchestration.workloads[workload].name} on {name}"
    if len(latest) == 1:
        return name
    groups = set(records.node_group[latest].tolist())
    several = len(groups) == 1 < len(outcome.run.scenario.groups)
    of = f" of {outcome.run.scenario.groups[groups.pop()].name}" if several else ""
    if len(latest) == np.count_nonzero(np.isfinite(ready)):
        return f"{name}, though all {show_count(len(latest))} nodes are ready at about the same time"
    return f"{name}, one of {show_count(len(latest))} nodes{of} that are last at about the same time"
