"""What moved from one run of a scenario to the next: keys that differ, figures with verdicts, thresholds that turned.

It is a comparison of the two, `rolloutsim.planning.compare`, told in short: what stayed as it was is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.compare import Comparison, Side, compare
from rolloutsim.planning.compare_tables import follows, row_label, signed_share, signed_time
from rolloutsim.results.numerals import counted, show_times
from rolloutsim.results.shown.changed import changed_table
from rolloutsim.results.shown.tables import state_of
from rolloutsim.results.shown.tabular import SHARE, SIGNS, TEXT, TIME, Column, Table
from rolloutsim.scenario.settings import changes
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Row
    from rolloutsim.planning.differences import Difference
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.settings import Changed

FIGURES, TURNED = "What moved", "Thresholds that turned"  # captions
_MOST_KEYS = 20  # of those that differ (assumed: a screen with the figures)
_NO_KEY = "No key differs."
_ALSO = {"pull_time p95": "pull time p95", "bytes_on_wire": "on the wire"}  # of a comparison's other figures: headings


@struct
class Moved:
    """What moved from one run to the next.

    Parameters
    ----------
    keys : Table or None
        The keys that differ, with their signs, without defaults that follow from others; None: there are none.
    figures : Table or None
        The rollout times that moved, with verdicts, and other figures of theirs in per cent; None: none did.
    thresholds : Table or None
        The conditions that hold now and did not, or the other way round; None: there are none.
    notes : tuple of str
        What is left out, and what one has to know to read the figures.
    """

    keys: Table | None
    figures: Table | None
    thresholds: Table | None
    notes: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it was."""
        return self.keys is None and self.figures is None and self.thresholds is None

    @property
    def tables(self) -> Iterator[tuple[str, Table]]:
        """Those of keys apart, which have no heading, with their captions."""
        if self.figures is not None:
            yield FIGURES, self.figures
        if self.thresholds is not None:
            yield TURNED, self.thresholds


def moved(before: Outcome, now: Outcome, names: tuple[str, str] = ("before", "now")) -> Moved:
    """Compare a run with the one before; the draws beside a run that is random say what is chance.

    Parameters
    ----------
    before, now : Outcome
        Of the scenario as it was and as it is.
    names : tuple of str
        What the two are called.
    """
    changed = changes(before.run.scenario, now.run.scenario)
    own = [one for one in changed if not follows([one], {each.path for each in changed})]
    keys = changed_table(own[:_MOST_KEYS]) if own else None
    notes = [_NO_KEY] if not changed else [*_left_out(own, changed)]
    turned = _turned(before.thresholds, now.thresholds, names)
    try:
        found = compare([Side(names[0], before.beside or before), Side(names[1], now.beside or now)])
    except UsageError as error:  # there is no case that both have
        return Moved(keys, None, turned, (*notes, f"{error}."))
    figures = _figures(found)
    if figures is None:
        notes.append("No figure moved.")
    elif figures.rows and len(figures.rows) < (every := sum(row.found is not None for row in found.rows)):
        notes.append(f"{counted(every - len(figures.rows), 'other rollout time')} did not move.")
    return Moved(keys, figures, turned, (*notes, *_about(found)))


def _left_out(own: Sequence[Changed], changed: Sequence[Changed]) -> Iterator[str]:
    """How many keys that differ have no line."""
    if len(own) > _MOST_KEYS:
        yield f"{counted(len(own) - _MOST_KEYS, 'more key')} {'differ' if len(own) - _MOST_KEYS > 1 else 'differs'}."
    if len(own) < len(changed):
        count = len(changed) - len(own)
        yield f"{counted(count, 'default')} {'differ' if count > 1 else 'differs'} that {_follow(count)} from these."


def _follow(count: int) -> str:
    return "follow" if count > 1 else "follows"


def _about(found: Comparison) -> Iterator[str]:
    """The notes of a comparison that are about the comparison: what there is to know of either run stands with it."""
    for note in found.notes:
        if note.startswith(("Only in ", "One replication ")) or "±" in note:
            yield note


def _figures(found: Comparison) -> Table | None:
    """A row for each time that moved; a column for each other figure that did."""
    first = {(row.case, row.part): row for row in found.rows if row.found is None}
    also = {one.case: one.also for one in found.differences}
    rows = [
        _Figure(first[row.case, row.part], row, row.found, also[row.case] if row.part.kind == "case" else {})
        for row in found.rows
        if row.found is not None
    ]
    rows = [row for row in rows if row.has_moved]
    if not rows:
        return None
    show = show_times(row.found.change for row in rows)
    columns = (
        Column("rollout of", TEXT, lambda row: row_label(row.now)),
        Column(found.sides[0].name, TIME, lambda row: row.before.time, half=lambda row: _half(row.before)),
        Column(found.sides[1].name, TIME, lambda row: row.now.time, half=lambda row: _half(row.now)),
        Column("difference", TIME, lambda row: row.found.change, lambda row: signed_time(row.found, show)),
        Column("in %", SHARE, lambda row: row.found.relative, lambda row: signed_share(row.found)),
        Column("verdict", TEXT, lambda row: row.now.verdict),
        *(
            Column(heading, SHARE, partial(_relative, key), partial(_share, key))
            for key, heading in _ALSO.items()
            if any(_has_moved(row.also.get(key)) for row in rows)
        ),
    )
    return Table(columns, rows, lambda row: f"case:{row.now.case}")


@struct
class _Figure:
    """The time of a case or a part of it, before and now, and other figures of the case."""

    before: Row
    now: Row
    found: Difference
    also: Mapping[str, Difference]

    @property
    def has_moved(self) -> bool:
        """Whether it or another figure did, as far as that is seen."""
        return any(map(_has_moved, (self.found, *(self.also.get(key) for key in _ALSO))))


def _has_moved(found: Difference | None) -> bool:
    if found is None or found.before is found.after is None:
        return False
    return None in (found.before, found.after) or found.sign != 0 and found.change != 0.0


def _half(row: Row) -> float | None:
    return None if row.ci is None else row.ci.half


def _relative(key: str, row: _Figure) -> float | None:
    found = row.also.get(key)
    return None if found is None else found.relative


def _share(key: str, row: _Figure) -> str:
    found = row.also.get(key)
    return signed_share(found) if found is not None and _has_moved(found) else ""


def _turned(before: Sequence[ThresholdResult], now: Sequence[ThresholdResult], names: tuple[str, str]) -> Table | None:
    """The conditions that both have, for the same case, and of which one is met and the other is not."""
    known = {_identity(one): one for one in before}
    pairs = [(known[key], one) for one in now if (key := _identity(one)) in known]
    turned = [(old, new) for old, new in pairs if old.passed != new.passed]
    columns = (
        Column("", TEXT, lambda row: SIGNS[state_of([row[1]])]),
        Column("metric", TEXT, lambda row: row[1].metric),
        Column("condition", TEXT, lambda row: row[1].check),
        Column(names[0], TEXT, lambda row: _judged(row[0])),
        Column(names[1], TEXT, lambda row: _judged(row[1])),
    )
    return Table(columns, turned, state=lambda row: state_of([row[1]])) if turned else None


def _identity(one: ThresholdResult) -> tuple[Any, ...]:
    return one.case, one.metric, one.check


def _judged(one: ThresholdResult) -> str:
    return f"{one.shown}, {'held' if one.passed else 'missed'}"
