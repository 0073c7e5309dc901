"""What a calibration found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from statistics import median
from typing import Any

from rolloutsim.calibration import comparison
from rolloutsim.calibration.calibrated import Calibration, Fitted, SeenBurst, SeenPull
from rolloutsim.structs import struct
from rolloutsim.units import format_time

_MOST_FAR = 5  # of the largest deviations (assumed: what one looks at)


@struct
class Group:
    """Pulls of an image by the nodes of a group: measured, and predicted before and after; medians [s]."""

    image: str
    group: str
    pulls: int
    shortest: float
    measured: float
    longest: float
    before: float
    after: float


def groups(made: Calibration) -> list[Group]:
    """The pulls that count, by image and group of nodes."""

    def whose(one: SeenPull) -> tuple[str, str]:
        return one.pull.image, made.groups[one.pull.group]

    found = []
    for (image, group), pulls in groupby(sorted((one for one in made.pulls if not one.is_outlier), key=whose), whose):
        every = list(pulls)
        times = sorted(one.pull.seen.duration for one in every)
        found.append(Group(
            image, group, len(every), times[0], median(times), times[-1],
            median(one.before for one in every), median(one.after for one in every),
        ))  # fmt: skip
    return found


def rows_of_pulls(made: Calibration) -> list[tuple[str, ...]]:
    """A table: image, nodes, pulls, measured and their range, predicted before and after, measured / predicted."""
    rows: list[tuple[str, ...]] = [
        ("image", "nodes", "pulls", "measured", "from – to", "before", "after", "measured / after")
    ]
    for one in groups(made):
        rows.append((
            one.image, one.group, f"{one.pulls:,}", format_time(one.measured),
            f"{format_time(one.shortest)} – {format_time(one.longest)}", format_time(one.before),
            format_time(one.after), f"{one.measured / one.after:.2f}",
        ))  # fmt: skip
    return rows


def rows_of_bursts(made: Calibration) -> list[tuple[str, ...]]:
    """A table: from the first pull to the end of the last, of pulls of an image that overlap."""
    rows: list[tuple[str, ...]] = [("image", "pulls", "measured", "before", "after", "measured / after")]
    for one in made.bursts:
        rows.append((
            one.image, f"{one.pulls:,}", format_time(one.measured), format_time(one.before), format_time(one.after),
            f"{one.measured / one.after:.2f}",
        ))  # fmt: skip
    return rows


def rows_of_numbers(made: Calibration) -> list[tuple[str, ...]]:
    """A table: the numbers that were fitted, as they were and as they are, with their intervals."""
    rows: list[tuple[str, ...]] = [("key", "before", "now", "90 % interval", "")]
    for one in made.fitted:
        first = one.parameter.at_first
        more = f" (and {len(one.parameter.paths) - 1} more groups)" if len(one.parameter.paths) > 1 else ""
        rows.append((
            one.parameter.key + more, "no limit" if first is None else one.parameter.shown(first), one.text,
            f"{one.parameter.shown(one.low)} to {one.parameter.shown(one.high)}",
            "" if one.is_told else "not told apart from others",
        ))  # fmt: skip
    return rows


def rows_beside(made: Calibration, most: int) -> list[tuple[str, ...]]:
    """A table: what else was seen, measured and predicted; of too many those that differ come first."""
    every = made.beside.comparisons
    ordered = sorted(range(len(every)), key=lambda number: (not every[number].differs, number))
    shown = comparison.rows([every[number] for number in sorted(ordered[:most])])
    if len(every) > most:
        shown.append((f"and {len(every) - most:,} more, in --format json", *[""] * (len(shown[0]) - 1)))
    return shown


def sentences(made: Calibration) -> Iterator[tuple[str, str]]:
    """What else to know, each with what it is about."""
    far = sorted((one for one in made.pulls if one.is_outlier), key=lambda one: -abs(one.deviation))
    if far:
        yield (
            "Left out",
            (
                f"{len(far):,} of {len(made.pulls):,} pulls differ from what is predicted by more than 3.5 standard "
                "deviations (of the median of deviations) and do not count"
            ),
        )
    for reason, count in made.left_out.items():
        yield "Left out", f"{count:,}: {reason}"
    for text in made.beside.meanings:
        yield "Beside", text
    for text in made.untold:
        yield "Untold", text
    for one in made.given:
        shown = "no limit" if one.at_first is None else one.shown(one.at_first)
        yield "Kept", f"{one.key}: {shown}, as the scenario gives it; --fit {one.key} fits it"
    for text in made.notes:
        yield "Note", text
    for pull in sorted(made.pulls, key=lambda one: -abs(one.deviation))[:_MOST_FAR]:
        seen = pull.pull.seen
        yield (
            "Largest",
            (
                f"{seen.place}: {seen.image} on {seen.node or 'a node'}: {format_time(seen.duration)}, predicted "
                f"{format_time(pull.after)}{', left out' if pull.is_outlier else ''}"
            ),
        )


def document(made: Calibration) -> dict[str, Any]:
    """All of it as data; times in seconds, rates in bytes per second."""
    return {
        "fitted": [_number(one) for one in made.fitted],
        "given": [path for one in made.given for path in map(".".join, one.paths)],
        "pulls": [
            {
                "image": one.pull.seen.image, "node": one.pull.seen.node, "group": made.groups[one.pull.group],
                "measured_s": one.pull.seen.duration, "before_s": one.before, "after_s": one.after,
                "is_outlier": one.is_outlier, "place": one.pull.seen.place,
            }
            for one in made.pulls
        ],
        "bursts": [_burst(one) for one in made.bursts],
        "scatter": made.scatter,
        "resampled": made.blocks,
        "left_out": dict(made.left_out),
        "untold": list(made.untold),
        "notes": list(made.notes),
        "beside": comparison.document(made.beside),
        "simulations": made.simulations,
    }  # fmt: skip


def _number(one: Fitted) -> dict[str, Any]:
    return {
        "keys": [".".join(path) for path in one.parameter.paths],
        "unit": "s" if one.parameter.kind == "fixed" else "B/s",
        "before": one.parameter.at_first, "value": one.value, "low": one.low, "high": one.high,
        "is_told": one.is_told, "text": one.text,
    }  # fmt: skip


def _burst(one: SeenBurst) -> dict[str, Any]:
    return {
        "image": one.image, "pulls": one.pulls, "measured_s": one.measured, "before_s": one.before, "after_s": one.after
    }  # fmt: skip
