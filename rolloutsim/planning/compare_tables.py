"""What is shown of a comparison: what differs, how long it takes, which thresholds hold, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.planning.compare import Comparison, Met, Row
from rolloutsim.planning.differences import parse_fail_if
from rolloutsim.results.numerals import UNKNOWN, counted, listed, plus_minus, show_share, show_time, show_times
from rolloutsim.results.shown.annotations import annotation
from rolloutsim.results.shown.junit import Test, document
from rolloutsim.results.shown.names import metric_words, target_words
from rolloutsim.results.shown.tables import COST, about_extremes, threshold_rows
from rolloutsim.results.shown.tabular import (
    SHARE,
    SIZE,
    TEXT,
    TIME,
    Column,
    Table,
    csv_text,
    escaped,
    html,
    markdown,
)
from rolloutsim.results.thresholds import format_value, missed
from rolloutsim.scenario.metrics import in_braces, is_of_case, labels
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Side
    from rolloutsim.planning.differences import Difference
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.results.load.disks import DiskSummary
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.places import Path
    from rolloutsim.scenario.settings import Changed, Setting

_MOST_GROUPS = 12  # of a case whose groups have a line each (assumed: half a screen)
_MOST_CHANGES = 20  # lines about what differs where that is beside the point (assumed: as above)
CHANGES, THRESHOLDS, COST_OF = "What differs", "Thresholds", "Disk and cost"  # captions
_TITLES = (("name",), ("description",))
_TELLING = ("faster", "slower")


def comparison_title(comparison: Comparison) -> str:
    """What is compared with what."""
    first, *others = comparison.sides
    if not comparison.of_variants:
        return f"{', '.join(side.name for side in others)} against {first.name}"
    scenario, count = first.outcome.run.scenario, len(first.outcome)
    often = f" · {count} replications" if count > 1 else ""
    return f"{scenario.name} · {len(comparison.sides)} variants · {scenario.model} model{often}"


def what(comparison: Comparison) -> str:
    """What those are called that are compared."""
    return "variant" if comparison.of_variants else "scenario"


def comparison_table(comparison: Comparison) -> Table:
    """A row for each case, and for what there is several of in it, in each scenario: time, difference, verdict."""
    rows = _shown(comparison)
    several = len({(row.case, row.part) for row in rows}) > 1
    show = show_times(map(_change, rows))
    columns = (
        *((Column("rollout of", TEXT, row_label),) if several else ()),
        Column(what(comparison), TEXT, lambda row: row.side),
        Column("rollout time", TIME, lambda row: row.time, half=_half),
        Column("difference", TIME, _change, lambda row: "" if row.found is None else signed_time(row.found, show)),
        Column("in %", SHARE, _relative, lambda row: "" if row.found is None else signed_share(row.found)),
        Column("verdict", TEXT, lambda row: row.verdict),
    )
    return Table(columns, rows, lambda row: f"variant:{row.side}")


def _shown(comparison: Comparison) -> Sequence[Row]:
    """The rows, without those of very many groups."""
    groups: dict[str, set[str]] = {}
    for row in comparison.rows:
        if row.part.kind == "group":
            groups.setdefault(row.case, set()).add(row.part.name)
    many = {case for case, names in groups.items() if len(names) > _MOST_GROUPS}
    return [row for row in comparison.rows if row.part.kind != "group" or row.case not in many]


def row_label(row: Row) -> str:
    """What a row is about: the case, with what it is called now if that is another name, and the part of it."""
    case = row.case if row.case == row.own else f"{row.case} → {row.own}"
    return case if row.part.kind == "case" else f"{case}, {row.part.kind} {row.part.name}"


def _half(row: Row) -> float | None:
    return None if row.ci is None else row.ci.half


def _time(row: Row) -> str:
    half = _half(row)
    return plus_minus(show_time, row.time, half) if half and row.time is not None else show_time(row.time)


def _change(row: Row) -> float | None:
    return None if row.found is None else row.found.change


def _relative(row: Row) -> float | None:
    return None if row.found is None else row.found.relative


def signed_time(found: Difference, show: Callable[[float], str] = show_time) -> str:
    """A difference of times with its sign, and behind ± half its interval."""
    return _signed(show, found.change, found.ci)


def signed_share(found: Difference) -> str:
    """A difference in per cent with its sign, and behind ± half its interval."""
    return _signed(show_share, found.relative, found.relative_ci)


def _signed(show: Callable[[float], str], value: float | None, interval: Interval | None) -> str:
    """A difference with its sign, and behind ± half its interval."""
    if value is None:
        return UNKNOWN
    sign = "+" if value > 0 else "−" if value < 0 else ""
    half = 0.0 if interval is None else interval.half
    return sign + (plus_minus(show, abs(value), half) if half else show(abs(value)))


def csv_table(comparison: Comparison) -> Table:
    """The rows of a comparison with all their numbers."""
    ends = (("low", 0), ("high", 1))
    columns = (
        Column("case", TEXT, lambda row: row.case),
        Column("workload", TEXT, lambda row: row.part.name if row.part.kind == "workload" else ""),
        Column("group", TEXT, lambda row: row.part.name if row.part.kind == "group" else ""),
        Column(what(comparison), TEXT, lambda row: row.side),
        Column("rollout_time_s", TIME, lambda row: row.time),
        *(Column(f"rollout_time_ci_{end}_s", TIME, partial(_end, i)) for end, i in ends),
        Column("change_s", TIME, _change),
        *(Column(f"change_ci_{end}_s", TIME, partial(_change_end, i)) for end, i in ends),
        Column("relative", SHARE, _relative),
        Column("verdict", TEXT, lambda row: row.verdict),
    )
    return Table(columns, comparison.rows)


def _end(place: int, row: Row) -> float | None:
    return None if row.ci is None else row.ci[place]


def _change_end(place: int, row: Row) -> float | None:
    return None if row.found is None or row.found.ci is None else row.found.ci[place]


def changes_table(comparison: Comparison) -> Table | None:
    """What differs in the resolved scenarios: a row a key, a column a scenario; None: nothing that is known.

    What they are called, and what it asks of the result, is no difference of what is simulated. Defaults that follow
    from another key are left out, since that one is there; `following` has their number.
    """
    first, *others = comparison.sides
    found = _changed(comparison)
    if not found:
        return None
    names = [side.name for side in others if side.name in comparison.changes]
    columns = (
        Column("key", TEXT, lambda row: next(iter(row.values())).key),
        Column(first.name, TEXT, lambda row: _setting(next(iter(row.values())).before)),
        *(Column(name, TEXT, partial(_after, name, comparison.changes[name])) for name in names),
    )
    return Table(columns, [row for row in found.values() if not follows(row.values(), found)])


def following(comparison: Comparison) -> str:
    """How many defaults differ that follow from the keys of `changes_table`, in words; empty: none."""
    found = _changed(comparison)
    count = sum(follows(row.values(), found) for row in found.values())
    return f"{counted(count, 'default')} that {'follow' if count > 1 else 'follows'} from these" if count else ""


def _changed(comparison: Comparison) -> dict[Path, dict[str, Changed]]:
    """By key, what of it differs in which scenarios."""
    found: dict[Path, dict[str, Changed]] = {}
    for side, every in comparison.changes.items():
        for one in every:
            if one.path not in _TITLES and one.path[0] != "thresholds":
                found.setdefault(one.path, {})[side] = one
    return found


def follows(row: Iterable[Changed], found: Container[Path]) -> bool:
    """Whether nobody wrote a key, in any scenario, and its default is that of a profile among the paths `found`."""
    both = [setting for one in row for setting in (one.before, one.after) if setting is not None]
    return all(not setting.given and setting.follows in found for setting in both)


def _after(side: str, every: Sequence[Changed], row: dict[str, Changed]) -> str:
    """What a scenario says; as the first one where that is no difference. Parts of it have rows of their own: `…`."""
    if side in row:
        return _setting(row[side].after)
    path = next(iter(row.values())).path
    for one in every:
        if path[: len(one.path)] == one.path:  # it is no part of the other scenario
            return _setting(one.after)
        if one.path[: len(path)] == path:
            return "…"
    return _setting(next(iter(row.values())).before)


def _setting(setting: Setting | None) -> str:
    if setting is None:
        return UNKNOWN
    return setting.value if setting.given else f"{setting.value} (default)"


def thresholds_table(comparison: Comparison, of_results: Callable[..., Table] = threshold_rows) -> Table | None:
    """The thresholds of each scenario, checked; None: there are none.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    of_results : callable
        The table of one scenario's: `threshold_rows`, or `verdict_rows` for those who do not read the file.
    """
    rows = [(side.name, one) for side in comparison.sides for one in side.outcome.thresholds]
    if not rows:
        return None
    own = of_results([one for _, one in rows])
    mark, *rest = (_of_result(column) for column in own.columns)
    columns = (mark, Column(what(comparison), TEXT, lambda row: row[0]), *rest)
    state = None if own.state is None else _behind(own.state)
    return Table(columns, rows, lambda row: f"variant:{row[0]}", state)


def _of_result(column: Column) -> Column:
    """A column of thresholds, of rows that begin with the scenario."""
    return replace(
        column, of=_behind(column.of), shown=None if column.shown is None else _behind(column.shown),
        half=None if column.half is None else _behind(column.half),
    )  # fmt: skip


def _behind(function: Callable[[Any], Any]) -> Callable[[tuple[str, Any]], Any]:
    """A function of what stands behind a scenario's name."""
    return lambda row: function(row[1])


@struct
class _Cost:
    """What the images of a case take and cost in one scenario, and in the first."""

    side: str
    case: str
    disk: DiskSummary
    first: DiskSummary | None


def cost_table(comparison: Comparison) -> Table | None:
    """What each scenario keeps on disks and pays a month, where prices are given; None: they are not."""
    rows = list(_costs(comparison))
    kinds = dict.fromkeys(kind for row in rows for kind in row.disk.cost_per_month)
    if not kinds:
        return None
    several = len({row.case for row in rows}) > 1
    columns = (
        *((Column("rollout of", TEXT, lambda row: row.case),) if several else ()),
        Column(what(comparison), TEXT, lambda row: row.side),
        Column("a node", SIZE, lambda row: row.disk.bytes_per_node),
        Column("all nodes", SIZE, lambda row: row.disk.fleet_bytes),
        Column("registry", SIZE, lambda row: row.disk.registry_bytes),
        *(column for kind in kinds for column in _cost_columns(kind)),
    )
    return Table(columns, rows, lambda row: f"variant:{row.side}")


def _costs(comparison: Comparison) -> Iterator[_Cost]:
    first = comparison.sides[0]
    for case in dict.fromkeys(row.case for row in comparison.rows):
        own = first.outcome.means.cases[case].disk
        for side in comparison.sides:
            figures = side.outcome.means.cases.get(case)
            if figures is not None and figures.disk is not None:
                yield _Cost(side.name, case, figures.disk, None if side is first else own)


def _cost_columns(kind: str) -> Iterator[Column]:
    yield Column(
        f"a month on {kind.upper()}", COST, lambda row: row.disk.cost_per_month.get(kind), partial(_paid, kind)
    )
    yield Column("difference", COST, partial(_more, kind), partial(_more_shown, kind))


def _paid(kind: str, row: _Cost) -> str:
    cost = row.disk.cost_per_month.get(kind)
    return UNKNOWN if cost is None else COST.show(cost)


def _more(kind: str, row: _Cost) -> float | None:
    costs = [None if one is None else one.cost_per_month.get(kind) for one in (row.disk, row.first)]
    return None if costs[0] is None or costs[1] is None else costs[0] - costs[1]


def _more_shown(kind: str, row: _Cost) -> str:
    more = _more(kind, row)
    return "" if more is None else _signed(COST.show, more, None)


def answer(comparison: Comparison) -> str:
    """The comparison in two sentences: who is quickest, by how much; and who meets the thresholds."""
    return " ".join(filter(None, (quickest(comparison), held(comparison))))


def quickest(comparison: Comparison) -> str:
    """Who is quickest, and by how much."""
    first = comparison.sides[0]
    slowest = first.outcome.means.slowest.case
    cases = dict.fromkeys(row.case for row in comparison.rows)
    case = slowest if slowest in cases else next(iter(cases))
    rows = [row for row in comparison.rows if row.case == case and row.part.kind == "case"]
    return _quickest(rows, case if len(cases) > 1 else "")


def _quickest(rows: Sequence[Row], case: str) -> str:
    first, *others = rows
    of = f" of {case}" if case else ""
    late = [row.side for row in rows if row.time is None]
    if first.time is None:
        done = [f"{_time(row)} in {row.side}" for row in others if row.time is not None]
        takes = f"; it takes {listed(done)}" if done else ""
        return f"The rollout{of} does not finish in {listed(late)}{takes}."
    faster = [row for row in others if row.verdict == "faster"]
    stuck = f" The rollout{of} does not finish in {listed(late)}." if late else ""
    if not faster:
        unknown = any(row.found is not None and row.found.sign is None for row in others if row.time is not None)
        said = "it is not known whether any is faster" if unknown else "none is faster"
        return f"The rollout{of} takes {_time(first)} in {first.side}; {said}.{stuck}"
    best = min(faster, key=lambda row: row.time or 0.0)
    assert best.found is not None
    by = f"{signed_time(best.found).lstrip('−')} or {signed_share(best.found).lstrip('−')} less than {first.side}"
    rest = [f"{row.side} {_told_row(row)}" for row in others if row is not best and row.found is not None]
    more = f"; {listed(rest)}" if rest else ""
    return f"{best.side} is the quickest: its rollout{of} takes {_time(best)}, {by} ({_time(first)}){more}.{stuck}"


def _told_row(row: Row) -> str:
    assert row.found is not None
    if row.time is None:
        return "does not finish"
    if row.verdict not in _TELLING:
        return f"takes {_time(row)} ({row.verdict})"
    return f"takes {_time(row)} ({signed_share(row.found)})"


def held(comparison: Comparison, in_words: bool = False) -> str:
    """Who meets the thresholds, `in_words` those who do not read the file understand; empty where there are none."""
    judged = [side for side in comparison.sides if side.outcome.thresholds]
    if not judged:
        return ""
    bad = [side for side in judged if missed(side.outcome.thresholds)]
    good = [side.name for side in judged if side not in bad]
    parts = [f"{side.name} misses {_missed(side, in_words)}" for side in bad]
    if good:
        parts.append(f"{listed(good)} {'meets' if len(good) == 1 else 'meet'} {_which(judged)}")
    return f"{'Targets' if in_words else THRESHOLDS}: {'; '.join(parts)}."


def _which(judged: Sequence[Side]) -> str:
    return "it" if {len(side.outcome.thresholds) for side in judged} == {1} else "all"


def _missed(side: Side, in_words: bool) -> str:
    alone = len(side.outcome.cases) == 1
    failed = [one for one in side.outcome.thresholds if not one.passed and one.severity == "error"]
    if in_words:
        return listed([f"{metric_words(one)} {target_words(one.check)} ({one.shown})" for one in failed])
    return listed([f"{_named(one, alone)} {one.check} ({one.shown})" for one in failed])


def _named(one: ThresholdResult, alone: bool) -> str:
    """The metric with what it selects; without the case where there is no other."""
    if not alone:
        return one.metric
    own = {label: value for label, value in labels(one.of).items() if not is_of_case({label: value}, one.case)}
    return in_braces(one.metric.partition("{")[0], own)


def fail_lines(comparison: Comparison) -> list[str]:
    """What of `--fail-if` is met, and what is not, a line each."""
    lines = []
    for text in comparison.fail_if:
        met = [one for one in comparison.met if one.condition.text == text]
        lines += [f"✗ {text}: {_told(one, comparison)}" for one in met]
        if not met:
            lines.append(f"✓ {text}: not met")
    return lines


def notes(comparison: Comparison) -> list[str]:
    """What one has to know to read it, and what of it is left out."""
    hidden = len(comparison.rows) - len(_shown(comparison))
    left_out = [f"Node groups have {hidden} more rows, which --format csv and json show."] if hidden else []
    return [*comparison.notes, *about_extremes(*(side.outcome for side in comparison.sides)), *left_out]


def _told(met: Met, comparison: Comparison) -> str:
    """The numbers behind it: `builder in fast.yaml, 55.4 s → 66.0 s (+19.1 %)`."""
    show = partial(format_value, met.condition.threshold.metric)
    before, after = (UNKNOWN if one is None else show(one) for one in (met.found.before, met.found.after))
    where = f"{met.case} in {met.side}" if len(comparison.sides) > 2 else met.case
    return f"{where}, {before} → {after} ({signed_share(met.found)})"


def comparison_annotations(comparison: Comparison) -> list[str]:
    """Workflow commands for GitHub: errors for what is met; of other cases a warning if slower, else a notice."""
    lines = [
        annotation("error", f"{one.condition.text}: {_told(one, comparison)}", title="rollout comparison")
        for one in comparison.met
    ]
    told = {(one.side, one.case) for one in comparison.met}
    for row in comparison.rows:
        if row.found is None or row.part.kind != "case" or (row.side, row.case) in told:
            continue
        level: Literal["warning", "notice"] = "warning" if row.found.sign in (1, None) else "notice"
        lines.append(annotation(level, f"{row.case} in {row.side}: {_before_after(row)}", title="rollout comparison"))
    return lines


def _before_after(row: Row) -> str:
    assert row.found is not None
    found = row.found
    return f"{show_time(found.before)} → {show_time(found.after)} ({signed_share(found)}), {row.verdict}"


def to_junit(comparison: Comparison) -> str:
    """JUnit XML: a suite for each scenario, whose cases and their parts have to finish, and not to meet `--fail-if`."""
    first, *others = comparison.sides
    return document([(f"{side.name} against {first.name}", [*_tests(comparison, side)]) for side in others])


def _tests(comparison: Comparison, side: Side) -> Iterator[Test]:
    conditions = [parse_fail_if(text) for text in comparison.fail_if]
    met = {(one.condition.text, one.side, one.case): one for one in comparison.met}
    first = comparison.sides[0].outcome
    for case in (one.case for one in comparison.differences if one.side == side.name):
        for row in comparison.rows:
            if row.case == case and row.side == side.name and row.found is not None:
                unfinished = None in (row.found.before, row.found.after)
                yield Test(
                    side.name, f"{row_label(row)} finishes", _before_after(row), "unfinished" if unfinished else None
                )
        for condition in conditions:
            found = met.get((condition.text, side.name, case))
            if found is not None:
                yield Test(side.name, f"{case}: {condition.text}", _told(found, comparison), "fail-if")
            elif condition.is_about(first.records(case)):
                yield Test(side.name, f"{case}: {condition.text}", "not met")


def to_csv(comparison: Comparison) -> str:
    """A line for each row, with full precision."""
    return csv_text(csv_table(comparison))


def to_markdown(comparison: Comparison) -> str:
    """A section for a pull request: title, what differs, table, thresholds, cost, conditions, notes."""
    title = comparison_title(comparison)
    heading = title if comparison.of_variants else f"Rollout time: {title}"
    parts = [f"### {escaped(heading)}"]
    if comparison.of_variants:
        parts.append(f"**{escaped(answer(comparison))}**")
    parts.append(markdown(comparison_table(comparison)))
    for caption, table in tables(comparison):
        parts += [f"{caption}:", markdown(table)]
    lines = fail_lines(comparison)
    if lines:
        parts.append("\n".join(f"- {escaped(line)}" for line in lines))
    parts.append("\n".join(f"_{escaped(note)}_  " for note in notes(comparison)).rstrip())
    return "\n\n".join(part for part in parts if part) + "\n"


def tables(comparison: Comparison) -> Iterator[tuple[str, Table]]:
    """The other tables with their captions: what differs, as far as that can be read, cost; of variants thresholds."""
    changed = changes_table(comparison)
    if changed is not None:
        count = len(changed.rows)
        some = f"the first {_MOST_CHANGES} of {count} keys" if count > _MOST_CHANGES else ""
        without = following(comparison)
        rest = ", ".join(filter(None, (some, without and f"without {without}")))
        caption = f"{CHANGES} ({rest}; 'rolloutsim diff' has all)" if rest else CHANGES
        yield caption, replace(changed, rows=changed.rows[:_MOST_CHANGES])
    judged = thresholds_table(comparison)
    if comparison.of_variants and judged is not None:
        yield THRESHOLDS, judged
    costs = cost_table(comparison)
    if costs is not None:
        yield COST_OF, costs


def to_html(comparison: Comparison) -> str:
    """What Jupyter shows: the table, what differs, conditions, notes."""
    lines = "".join(f"<div>{escape(line)}</div>" for line in (*fail_lines(comparison), *notes(comparison)))
    more = "".join(html(table, caption) for caption, table in tables(comparison))
    return html(comparison_table(comparison), comparison_title(comparison)) + more + lines
