"""What stands in the report of a result: the answer first, then where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import STEERING
from rolloutsim.planning.sensitivity import sensitivity_table
from rolloutsim.planning.tried import judged_by, what_if_table
from rolloutsim.report.blocks import Block, Code, Facts, Numbers, Picture, Report, Rows, Section, Text
from rolloutsim.report.headline import facts, time_of, verdict
from rolloutsim.report.inputs import assumed_table, defaults_table, given_table
from rolloutsim.report.plots import entry, figure
from rolloutsim.report.wording import sentence, setting_words
from rolloutsim.results.caveats import about_assumptions, about_calibration
from rolloutsim.results.load.background import about_latencies
from rolloutsim.results.numerals import UNKNOWN, counted, show_count, show_difference, show_share, show_size
from rolloutsim.results.shown.findings import (
    COPIED,
    DISK,
    FAILED,
    FAULTS,
    LAZY,
    PREPULL,
    PUSH,
    READY,
    REQUESTS,
    SOURCES,
    VOLUMES,
    findings,
)
from rolloutsim.results.shown.names import given_names, link_words, plain_words
from rolloutsim.results.shown.supply import TITLE as SUPPLY
from rolloutsim.results.shown.supply import supply_rows, uploads_rows
from rolloutsim.results.shown.tables import (
    applications_table,
    case_rows,
    disk_rows,
    footnotes,
    links_table,
    nodes_table,
    split_table,
    state_of,
    verdict_rows,
)
from rolloutsim.results.shown.tabular import SIGNS, TEXT, Column
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.strategies import ALL
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIf, WhatIfs
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.shown.tabular import State, Table
    from rolloutsim.scenario.resolved import ResolvedScenario


@struct
class Measured:
    """How far rollout times of measured pulls are from those that the defaults predict.

    Parameters
    ----------
    cases : int
        Number of pulls.
    mean_error, largest_error : float
        How much too short they are predicted in the mean [%]; the largest error either way [%].
    """

    cases: int
    mean_error: float
    largest_error: float


# tests/data/measured-accuracy.md, "Defaults"
MEASURED = Measured(cases=20, mean_error=2.2, largest_error=10.7)

# What the model leaves out, for those who are to trust it.
LIMITS = (
    "Bytes move as a fluid: links are shared max-min fairly, packets, losses and retransmissions are not simulated. "
    f"Rollout times of {MEASURED.cases} pulls from a real registry were predicted with the defaults: "
    f"{MEASURED.mean_error:.1f} % too short in the mean, {MEASURED.largest_error:.1f} % off at the most.",
    "Real connections share a link unevenly: single nodes may be done clearly sooner or later than shown, unless the "
    "scenario asks for unfair sharing.",
    "A registry answers each request after a fixed time, unless its connections or rates are limited.",
    "Nodes of a group are equal, and nothing but the scenario's own traffic is on the links.",
)

_MOST_OPEN = 40  # rows of the scenario's table; a longer one is opened on demand (assumed: a screen)
_LITTLE = 1e-3  # of the rollout time: an input that changes it by less has no row (assumed)
_MOST_INPUTS, _FEW_INPUTS = 16, 8  # rows of inputs, and of them shown at once (assumed)
_MOST_LINKS = 12  # rows of links that are shown at once (assumed)
_MOST_OVERRIDES = 4  # that the line below a report's title names (assumed)
_ASSUMED = "Assumed, not measured"
_MOST_ASSUMED = 4  # keys that the answer names (assumed: a line or two)
_OPTION = "--set "  # what a note tells to set is about the scenario

_ON_DEMAND = (
    "Which input matters most was not simulated with this report, since each input takes two more simulations: "
    "rolloutsim report RESULT --what-if -o report.html adds it, and rolloutsim explain RESULT --sensitivity shows it."
)


class _Contents:
    """The sections of one result."""

    def __init__(self, outcome: Outcome, changes: WhatIfs, inputs: Sensitivity | None) -> None:
        self.outcome = outcome
        self.run = outcome.run
        self.changes = changes
        self.inputs = inputs
        self.slowest = outcome.means.slowest
        self.records = outcome.records(self.slowest.case)
        # Behind captions of what is shown of the slowest case only.
        self.of_case = f" ({self.slowest.case})" if len(self.run.cases) > 1 else ""
        self.names = given_names(self.run.scenario)

    def sections(self) -> Iterator[Section]:
        """All that have something to say: the answer, what it is compared with, why, and what it was made from."""
        for key, title, blocks in (
            ("answer", "The answer", self._answer()),
            ("cases", "Comparison" if len(self.run.cases) > 1 else "The rollout", self._cases()),
            ("why", "Why", self._why()),
            ("network", "Network", self._network()),
            ("sources", SUPPLY, self._sources()),
            ("nodes", "Nodes", self._nodes()),
            ("applications", "Effect on other applications", self._applications()),
            ("availability", "Availability during the rollout", self._availability()),
            ("disk", "Disk and cost", self._disk()),
            ("limits", "Assumptions and limits of the model", self._limits()),
            ("scenario", "Scenario", self._scenario()),
            ("sensitivity", "Sensitivity to the scenario's keys", self._sensitivity()),
            ("provenance", "Provenance", self._provenance()),
        ):
            found = tuple(blocks)
            if found:
                yield Section(key, title, found)

    def _answer(self) -> Iterator[Block]:
        yield verdict(self.outcome)
        told = facts(self.outcome, self.changes)
        entries = tuple((what, self._sentence(text)) for what, text in told.entries)
        assumed = assumed_table(self.run.scenario)
        yield Facts(entries if assumed is None else (*entries, (_ASSUMED, _in_short(assumed))))
        if self.outcome.thresholds:
            yield Rows("Targets, and what is left until they are missed", verdict_rows(self.outcome.thresholds))
        yield Numbers(tuple(self._numbers()))

    def _numbers(self) -> Iterator[tuple[str, str, str]]:
        case = self.slowest
        yield "rollout time", time_of(self.outcome, case), self._whose(case.case)
        if case.slowdown is not None:
            yield "slowdown", f"{case.slowdown.mean:.3g}×", "against a pull alone"
        yield "on the wire", show_size(case.bytes_on_wire), f"{show_count(case.pulls)} pulls"
        busiest = max(
            (row for row in case.links if row.utilisation is not None),
            key=lambda row: row.utilisation or 0.0,
            default=None,
        )
        if busiest is not None and busiest.utilisation is not None:
            yield "busiest link", show_share(busiest.utilisation), link_words(busiest.link, busiest.kind)

    def _whose(self, case: str) -> str:
        return f"{show_count(self.slowest.nodes)} nodes" if case == ALL else case

    def _plain(self, text: str) -> str:
        return plain_words(text, self.names)

    def _sentence(self, text: str) -> str:
        return sentence(self._plain(text), self.names)

    def _cases(self) -> Iterator[Block]:
        yield Rows(
            "Cases" if len(self.run.cases) > 1 else "In figures",
            self._judged(case_rows(self.outcome)),
        )
        yield self._picture("rollout")
        if len(self.run.cases) > 1:
            yield from self._pictures("size", "ecdf")

    def _why(self) -> Iterator[Block]:
        yield Text("\n".join(self._sentence(line) for line in self.outcome.why.splitlines()))
        yield self._picture("time_split")
        table, caption = split_table(self.outcome)
        yield Rows(caption, table, folded=True, minor=True)
        judged, broken = self._judged_by(), any(one.is_broken for one in self.changes.slower)
        if self.changes.best or self.changes.without_effect:
            yield Rows(f"What would help, simulated{judged}", self._effects(self.changes.best))
            for words, subjects in self.changes.without_effect:
                yield Text(self._plain(f"{words}: {', '.join(subjects)}."), "note")
        if self.changes.slower:
            worse = "worse" if judged_by(self.changes.target) or broken else "slower"
            yield Rows(f"What would make it {worse}, simulated{judged}", self._effects(self.changes.slower))

    def _judged_by(self) -> str:
        """The case that changes were tried on, and what they are judged by where that is not the rollout time."""
        of_case = f" ({self.changes.case})" if len(self.run.cases) > 1 else ""
        judged = judged_by(self.changes.target)
        return f"{of_case}: {judged}" if judged else of_case

    def _judged(self, table: Table) -> Table:
        """A table of the cases with a sign and a colour for each that has targets."""
        if not self.outcome.thresholds or len(table.rows) != len(self.run.cases):
            return table
        cases = dict(zip(map(id, table.rows), self.run.cases, strict=True))

        def state(row: Any) -> State:
            return state_of([one for one in self.outcome.thresholds if one.case == cases[id(row)].name])

        sign = Column("", TEXT, lambda row: SIGNS[state(row)])
        return replace(table, columns=(sign, *table.columns), state=state)

    def _effects(self, tried: Sequence[WhatIf]) -> Table:
        """What changes do, without the options that make them."""
        changes = what_if_table(tried)
        name, *times, _ = changes.columns  # what registries send is among the others
        return replace(changes, columns=(replace(name, shown=lambda one: self._plain(one.change)), *times))

    def _network(self) -> Iterator[Block]:
        yield from self._pictures("utilisation", "racks")
        if not self.records.bare:
            yield from self._pictures("requests")
        table, caption = links_table(self.slowest)
        yield Rows(f"{caption}{self.of_case}", table, folded=len(table.rows) > _MOST_LINKS)
        yield from self._findings(REQUESTS)

    def _sources(self) -> Iterator[Block]:
        table = supply_rows(self.outcome.means)
        if self.slowest.supply is None or table is None:
            return
        if any(self.slowest.supply.bytes_by_source.values()):
            yield self._picture("sources")
        if self.slowest.supply.egress:
            yield self._picture("egress")
        yield Rows("Sources of layers", table)
        if (uploads := uploads_rows(self.records)) is not None:
            nodes, caption = uploads
            yield Rows(f"{caption}{self.of_case}", nodes, folded=True)
        yield from self._findings(SOURCES, COPIED)

    def _nodes(self) -> Iterator[Block]:
        yield from self._pictures("timeline", "fan")
        table, caption = nodes_table(self.records)
        yield Rows(f"{caption}{self.of_case}", table, folded=True)

    def _applications(self) -> Iterator[Block]:
        table = applications_table(self.records)
        if table is not None:
            yield from self._pictures("background")
            yield Rows(f"Other applications before, during and after the rollout{self.of_case}", table)
            for text in about_latencies(self.run):
                yield Text(self._plain(text), "note")

    def _availability(self) -> Iterator[Block]:
        if self.records.orchestration.workloads:
            yield from self._pictures("replicas")
            yield from self._findings(READY, LAZY, VOLUMES, FAILED, FAULTS, PUSH, PREPULL)

    def _disk(self) -> Iterator[Block]:
        table = disk_rows(self.outcome.means)
        if table is not None:
            yield from self._pictures("disk")
            yield Rows("Bytes kept", table)
        yield from self._findings(DISK)

    def _sensitivity(self) -> Iterator[Block]:
        if not self.slowest.finished or not self.run.scenario.document:
            return
        if self.inputs is None:
            yield Text(_ON_DEMAND, "note")
            return
        if self.inputs.rows:
            subtitle = entry("tornado").question
            case = "" if self.inputs.case == ALL else self.inputs.case
            yield Picture("tornado", subtitle, partial(figure("tornado"), self.inputs.rows, case=case))
            yield from self._inputs(self.inputs, case)
        if self.inputs.left_out:
            yield Text(f"Not tried: {', '.join(self.inputs.left_out)}.", "note")

    def _inputs(self, found: Sensitivity, case: str) -> Iterator[Block]:
        """The inputs that matter as a table, on demand where it is long, and how many do not."""
        rows = tuple(row for row in found.rows if row.span > _LITTLE * row.base or row.stuck)[:_MOST_INPUTS]
        if rows:
            table = sensitivity_table(replace(found, rows=rows))
            of = f" of {case}" if case else ""
            caption = f"Rollout time{of} with each input alone 10 % less and more; counts below ten 1 less and more"
            yield Rows(caption, table, folded=len(rows) > _FEW_INPUTS, minor=True)
            if any(row.low is None or row.high is None for row in rows):
                yield Text(f"{UNKNOWN}: such a value is not allowed, or the rollout does not finish with it.", "note")
        others = [row for row in found.rows if row not in rows]
        tried = [row for row in others if row.low is not None or row.high is not None]
        told = []
        if tried:
            most = max(row.span for row in tried)
            less = f"changing it by {show_difference(most)} at most" if most else "changing nothing"
            told.append(f"{counted(len(tried), 'other input')} {less}")
        if len(others) > len(tried):
            told.append(f"{len(others) - len(tried)} of which no such value is allowed")
        if told:
            yield Text(
                f"Without a row: {' and '.join(told)}; rolloutsim explain RESULT --sensitivity shows them.", "note"
            )

    def _limits(self) -> Iterator[Block]:
        scenario = self.run.scenario
        assumed = assumed_table(scenario)
        if assumed is not None:
            yield Rows(_ASSUMED, assumed, folded=len(assumed.rows) > _MOST_OPEN)
        told_already = tuple(about_assumptions(scenario))
        for text in (*footnotes(self.outcome), about_calibration(scenario), *LIMITS):
            if _OPTION not in text and text not in told_already:
                yield Text(self._plain(text), "note")

    def _scenario(self) -> Iterator[Block]:
        scenario = self.run.scenario
        if scenario.description:
            yield Text(scenario.description)
        given = given_table(scenario)
        yield Rows("Given in the scenario, overrides included", given, folded=len(given.rows) > _MOST_OPEN)
        yield Rows("Defaults in force", defaults_table(scenario), folded=True)
        for text in footnotes(self.outcome):
            if _OPTION in text:
                yield Text(text, "note")
        if self.changes.best:
            changes = what_if_table(self.changes.best)
            options = replace(changes, columns=(changes.columns[0], changes.columns[-1]))
            yield Rows("The changes that would help, as options of the commands", options, folded=True, minor=True)

    def _provenance(self) -> Iterator[Block]:
        run = self.run
        versions = ", ".join(f"{name} {version}" for name, version in run.provenance.items())
        yield Text(f"{versions}; seed {run.seed}; scenario {run.scenario.sha256}.", "note")
        often = f" --replications {len(self.outcome)}" if self.outcome.replications else ""
        yield Code("To reproduce it", f"rolloutsim run scenario.yaml --seed {run.seed}{often} -o DIR")
        if run.scenario.document:
            yield Code("The scenario in full: save it as scenario.yaml", spaced(run.scenario.document), long=True)

    def _findings(self, *topics: str) -> Iterator[Block]:
        told = [(one.topic, self._plain(one.text)) for one in findings(self.outcome.means) if one.topic in topics]
        if told:
            again = {place for place in range(1, len(told)) if told[place][0] == told[place - 1][0]}
            yield Facts(tuple(("" if place in again else what, text) for place, (what, text) in enumerate(told)))

    def _pictures(self, *names: str) -> Iterator[Picture]:
        for name in names:
            yield self._picture(name)

    def _picture(self, name: str) -> Picture:
        return Picture(name, entry(name).question, partial(figure(name), self.outcome), self.run.scenario.title)


def report_of_run(outcome: Outcome, changes: WhatIfs, inputs: Sensitivity | None = None) -> Report:
    """The report of one result.

    Parameters
    ----------
    outcome : Outcome
        What came out of the scenario.
    changes : WhatIfs
        What would help, simulated.
    inputs : Sensitivity, optional
        How much each input matters, simulated; without it the report says how to get it.
    """
    scenario = outcome.run.scenario
    model = f"{scenario.model} model, seed {outcome.run.seed}"
    sections = tuple(_Contents(outcome, changes, inputs).sections())
    told = " · ".join(("capacity-planning report", model, *_overridden(scenario)))
    return Report(scenario.title, told, sections)


def spaced(document: str) -> str:
    """A scenario's document with blanks, at which its lines can be broken, and escapes of what is not only read."""
    text = json.dumps(json.loads(document), ensure_ascii=False)
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _in_short(assumed: Table) -> str:
    """How many of a scenario's values are assumed, and which, for the answer."""
    keys = [str(row[0]) for row in assumed.values()]
    values = "1 value" if len(keys) == 1 else f"{show_count(len(keys))} values"
    return f"{values} of the scenario: {listing(keys, _MOST_ASSUMED, ', ')}. Why stands among the limits of the model."


def _overridden(scenario: ResolvedScenario) -> Iterator[str]:
    """What tells a scenario from its file: the values given otherwise, the first few of them."""
    rows = [row for row in given_table(scenario).values() if row[-1] != "file"] if scenario.overrides else []
    shown = [setting_words(key, value) for key, value, _ in rows[:_MOST_OVERRIDES]]
    if len(rows) > _MOST_OVERRIDES:
        shown.append(f"{len(rows) - _MOST_OVERRIDES} more values")
    if shown:
        yield f"other than in the file: {', '.join(shown)}"
