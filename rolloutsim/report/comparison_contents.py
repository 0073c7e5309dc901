"""What stands in the report of variants, or of results side by side: the comparison, before the pages of each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from rolloutsim.planning.compare_tables import (
    changes_table,
    comparison_table,
    comparison_title,
    cost_table,
    fail_lines,
    held,
    notes,
    quickest,
    thresholds_table,
    what,
)
from rolloutsim.report.blocks import Block, Numbers, Picture, Report, Rows, Section, Text
from rolloutsim.report.plots import entry, figure
from rolloutsim.results.numerals import show_time
from rolloutsim.results.thresholds import missed

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison

_MOST_CASES = 6  # with a figure each (assumed: some pages)


def report_of_comparison(comparison: Comparison) -> Report:
    """The report of a comparison: who is quickest, how that is known, what differs, what it costs.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    """
    scenario = comparison.sides[0].outcome.run.scenario
    sections = []
    for key, title, blocks in (
        ("compared", "The comparison", _answer(comparison)),
        ("curves", "Rollouts side by side", _curves(comparison)),
        ("differs", "What differs", _differs(comparison)),
        ("costs", "Disk and cost", _costs(comparison)),
        ("reasons", "Why each takes as long", _reasons(comparison)),
    ):
        found = tuple(blocks)
        if found:
            sections.append(Section(key, title, found))
    title = scenario.name if comparison.of_variants else comparison_title(comparison)
    count = f"{len(comparison.sides)} {what(comparison)}s side by side"
    return Report(title, f"capacity-planning report · {count} · {scenario.model} model, seed {_seed(comparison)}",
                  tuple(sections))  # fmt: skip


def _seed(comparison: Comparison) -> int:
    return comparison.sides[0].outcome.run.seed


def _answer(comparison: Comparison) -> Iterator[Block]:
    yield Text(quickest(comparison), "answer")
    if judgement := held(comparison):
        yield Text(judgement)
    yield Numbers(tuple(_numbers(comparison)))
    yield Rows(f"Rollout times; differences to {comparison.sides[0].name}", comparison_table(comparison))
    judged = thresholds_table(comparison)
    if judged is not None:
        yield Rows("Thresholds, with what is left until they are missed", judged)
    for line in fail_lines(comparison):
        yield Text(line)
    for note in notes(comparison):
        yield Text(note, "note")


def _numbers(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """The rollout time of each, of the case that takes longest in the first, and whether it meets its thresholds."""
    slowest = comparison.sides[0].outcome.means.slowest.case
    cases = dict.fromkeys(row.case for row in comparison.rows)
    case = slowest if slowest in cases else next(iter(cases))
    for row in comparison.rows:
        if row.case == case and row.part.kind == "case":
            judged = next(side.outcome.thresholds for side in comparison.sides if side.name == row.side)
            held = "" if not judged else "misses a threshold" if missed(judged) else "holds its thresholds"
            of = row.case if len(cases) > 1 else ""
            yield row.side, show_time(row.time), ", ".join(filter(None, (of, row.verdict, held)))


def _curves(comparison: Comparison) -> Iterator[Block]:
    cases = list(dict.fromkeys(row.case for row in comparison.rows))
    for case in cases[:_MOST_CASES]:
        yield Picture("variants", entry("variants").question, partial(figure("variants"), comparison, case=case))
    if len(cases) > _MOST_CASES:
        yield Text(f"Without a figure: {', '.join(cases[_MOST_CASES:])}.", "note")


def _differs(comparison: Comparison) -> Iterator[Block]:
    changed = changes_table(comparison)
    if changed is not None:
        yield Rows("Keys that differ in the resolved scenarios", changed)
    elif comparison.changes:
        yield Text("Nothing that is simulated differs.")


def _costs(comparison: Comparison) -> Iterator[Block]:
    costs = cost_table(comparison)
    if costs is not None:
        yield Rows("What the images take on disks, and cost at the scenario's prices", costs)


def _reasons(comparison: Comparison) -> Iterator[Block]:
    for side in comparison.sides:
        yield Text(f"{side.name}: {side.outcome.why}")
