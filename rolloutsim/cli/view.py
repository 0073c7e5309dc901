"""What `rolloutsim run` shows: the cases side by side, why, what would help, thresholds; or variants, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from rolloutsim import planning
from rolloutsim.cli.page import WIDEST_TEXT, aligned, changed_lines, plain, table_lines, terminal, wrapped
from rolloutsim.planning.tried import judged_by
from rolloutsim.results.numerals import listed, visible
from rolloutsim.results.shown.findings import findings
from rolloutsim.results.shown.supply import TITLE as SUPPLY
from rolloutsim.results.shown.supply import supply_rows
from rolloutsim.results.shown.supply_beside import supply_beside
from rolloutsim.results.shown.tables import application_rows, case_rows, disk_rows, footnotes, threshold_rows

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.page import Style
    from rolloutsim.planning.compare import Comparison
    from rolloutsim.planning.moved import Moved
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.results.shown.findings import Finding
    from rolloutsim.results.shown.tabular import Table

_MOST_CHANGES = 5  # lines about what would help
_MARKS: dict[str, dict[str, Any]] = {"✓": {"fg": "green"}, "✗": {"fg": "red", "bold": True}, "!": {"fg": "yellow"}}


def show(result: Result, changes: WhatIfs, first: bool = True) -> None:
    """Print a result for people.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    changes : WhatIfs
        What would help, simulated.
    first : bool
        Whether nothing was printed before; otherwise an empty line sets it apart.
    """
    width, coloured = terminal()
    click.echo(("" if first else "\n") + render(result, changes, width, coloured), nl=False, color=coloured)


def render(result: Result, changes: WhatIfs, width: int = WIDEST_TEXT, coloured: bool = False) -> str:
    """Lay out a result as text.

    Parameters
    ----------
    result, changes
        As for `show`.
    width : int
        Columns into which running text is wrapped, at most 100; tables are as wide as they need to be.
    coloured : bool
        Whether to use ANSI colours.
    """
    style: Style = click.style if coloured else plain
    wrap = partial(wrapped, width=min(width, WIDEST_TEXT))
    scenario = result.scenario
    cases = "1 case" if len(result) == 1 else f"{len(result)} cases"
    often = "" if result.replications is None else f" · {len(result.replications)} replications"
    often += " · one draw" if result.replications is None and any(case.drawn for case in result.run.cases) else ""
    lines = [style(f"{visible(scenario.title)} · {cases} · {scenario.model} model{often}", bold=True), ""]
    lines += table_lines(case_rows(result.outcome), style)
    because = wrap(result.why(), indent=8)
    lines += ["", style(" Why", bold=True) + because[0][4:], *because[1:]]
    lines += _change_lines(changes, wrap)
    lines += _finding_lines(findings(result.summary), wrap, style)
    if (sources := supply_rows(result.summary)) is not None:
        lines += ["", style(f" {SUPPLY}", bold=True), *table_lines(sources, style)]
    if (disks := disk_rows(result.summary)) is not None:
        lines += ["", style(" Disk and cost", bold=True), *table_lines(disks, style)]
    has_applications = any(case.background.kind for case in result.run.cases)
    if has_applications and (applications := application_rows(result.run)) is not None:
        lines += ["", style(" Applications on the same links", bold=True), *table_lines(applications, style)]
    if result.thresholds:
        lines += ["", style(" Thresholds", bold=True), *_threshold_lines(threshold_rows(result.thresholds), style)]
    lines += ["", *(line for note in footnotes(result.outcome) for line in wrap(note, indent=1))]
    return "".join(f"{line}\n" for line in lines)


def show_comparison(comparison: Comparison, first: bool = True, changes: Mapping[str, WhatIfs] | None = None) -> None:
    """Print a comparison for people: what differs, then the numbers.

    Parameters
    ----------
    comparison : Comparison
        Of scenarios, results or variants.
    first : bool
        As for `show`.
    changes : mapping, optional
        What would help each, by name, simulated.
    """
    width, coloured = terminal()
    lines = comparison_lines(comparison, width, coloured, changes or {})
    click.echo(("" if first else "\n") + "".join(f"{line}\n" for line in lines), nl=False, color=coloured)


def comparison_lines(
    comparison: Comparison,
    width: int = WIDEST_TEXT,
    coloured: bool = False,
    changes: Mapping[str, WhatIfs] = MappingProxyType({}),
) -> Iterator[str]:
    """The lines of a comparison; arguments as for `render` and `show_comparison`."""
    tables = planning.compare_tables
    style: Style = click.style if coloured else plain
    wrap = partial(wrapped, width=min(width, WIDEST_TEXT))
    variants = comparison.of_variants
    yield style(visible(tables.comparison_title(comparison)), bold=True)
    if variants:
        yield ""
        yield from wrap(tables.answer(comparison), indent=1)
    others = dict(tables.tables(comparison))
    changed = next((caption for caption in others if caption.startswith(tables.CHANGES)), None)
    if changed is not None:
        yield from ("", style(f" {changed}", bold=True), *table_lines(others.pop(changed), style), "")
    else:
        yield ""
    yield from table_lines(tables.comparison_table(comparison), style)
    for side in comparison.sides if variants else ():
        head, *rest = wrap(f"{side.name}: {side.outcome.why}", indent=8)
        label = " Why" if side is comparison.sides[0] else ""
        yield from (*(("",) if label else ()), style(label, bold=True) + head[len(label) :], *rest)
        if side.name in changes:
            yield from _change_lines(changes[side.name], wrap)
    figures = {side.name: side.outcome.means.cases for side in comparison.sides}
    sent = supply_beside(figures, tables.what(comparison))
    if sent is not None:
        yield from ("", style(f" {SUPPLY}", bold=True), *table_lines(sent, style))
    for caption, table in others.items():
        lines = _threshold_lines(table, style) if caption == tables.THRESHOLDS else table_lines(table, style)
        yield from ("", style(f" {caption}", bold=True), *lines)
    yield ""
    for note in (*tables.fail_lines(comparison), *tables.notes(comparison)):
        yield from wrap(note, indent=1)


def show_moved(several: Mapping[str, Moved]) -> None:
    """Print what moved since the last run, by variant, of which the name is empty where there are none."""
    width, coloured = terminal()
    click.echo("".join(f"{line}\n" for line in moved_lines(several, width, coloured)), nl=False, color=coloured)


def moved_lines(several: Mapping[str, Moved], width: int = WIDEST_TEXT, coloured: bool = False) -> Iterator[str]:
    """The lines of what moved since the last run; variants in which nothing did are one line."""
    style: Style = click.style if coloured else plain
    wrap = partial(wrapped, width=min(width, WIDEST_TEXT))
    still = [name for name, one in several.items() if one.is_nothing]
    for name, one in several.items():
        if one.is_nothing and name:
            continue
        yield ""
        yield style(" Since the last run" + (f", {visible(name)}" if name else ""), bold=True)
        if one.keys is not None:
            yield from changed_lines(one.keys, style)
        for caption, table in one.tables:
            lines = _threshold_lines(table, style) if caption == planning.moved.TURNED else table_lines(table, style)
            yield from ("", style(f" {caption}", bold=True), *lines)
        if one.notes and not one.is_nothing:
            yield ""
        yield from wrap(" ".join(one.notes), indent=1)
    if any(still):
        yield ""
        yield from wrap(f"Since the last run nothing changed in {listed(still)}.", indent=1)


def _change_lines(changes: WhatIfs, wrap: Callable[..., list[str]]) -> Iterator[str]:
    """The best change of each kind, how many make it worse (no advice), and what has no effect; five lines at most."""
    shown = changes.best[: _MOST_CHANGES - len(changes.without_effect) - bool(changes.slower)]
    if shown or changes.without_effect or changes.slower:
        judged = judged_by(changes.target)
        yield f"        What would ({visible(changes.case)}, simulated{visible(f'; {judged}') if judged else ''}):"
    cells = [(visible(c.change), c.shown_before, f"→ {c.shown_after}") for c in shown]
    named = aligned([(change, before) for change, before, _ in cells], ["left", "right"]) if cells else []
    for line, (_, _, after) in zip(named, cells, strict=True):
        yield f"          {line} {after}"
    if changes.slower:
        more = "" if shown or changes.is_thorough else "; rolloutsim explain tries more"
        yield f"          {changes.made_slower}{more}"
    for words, subjects in changes.without_effect:
        yield from wrap(f"{words}: {visible(', '.join(subjects))}", indent=10)


def _finding_lines(found: Sequence[Finding], wrap: Callable[..., list[str]], style: Style) -> Iterator[str]:
    """A line for each finding, its topic in front of the first about it."""
    indent = max((len(one.topic) for one in found), default=0) + 4
    topic = ""
    for one in found:
        if not topic:
            yield ""
        first, *rest = wrap(one.text, indent=indent)
        head = "" if one.topic == topic else one.topic
        yield style(f" {head}", bold=True) + first[len(head) + 1 :]
        yield from rest
        topic = one.topic


def _threshold_lines(table: Table, style: Style) -> Iterator[str]:
    cells = table.cells()
    rest = aligned([row[1:] for row in cells], [column.side for column in table.columns[1:]])
    for (mark, *_), line in zip(cells, rest, strict=True):
        yield f"  {style(mark, **_MARKS.get(mark, {}))} {line}".rstrip()
