"""What stands in the report of variants, or of results side by side: the comparison, before the pages of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.planning.compare_tables import (
    changes_table,
    comparison_table,
    comparison_title,
    cost_table,
    fail_lines,
    following,
    held,
    notes,
    quickest,
    thresholds_table,
    what,
)
from rolloutsim.report.blocks import Block, Facts, Picture, Report, Rows, Section, Text, Verdict
from rolloutsim.report.headline import MORE_CHANGES, WORDS, advice
from rolloutsim.report.plots import entry, figure
from rolloutsim.report.wording import sentence
from rolloutsim.results.numerals import show_count
from rolloutsim.results.shown.names import given_names, plain_words
from rolloutsim.results.shown.supply import TITLE as SUPPLY
from rolloutsim.results.shown.supply_beside import supply_beside
from rolloutsim.results.shown.tables import state_of, verdict_rows
from rolloutsim.results.shown.tabular import SIGNS, TEXT, Column
from rolloutsim.results.thresholds import missed

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison, Row, Side
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.results.shown.tabular import State, Table

_LONG = {"network", "nodes"}  # sections with tables as long as the fleet is large
_ALIKE = {"requests", "fan", "disk"}  # figures
_MOST_FOLDED = 15  # rows of them (assumed: the latest nodes, the busiest links)
_MOST_CASES = 6  # with a figure each (assumed: some pages)


def report_of_comparison(comparison: Comparison, changes: Mapping[str, WhatIfs]) -> Report:
    """The report of a comparison: who is quickest, what would help, what it costs, why; the keys come last.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    changes : mapping of str to WhatIfs
        What would help each, simulated.
    """
    scenario = comparison.sides[0].outcome.run.scenario
    sections = []
    for key, title, blocks in (
        ("compared", "The comparison", _answer(comparison, changes)),
        ("curves", "Rollouts side by side", _curves(comparison)),
        ("costs", "Disk and cost", _costs(comparison)),
        ("reasons", "Why each takes as long", _reasons(comparison, changes)),
        ("differs", "What differs", _differs(comparison)),
    ):
        found = tuple(blocks)
        if found:
            sections.append(Section(key, title, found))
    title = scenario.name if comparison.of_variants else comparison_title(comparison)
    count = f"{len(comparison.sides)} {what(comparison)}s side by side"
    return Report(title, f"capacity-planning report · {count} · {scenario.model} model, seed {_seed(comparison)}",
                  tuple(sections))  # fmt: skip


def beside(comparison: Comparison, report: Report) -> Report:
    """The report of one of the compared, without the figure of its rollout, which the comparison shows, and briefer.

    All but the first have no figures that rarely differ; the report of each alone has all.
    """
    is_first = report.title == comparison.sides[0].outcome.run.scenario.title
    left_out = {"rollout"} if len(_cases(comparison)) <= _MOST_CASES else set()
    left_out |= set() if is_first else _ALIKE

    def kept(block: Block) -> bool:
        return not (isinstance(block, Picture) and block.name in left_out)

    def brief(section: Section) -> Section:
        is_long = section.key in _LONG
        blocks = (_first_rows(block) if is_long and isinstance(block, Rows) else block for block in section.blocks)
        return replace(section, blocks=tuple(filter(kept, blocks)))

    return replace(report, sections=tuple(map(brief, report.sections)))


def _first_rows(block: Rows) -> Rows:
    """A table on demand with its first rows; all of them are in the report of its result alone."""
    rows = block.table.rows
    if not block.folded or len(rows) <= _MOST_FOLDED:
        return block
    caption = f"{block.caption}: the first {_MOST_FOLDED} of {show_count(len(rows))}"
    return replace(block, caption=caption, table=replace(block.table, rows=rows[:_MOST_FOLDED]))


def _seed(comparison: Comparison) -> int:
    return comparison.sides[0].outcome.run.seed


def _answer(comparison: Comparison, changes: Mapping[str, WhatIfs]) -> Iterator[Block]:
    yield _verdict(comparison)
    yield from _advice(comparison, changes)
    yield Rows(f"Rollout times; differences to {comparison.sides[0].name}", _compared(comparison))
    sent = supply_beside({side.name: side.outcome.means.cases for side in comparison.sides}, what(comparison))
    if sent is not None:
        yield Rows(f"{SUPPLY}; differences to {comparison.sides[0].name}", sent)
    judged = thresholds_table(comparison, verdict_rows)
    if judged is not None:
        yield Rows("Targets, and what is left until they are missed", judged)
    for line in fail_lines(comparison):
        yield Text(line)
    for note in notes(comparison):
        yield Text(note, "note")


def _verdict(comparison: Comparison) -> Verdict:
    """Who meets the targets, who is quickest, and by how much."""
    states = [state_of(side.outcome.thresholds) for side in comparison.sides if side.outcome.thresholds]
    good = sum(state != "miss" for state in states)
    state: State = "warn"
    if not states:
        state, word = "", WORDS[""]
    elif len(set(states)) == 1:
        state, word = states[0], WORDS[states[0]]
    elif good == len(states):
        word = WORDS[state]
    else:
        word = f"{good} of {len(states)} {what(comparison)}s {'passes' if good == 1 else 'pass'}"
    said, judged = quickest(comparison), held(comparison, in_words=True)
    return Verdict(state, word, said or judged, judged if said else "")


def _advice(comparison: Comparison, changes: Mapping[str, WhatIfs]) -> Iterator[Block]:
    """What would help the best of them, as far as that was simulated; the others have it beside their reasons."""
    side = _best(comparison)
    yield Facts(((f"Beyond {side.name}", _helps(side, changes) or f"Not simulated: {MORE_CHANGES}"),))


def _best(comparison: Comparison) -> Side:
    """The quickest of those that meet their targets, or of all."""
    good = [side for side in comparison.sides if side.outcome.finished and not missed(side.outcome.thresholds)]
    times = {side.name: side.outcome.means.slowest.rollout_time_s for side in comparison.sides}
    return min(good or comparison.sides, key=lambda side: inf if times[side.name] is None else times[side.name] or 0.0)


def _helps(side: Side, changes: Mapping[str, WhatIfs]) -> str:
    return plain_words(advice(side.outcome, changes[side.name]), given_names(side.outcome.run.scenario))


def _compared(comparison: Comparison) -> Table:
    """The table of the comparison, with a sign and a colour for each case that has targets."""
    table = comparison_table(comparison)
    judged = {side.name: side.outcome.thresholds for side in comparison.sides}
    if not any(judged.values()):
        return table

    def state(row: Row) -> State:
        return state_of([one for one in judged[row.side] if row.part.kind == "case" and one.case == row.own])

    sign = Column("", TEXT, lambda row: SIGNS[state(row)])
    return replace(table, columns=(sign, *table.columns), state=state)


def _curves(comparison: Comparison) -> Iterator[Block]:
    cases = _cases(comparison)
    for case in cases[:_MOST_CASES]:
        draw = partial(figure("variants"), comparison, case=case)
        yield Picture("variants", entry("variants").question, draw, comparison.sides[0].outcome.run.scenario.name)
    if len(cases) > _MOST_CASES:
        yield Text(f"Without a figure: {', '.join(cases[_MOST_CASES:])}.", "note")


def _cases(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.case for row in comparison.rows))


def _differs(comparison: Comparison) -> Iterator[Block]:
    changed = changes_table(comparison)
    if changed is not None:
        without = following(comparison)
        yield Rows(f"Keys that differ in the resolved scenarios{without and f', without {without}'}", changed)
    elif comparison.changes:
        yield Text("Nothing that is simulated differs.")


def _costs(comparison: Comparison) -> Iterator[Block]:
    costs = cost_table(comparison)
    if costs is not None:
        yield Rows("What the images take on disks, and cost at the scenario's prices", costs)


def _reasons(comparison: Comparison, changes: Mapping[str, WhatIfs]) -> Iterator[Block]:
    told = []
    for side in comparison.sides:
        names = given_names(side.outcome.run.scenario)
        why = sentence(plain_words(side.outcome.why, names), names)
        told.append((side.name, f"{why} {_helps(side, changes)}".rstrip()))
    yield Facts(tuple(told))
