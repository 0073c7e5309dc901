"""What a key means, a metric or a cause: read from the model's own metadata, and the tables of metrics and causes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from textwrap import wrap
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.scenario.causes import CAUSES, Cause
from rolloutsim.scenario.examples import example_of, in_place
from rolloutsim.scenario.fields import Word
from rolloutsim.scenario.foreign import foreign
from rolloutsim.scenario.hints import listing, near, snake_case
from rolloutsim.scenario.key_hints import key_hint, known
from rolloutsim.scenario.metrics import (
    ALL_ROWS,
    EVERYWHERE,
    METRICS,
    NARROWED,
    STATISTICS,
    TYPICAL,
    VALUES,
    Metric,
)
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.presets import families
from rolloutsim.scenario.structure import ROOT, Part, all_keys, placeholder
from rolloutsim.structs import struct
from rolloutsim.units import EXAMPLES, KNOWN_UNITS

_THRESHOLDS = "thresholds"
_CAUSE = "cause"  # the label of thresholds that names one
_CAUSES = "causes"
COLUMNS = 80  # of a terminal as it opens (DEC VT100, and most since)
_NUMBER = "20"  # an example of a metric that is a plain number


@struct
class Explanation:
    """A key's meaning, a metric's or a cause's.

    Parameters
    ----------
    key : str
        Its full path; `<group>` and the like stand for the user's own names.
    type, unit, default, source, description : str
        What it holds; empty where there is nothing to say.
    allowed : tuple of str
        The keys or words that may stand there; empty where anything of the type may.
    labels : tuple of str
        Of a metric: what may stand in its braces.
    statistic, also : str
        Of a metric: whether a condition says which statistic it is about, and which keys have its name, too.
    example : str
        A key as a scenario has it; of a metric, how a condition is written.
    keys : tuple of str
        Of a cause: what changes it.
    lines : tuple of str
        What follows, line by line.
    """

    key: str
    type: str
    unit: str
    default: str
    source: str
    description: str
    allowed: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    statistic: str = ""
    example: str = ""
    also: str = ""
    keys: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = (
            ("type", self.type),
            ("unit", self.unit),
            ("default", self.default),
            ("source", self.source),
            ("allowed", listing(self.allowed, 40) if self.allowed else ""),
            *(("" if number else "labels", label) for number, label in enumerate(self.labels)),
            ("statistic", self.statistic),
            ("example", self.example),
            *(("" if number else "keys", key) for number, key in enumerate(self.keys)),
            ("also", self.also),
        )
        width = max((9, *(len(name) + 2 for name, text in rows if text)))
        lines = _wrapped("", f"{self.key}: {self.description}", 2)
        for name, text in rows:
            lines += _wrapped(f"  {f'{name}:' if name else '':<{width}}", text, width + 2) if text else []
        return "\n".join((*lines, *self.lines))


def _wrapped(start: str, text: str, indent: int) -> list[str]:
    """A text in lines as wide as any terminal is, behind what its first line starts with."""
    return wrap(
        text, COLUMNS, initial_indent=start, subsequent_indent=" " * indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def explain(key: str) -> Explanation:
    """The meaning of a key, of a metric that thresholds may be about, or of a cause that time goes to.

    Parameters
    ----------
    key : str
        `nodes.web.nic`, `nodes.nic`, or the end of a path that no other has: `nic`, `disk.sync`; a metric as
        `rollout_time`; a cause as `kubelet_queue`, or as `cause.disk` where a key has its name; `causes` for all.

    Raises
    ------
    UsageError
        If there is no such key, or several.
    """
    steps = tuple(str(step) for step in parse_path(key))
    every = _every_key()
    if steps[-1] in METRICS and steps[:-1] in ((), (_THRESHOLDS,)):
        return _metric(steps[-1], [".".join(path) for path, _ in every if path[-1] == steps[-1]])
    if steps == (_CAUSES,):
        return _every_cause()
    found: dict[str, Part] = {}
    for matches in (_is_spelt, _is_named, _is_end):
        found = found or {".".join(path): part for path, part in every if matches(steps, path)}
    cause = CAUSES.get(steps[-1]) if steps[:-1] in ((), (_CAUSE,)) else None
    if cause is not None and (len(found) != 1 or len(steps) > 1):
        return _cause(cause, tuple(found))
    if not found:
        raise UsageError(_unknown(key, steps))
    plural = f"{steps[0]}s" if len(steps) == 1 and f"{steps[0]}s" in (ROOT.keys or ()) else None  # mirror, cache, node
    if len(found) > 1:
        names = [*([] if plural is None else [plural]), *found]
        raise UsageError(f"explain {key}: several keys have that name; say which: {listing(names)}")
    ((name, part),) = found.items()
    also = [] if plural is None else [f"for {plural} themselves: explain {plural}"]
    also += [] if cause is None else [f"{_CAUSE}.{cause.name} is a cause that time goes to"]
    return explanation_of(name, part, "; ".join(also))


@cache
def _every_key() -> tuple[tuple[tuple[str, ...], Part], ...]:
    return tuple(all_keys())


def _is_spelt(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the steps are the path, or the path without the user's own names."""
    return steps in (path, _without_own_names(path))


def _is_named(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the steps are the path with names of the user's, each given or left out."""
    if not path or not steps:
        return not path and not steps
    if not path[0].startswith("<"):
        return steps[0] == path[0] and _is_named(steps[1:], path[1:])
    return _is_named(steps[1:], path[1:]) or _is_named(steps, path[1:])


def _is_end(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the steps are the path's last keys, the user's own names left out."""
    return steps == _without_own_names(path)[-len(steps) :]


@cache
def _without_own_names(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a key without the user's own names."""
    return tuple(step for step in path if not step.startswith("<"))


def _unknown(key: str, steps: tuple[str, ...]) -> str:
    missing = f"explain {key}: there is no such key"
    if (inside := _inside(steps)) is not None:
        return f"{missing}; {inside}"
    top = listing(ROOT.keys or (), 40)
    return "; ".join(part for part in (missing, _hint(steps), f"the top keys are: {top}") if part)


def _inside(steps: tuple[str, ...]) -> str | None:
    """A help text where all but the last step is a key: what may stand in it; None if the last is near one of that."""
    for path, part in _every_key():
        if not _is_spelt(steps[:-1], path):
            continue
        inner = part.step("") if part.is_map else part
        if inner is None or not inner.keys:
            continue
        word, here = steps[-1], ".".join(steps[:-1])
        if key_hint(word, (*path, f"<{placeholder(part)}>") if part.is_map else path) is not None:
            return None
        if part.is_map:
            return (
                f"'{word}' would be a name of yours, of <{placeholder(part)}>; say which of its keys, as in 'explain "
                f"{here}.{word}.{inner.keys[0]}': {listing(inner.keys, 40)}"
            )
        return f"the keys of {here} are: {listing(inner.keys, 40)}"
    return None


def _hint(steps: tuple[str, ...]) -> str | None:
    """A help text for a key that is not there: the place of the key that was likely meant, or the metric."""
    word = steps[-1]
    whole = "_".join(steps)  # certs.d, hosts.toml
    if len(steps) > 1 and known(whole) is not None and (hint := key_hint(whole, None)) is not None:
        return hint.of_any()
    place = _around(steps[:-1])
    hint = key_hint(word, place) or key_hint(word, None)
    metric = near(snake_case(word), METRICS)
    if metric is not None and (hint is None or hint.entry is not None and foreign(word) is None):
        return f"did you mean '{metric}'?"
    return None if hint is None else hint.of_any()


def _around(steps: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part that has keys and is meant by what stands before a word, users' own names given or left out."""
    places = [path for path, _ in _places()] if steps else []
    for matches in (_is_spelt, _is_named, _is_end):
        found = min((path for path in places if matches(steps, path)), key=len, default=None)
        if found is not None:
            return found
    return None


@cache
def _places() -> tuple[tuple[tuple[str, ...], Part], ...]:
    """Every part that has keys, entries of maps by their placeholder."""
    found = []
    for path, part in _every_key():
        inner, here = part, path
        while inner.is_map or inner.is_list:
            here = (*here, f"<{placeholder(inner)}>") if inner.is_map else here
            below = inner.step(0 if inner.is_list else "")
            assert below is not None
            inner = below
        if inner.keys:
            found.append((here, inner))
    return tuple(found)


def _metric(name: str, keys: list[str]) -> Explanation:
    """What a metric is, and how a condition is written; `keys` are those that have its name."""
    metric = METRICS[name]
    needed = ",".join(f"{label}={TYPICAL[label]}" for label in metric.needed)
    form = f"'{name}{{{needed}}}'" if needed else name
    statistic = "p95" if metric.needs_statistic and "p95" in metric.statistics else "max"
    limit = f"< {_NUMBER if metric.kind == 'number' else EXAMPLES[metric.kind]}"
    return Explanation(
        key=f"{_THRESHOLDS}.{name}",
        type=metric.kind,
        unit="" if metric.kind == "number" else KNOWN_UNITS[metric.kind],
        default="",
        source="",
        description=metric.description,
        labels=tuple(_labels(metric)),
        statistic=f"{'needed' if metric.needs_statistic else 'optional'}, one of {listing(metric.statistics)}",
        example=f"{form}: {statistic} {limit}",
        also=f"of this name {'is the key' if len(keys) == 1 else 'are the keys'} {listing(keys)}" if keys else "",
    )


def _cause(cause: Cause, keys: tuple[str, ...] = ()) -> Explanation:
    """What a cause is, and what changes it; `keys` are those that have its name."""
    return Explanation(
        key=f"{_CAUSE}.{cause.name}",
        type="a cause that time goes to: in why, time_split_s and conditions on time_split{cause=…}",
        unit="",
        default="",
        source="",
        description=f"{cause.noun}: {cause.meaning}",
        keys=cause.keys,
        also=f"of this name {'is the key' if len(keys) == 1 else 'are the keys'} {listing(keys)}" if keys else "",
    )


def _every_cause() -> Explanation:
    """All causes, a line each."""
    width = max(map(len, CAUSES)) + 4
    return Explanation(
        key=_CAUSES,
        type="",
        unit="",
        default="",
        source="",
        description="what time goes to in results; bytes also wait for shared links, by the names of these",
        lines=(
            "",
            *(
                line
                for one in CAUSES.values()
                for line in _wrapped(f"  {one.name:<{width - 2}}", f"{one.noun}: {one.meaning}", width)
            ),
        ),
    )


def _labels(metric: Metric) -> Iterator[str]:
    """Each label of a metric: whether it is needed, and the values it may have where the format fixes them."""
    for label in metric.labels:
        values = f", one of {listing(VALUES[label])}" if label in VALUES else ""
        yield f"{label}{values} ({'without it the one that is furthest off counts' if label in ALL_ROWS else 'needed'})"
    if metric.of is not None:
        others = [label for label in metric.narrowed if label not in metric.labels]
        yield f"{', '.join(others)} ({metric.of} that have all that are given)"
    yield f"{' or '.join(EVERYWHERE)} (without it each case is checked)"


def _metric_lines() -> Iterator[str]:
    """Each metric: labels in braces, those that may be left out in brackets; kind; statistic; and what it means."""
    rows = [("metric", "type", "statistic", "")]
    for name, metric in METRICS.items():
        labels = ",".join(f"[{label}]" if label in ALL_ROWS else label for label in metric.labels)
        form = f"{name}{{{labels}}}" if labels else name
        rows.append((form, metric.kind, "needed" if metric.needs_statistic else "optional", metric.description))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    yield ""
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))).rstrip()
        yield from _wrapped("      ", row[3], 6) if row[3] else ()
    yield ""
    yield from _noted(
        "labels", f"in braces, those in brackets may be left out; {' and '.join(EVERYWHERE)} go with every metric"
    )
    for what, narrow in NARROWED.items():
        of = [name for name, metric in METRICS.items() if metric.of == what]
        yield from _noted(what, f"{', '.join(narrow)} narrow {listing(of)}")
    for label, values in VALUES.items():
        yield from _noted(label, listing(values))
    yield from _noted("statistic", f"{listing(STATISTICS)}{_fewer()}; where it is optional, over the replications")
    for kind, units in KNOWN_UNITS.items():
        yield from _noted(kind, units)
    yield "  'rolloutsim explain rollout_time' explains one of them"


def _preset_lines() -> Iterator[str]:
    """Each family of instance types with its sizes, by provider."""
    provider = ""
    for name, family, sizes in families():
        if name != provider:
            yield from ("", f"  {name}")
            provider = name
        yield from _wrapped(f"    {family:<18}", " ".join(sizes), 22)


def _noted(name: str, text: str) -> list[str]:
    return _wrapped(f"  {name + ':':<11}", text, 13)


def _fewer() -> str:
    """The metrics that do not have every statistic."""
    some = [f"{name}: {listing(one.statistics)}" for name, one in METRICS.items() if one.statistics != STATISTICS]
    return f" ({'; '.join(some)})" if some else ""


def explanation_of(name: str, part: Part, also: str = "") -> Explanation:
    """The meaning of a key, of which its full path and what may stand there are known; `also` is a word on others."""
    field = part.field
    assert field is not None
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default, source = default_of(part)
    return Explanation(
        key=name,
        type=_type(part),
        unit=_unit(str(extra.get("x-unit", ""))),
        default=default,
        source=source,
        description=field.description or "",
        allowed=tuple(_allowed(part)),
        example=in_place(tuple(name.split(".")), example_of(tuple(name.split(".")), part)),
        also=also,
        lines=tuple(_LINES[name]()) if name in _LINES else (),
    )


# What follows the explanation of a key, line by line.
_LINES: Mapping[str, Callable[[], Iterator[str]]] = {
    _THRESHOLDS: _metric_lines,
    "nodes.<group>.preset": _preset_lines,
}


def default_of(part: Part) -> tuple[str, str]:
    """The default of a key as one writes it (`none` where there is none), and its source."""
    field = part.field
    extra = field.json_schema_extra if field is not None and isinstance(field.json_schema_extra, dict) else {}
    return _default(part, str(extra.get("x-default", ""))), str(extra.get("x-source", ""))


def _unit(kind: str) -> str:
    return next((units for known, units in KNOWN_UNITS.items() if known == kind), kind)


def _type(part: Part) -> str:
    if part.described is not None:
        return part.described.words()
    if part.is_map:
        long = f"map by {placeholder(part)}"
    elif part.is_list:
        long = "list"
    else:
        long = "map"
    return f"{part.short.words}, or a {long}" if part.short is not None else long


def _default(part: Part, shown: str) -> str:
    assert part.field is not None
    if part.field.is_required():
        return "none: the key is required"
    value: Any = part.field.default
    if shown:
        return shown
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(part.described.write(value)) if part.described is not None else "none"


def _allowed(part: Part) -> Iterator[str]:
    while part.is_map or part.is_list:
        inner = part.step(0 if part.is_list else "")
        assert inner is not None
        part = inner
    if isinstance(part.described, Word):
        yield from part.described.choices
    yield from part.keys or ()
