"""What Jupyter shows: scenarios and results as HTML that looks like its surroundings. Every name is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rolloutsim import report, results
from rolloutsim.results.numerals import show_byte_rate, show_count, show_rate, show_share, show_size, show_time
from rolloutsim.results.shown.tabular import TEXT, Kind, html, of_tuples
from rolloutsim.scenario.metrics import in_braces

if TYPE_CHECKING:
    from rolloutsim.planning.moved import Moved
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.resolved import NodeGroup, ResolvedScenario

_MOST_LISTED = 12  # entries of one kind in the table of a scenario (assumed: one screen)
_LARGE = 1e6  # numbers from here on need no fraction (assumed)


def of_columns(columns: Mapping[str, Sequence[Any]], count: int, most: int) -> str:
    """The first rows of a table of facts: numbers on the right with six digits or more, a dash where there is none."""
    shown = {name: column[:most] for name, column in columns.items()}
    kinds = [(name, _NUMBER if all(map(_is_number, column)) else TEXT) for name, column in shown.items()]
    caption = f"{count} rows" if count <= most else f"the first {most} of {count} rows"
    return html(of_tuples(kinds, list(zip(*shown.values(), strict=True))), caption)


def of_result(outcome: Outcome) -> str:
    """The table of the cases, why, the thresholds, and the curve of who is ready when."""
    return "".join((_cases(outcome), *_paragraphs(outcome.why.splitlines()), _thresholds(outcome), _curve(outcome)))


def of_explored(outcome: Outcome, moved: Moved | None) -> str:
    """The same in the order in which one looks while one plays, and what moved since the start, if anything did."""
    parts = [_thresholds(outcome), _curve(outcome), _cases(outcome), *_paragraphs(outcome.why.splitlines())]
    if moved is not None:
        parts += [html(moved.keys, "Since the start")] if moved.keys is not None else []
        parts += [html(table, caption) for caption, table in moved.tables]
        parts += _paragraphs(moved.notes)
    return "".join(parts)


def _cases(outcome: Outcome) -> str:
    return html(results.shown.tables.case_rows(outcome), outcome.run.scenario.name)


def _thresholds(outcome: Outcome) -> str:
    judged = outcome.thresholds
    return html(results.shown.tables.threshold_rows(judged), "Thresholds") if judged else ""


def _paragraphs(lines: Iterable[str]) -> list[str]:
    return [f"<p>{escape(line)}</p>" for line in lines if line.strip()]


def of_scenario(scenario: ResolvedScenario) -> str:
    """What a scenario says, part by part, with defaults where they are figures of merit."""
    rows = [
        (part, line)
        for part, lines in _parts(scenario)
        for part, line in zip([part, *[""] * len(lines)], lines, strict=False)
    ]
    about = f"<p>{escape(scenario.description)}</p>" if scenario.description else ""
    return html(of_tuples([("", TEXT), ("", TEXT)], rows), scenario.name) + about


def _parts(scenario: ResolvedScenario) -> Iterator[tuple[str, list[str]]]:
    yield "model", [f"{scenario.model}, seed {scenario.seed}" + _replications(scenario.replications)]
    yield "nodes", _some([_group(group) for group in scenario.groups])
    links = [
        f"{link.name}: {show_rate(link.line_rate)}" + (f", {show_time(link.latency)} one way" if link.latency else "")
        for link in scenario.links.values()
    ]
    yield "links", _some(links)
    images = [
        f"{image.name}: {show_size(image.compressed)}" + (f" in {len(image.layers)} layers" if len(image.layers) > 1
                                                          else "")
        for image in scenario.images.values()
    ]  # fmt: skip
    yield "images", _some(images)
    workloads = {workload.name: workload for case in scenario.cases for workload in case.workloads}
    yield "workloads", _some([
        f"{one.name}: {show_count(one.replicas)} pods of {', '.join(one.images)}, {one.strategy.name}"
        for one in workloads.values()
    ])  # fmt: skip
    yield "background", _some([f"{one.name}: on {', '.join(one.links)}" for one in scenario.background])
    yield "pushes", _some([f"{one.name}: {', '.join(one.images)}" for one in scenario.pushes])
    faults = [
        f"{one.name}: {one.kind} {one.target}"
        + (f", {show_share(one.probability)} of its requests" if one.kind == "requests" else "")
        + ("" if one.at is None or one.kind == "requests" else f" at {show_time(one.at)}")
        for one in scenario.faults
    ]
    yield "failures", _some(faults)
    checks = [
        f"{in_braces(one.metric, one.selectors)}: {one.check}"
        for one in scenario.thresholds
    ]  # fmt: skip
    yield "thresholds", _some(checks)


def _group(group: NodeGroup) -> str:
    parts = [f"{group.name}: {show_count(group.count)}"]
    if group.nic_line_rate is not None:
        parts.append(f"NIC {show_rate(group.nic_line_rate)}")
    if group.disk is not None:
        parts.append(f"disk {show_byte_rate(group.disk)}")
    if group.racks:
        parts.append(f"racks {', '.join(_some(list(group.racks)))}")
    parts.append(group.runtime.name)
    return ", ".join(parts)


def _replications(count: int) -> str:
    return f", {count} replications" if count > 1 else ""


def _some(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_LISTED:
        return lines
    return [*lines[: _MOST_LISTED - 1], f"and {len(lines) - _MOST_LISTED + 1} more"]


def _curve(outcome: Outcome) -> str:
    """Who is ready when, as an image of its own: what it defines cannot clash with another figure of the page."""
    try:
        ax = report.plots.figure("rollout")(outcome)
    except report.plots.canvas.NoDataError:
        return ""
    image = b64encode(report.images.svg(ax).encode()).decode()
    title = escape(" ".join(ax.get_title(loc="left").split()), quote=True)
    return f'<img alt="{title}" src="data:image/svg+xml;base64,{image}">'


def _is_number(value: Any) -> bool:
    return value is None or hasattr(value, "__float__")


def _six_digits(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() or abs(value) >= _LARGE else f"{value:.6g}"


_NUMBER = Kind(_six_digits)
