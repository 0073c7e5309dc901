"""Laws: a scenario said otherwise is the same scenario, and one that is changed in a known way has a known result.

Where nothing but words differ, what the simulation reads is compared, which has all that it depends on; elsewhere the
results are, value by value. Where something is random, its draws go to the parts in their order, so a law by which that
order, or what there is to draw for, is another holds for scenarios only in which nothing is drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, localcontext
from itertools import count
from math import isclose
from random import Random
from string import ascii_letters
from typing import Any

from rolloutsim.api.result import Result
from rolloutsim.errors import RolloutsimError
from rolloutsim.fleet.endless import LONGEST
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import loads, resolved
from rolloutsim.scenario.fields import Described, Often, Quantity, TimeBefore
from rolloutsim.scenario.loading import _SHARED
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.settings import settings, show
from rolloutsim.scenario.structure import ROOT, Part
from rolloutsim.simulation import simulate
from rolloutsim.units import _UNITS
from tests.fuzz.drawing import schema
from tests.fuzz.valid import valid
from tests.invariants.figures import leaves
from tests.theory.tying_scenarios import uneven_scenario

Document = dict[str, Any]
Figures = dict[str, Any]

# Sums go in another order where parts do, and each of some thousand additions may round by 1e-16 (relative; below one,
# in a figure's own unit).
ROUNDED = 1e-9
DIGITS = 40  # of decimal numbers, more than any product of two that a scenario has

# How often a simulation may be looked at, every twenty events; those that take longer tell no more of laws.
LOOKS = 500


class LongError(Exception):
    """A simulation takes too long to be done twice."""


LAWS: dict[str, Callable[[Random], None]] = {}


def law(check: Callable[[Random], None]) -> Callable[[Random], None]:
    """Count a function among the laws."""
    LAWS[check.__name__.strip("_")] = check
    return check


def check(number: int) -> None:
    """One law, on one scenario."""
    random = Random(f"laws {number}")
    with suppress(LongError):
        LAWS[random.choice(sorted(LAWS))](random)


# ---- scenarios and what is said of them ------------------------------------------------------------------


def _scenario(random: Random) -> Document:
    document = valid(random)
    document.pop("replications", None)
    return document


def _of(document: Document) -> ResolvedScenario:
    return loads(json.dumps(document)).resolve()


def _figures(scenario: ResolvedScenario, seed: int | None = None) -> tuple[Figures, Result]:
    """Every value of a run's JSON, without what it says of the scenario's text, and the result."""
    looks = count()

    def watch() -> None:
        if next(looks) > LOOKS:
            raise LongError

    result = Result(Outcome(simulate(scenario, seed, watch=watch)))
    found = leaves(json.loads(result.to_json(detail="full")))
    return {way: value for way, value in found if not way.startswith(("/scenario/sha256", "/notes/"))}, result


def _is_random(result: Result) -> bool:
    return any(case.drawn for case in result.run.cases)


def _same_scenario(law: str, one: ResolvedScenario, other: ResolvedScenario, said: object, but: object = ()) -> None:
    """Compare what simulations read; `but` are parts that may differ."""
    if one == other:
        return
    named = [name for name in one.__dataclass_fields__ if name not in ("document", "overrides", "variant")]
    parts = [name for name in named if name not in but and getattr(one, name) != getattr(other, name)]
    if not parts:
        return
    shown = "; ".join(f"{part}: {getattr(one, part)!r}, now {getattr(other, part)!r}"[:300] for part in parts)
    raise AssertionError(f"{law}, another {', '.join(parts)}: {shown} {said}"[:2000])


def _same_figures(law: str, one: Figures, other: Figures, bound: float = 0.0, said: object = "") -> None:
    """Compare results; `bound` is relative, and in a figure's own unit below one."""
    different = [
        way
        for way in sorted(one.keys() | other.keys())
        if way not in one or way not in other or not _same(one[way], other[way], bound)
    ]
    if different:
        what = re.sub(r"\[[^\]]*\]|#\d+", "", different[0])
        shown = "; ".join(f"{way}: {one.get(way, 'none')!r}, now {other.get(way, 'none')!r}" for way in different[:4])
        raise AssertionError(f"{law}, {what}: {len(different)} differ: {shown} {said}"[:2000])


def _same(one: Any, other: Any, bound: float) -> bool:
    if bound and isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return isclose(one, other, rel_tol=bound, abs_tol=bound)
    return bool(one == other)


# ---- quantities said otherwise ---------------------------------------------------------------------------


def _respelled(random: Random, value: Any, part: Part) -> Any:
    """A document in its long form, its quantities in other units, exactly as much."""
    described = part.described
    if isinstance(value, dict):
        steps = {key: (part.step(key), inner) for key, inner in value.items()}
        return {key: inner if step is None else _respelled(random, inner, step) for key, (step, inner) in steps.items()}
    if isinstance(value, list) and part.is_list:
        return [_respelled(random, inner, part.step(i) or part) for i, inner in enumerate(value)]
    if isinstance(value, str) and described is not None:
        return _otherwise(random, value, described)
    return value


def _otherwise(random: Random, text: str, described: Described) -> str:
    if isinstance(described, Quantity) and text != described.word:
        return _in_other_units(random, described.kind, text)
    if isinstance(described, TimeBefore):
        return f"-{_in_other_units(random, 'time', text[1:])}" if text.startswith("-") else text
    if isinstance(described, Often):
        number, period = text.split("/")
        long = {"s": "1 s", "min": "60s", "h": "1h", "d": "24 h"}.get(period, period)
        return f"{number}/{random.choice((period, long))}"
    return text


def _in_other_units(random: Random, kind: Any, text: str) -> str:
    with localcontext() as context:
        context.prec = DIGITS
        found = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(\S+)\s*", text)
        if found is None:  # a word, or several parts
            return text
        number, unit = found.groups()
        base = Decimal(number) * _UNITS[kind][unit]
        if kind == "time" and base >= 1 and random.random() < 0.3:
            minutes, seconds = divmod(base, 60)
            return f"{minutes}m{seconds:f}s" if minutes else f"{seconds:f} s"
        unit, factor = random.choice(sorted(_UNITS[kind].items()))
        other = base / factor
        if other * factor != base or len(other.normalize().as_tuple().digits) > 17:
            return text
        number = random.choice((f"{other:f}", f"{other:e}", f"{other:f}"))
        return f"{number}{random.choice(('', ' ', '  '))}{unit}"


@law
def _other_units_and_long_forms(random: Random) -> None:
    document = _scenario(random)
    plain = _of(document)
    other = _respelled(random, json.loads(plain.document), ROOT)
    _same_scenario("units", plain, _of(other), other)


@law
def _other_short_forms(random: Random) -> None:
    document = _scenario(random)
    _same_scenario("long form", _of(document), _of(json.loads(_of(document).document)), document)


# ---- the same by another way -----------------------------------------------------------------------------


@law
def _shown_and_read_again(random: Random) -> None:
    document = _scenario(random)
    plain = _of(document)
    text = show(plain)
    _same_scenario("shown", plain, loads(text).resolve(), text)


@law
def _defaults_written_out(random: Random) -> None:
    document = _scenario(random)
    plain = _of(document)
    # A resolved workload says whether its policy is given; where it is not, that hangs on each image's tag.
    defaults = [one for one in settings(plain) if not one.given and one.path[-1] != "pull_policy"]
    # Whoever says a disk's rate says it without the operations of a preset's disk.
    one = random.choice(
        [one for one in defaults if one.path[2:] != ("disk", "rate") or one.follows[-1:] != ("preset",)]
    )
    try:
        other = loads(json.dumps(document), overrides=[f"{one.key}={one.value}"]).resolve()
    except RolloutsimError:
        return  # words in a value's place, or a key that says something only beside others
    # What plays no part is said of what is written only.
    said = f"{one.key}={one.value} in {document}"
    _same_scenario(f"default {_schema_key(one.path)}", plain, other, said, ("sha256", "notes"))


def _schema_key(path: Path) -> str:
    steps, part = [], ROOT
    for step in path:
        steps.append("*" if part.is_map or part.is_list else str(step))
        part = part.step(step) or part
    return ".".join(steps)


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All values in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, (*path, key))
    elif not isinstance(value, list):
        yield path, value


@law
def _set_and_edited(random: Random) -> None:
    document, another = _scenario(random), _scenario(random)
    values = [(path, value) for path, value in _values(document) if path[0] not in ("rolloutsim", "variants", "sweep")]
    path, value = random.choice(values)
    there = [one for where, one in _values(another) if _schema_key(where) == _schema_key(path)]
    new = random.choice(there or [value])
    edited = json.loads(json.dumps(document))
    container = edited
    for step in path[:-1]:
        container = container[step]
    container[path[-1]] = new
    try:
        right = _of(edited)
    except RolloutsimError:
        return
    key = dotted(path)
    said = f"{key}={new!r} in {document}"
    # What all variants have in common none has for itself.
    way = random.choice(("--set", "with_", "variant")) if path[0] not in _SHARED else "--set"
    try:
        if way == "--set":
            other = loads(json.dumps(document), overrides=[f"{key}={json.dumps(new)}"]).resolve()
        elif way == "with_":
            other = loads(json.dumps(document)).with_({key: new}).resolve()
        else:
            document.pop("variants", None)
            edited.pop("variants", None)
            right = _of(edited)
            other = loads(json.dumps(document | {"variants": {"other": {key: new}}}), variant="other").resolve()
    except RolloutsimError as error:
        raise AssertionError(f"{way} {_schema_key(path)}, refused: {error} {said}") from None
    # Of what is changed and plays no part notes say so.
    _same_scenario(f"{way} {_schema_key(path)}", right, other, said, ("sha256", "notes"))


# ---- the same with other names, in another order, with more that does nothing ------------------------------


@law
def _one_replication(random: Random) -> None:
    document = _scenario(random)
    plain, other = _figures(_of(document))[0], _figures(_of(document | {"replications": 1}))[0]
    _same_figures("one replication", plain, other, said=document)


@law
def _another_seed_where_nothing_is_drawn(random: Random) -> None:
    document = _scenario(random)
    plain, result = _figures(_of(document))
    if not _is_random(result):
        other = _figures(_of(document), random.randrange(1, 1000))[0]
        for one in (plain, other):
            one.pop("/seed")
        _same_figures("seed", plain, other, said=document)


# Maps of parts whose order says nothing: what refers to them does so by name. (That of nodes, images, layers and
# workloads is the order in which things happen that happen at one instant.)
_UNORDERED = ("links", "registries", "caches", "mirrors", "peers", "thresholds", "prices", "assumed", "calibrated")


@law
def _another_order(random: Random) -> None:
    document = _scenario(random)
    other = _shuffled(random, json.loads(json.dumps(document)), ROOT, "")
    _same_figures("order", _figures(_of(document))[0], _figures(_of(other))[0], ROUNDED, document)


def _shuffled(random: Random, value: Any, part: Part | None, key: str) -> Any:
    if part is None or not isinstance(value, dict):
        return value
    keys = list(value)
    if not part.is_map or key in _UNORDERED:
        random.shuffle(keys)
    return {one: _shuffled(random, value[one], part.step(one), one) for one in keys}


# ---- other names -----------------------------------------------------------------------------------------


def _words(part: Any = None) -> set[str]:
    """Every word of the format."""
    part = schema() if part is None else part
    found: set[str] = set()
    if isinstance(part, dict):
        found |= {str(part["const"])} if "const" in part else set()
        found |= {str(one) for one in part.get("enum", ())} | set(part.get("properties", ()))
        for inner in part.values():
            found |= _words(inner)
    elif isinstance(part, list):
        for inner in part:
            found |= _words(inner)
    return found


_NAMED = ("nodes", "images", "registries", "links", "workloads", "mirrors", "caches", "peers", "layers", "prepulls",
          "pushes", "background", "failures")  # fmt: skip
_WORDS = _words()


@law
def _other_names(random: Random) -> None:
    document = _scenario(random)
    document.pop("thresholds", None)
    names = {name for path, _ in _keys(document) if len(path) > 1 and path[-2] in _NAMED for name in path[-1:]}
    names = {name for name in names if name not in _WORDS and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", str(name))}
    new = {name: f"{name}zq" for name in sorted(names)}
    plain = _figures(_of(document))[0]
    if random.random() < 0.5:
        # In another order by name, but for nodes: controllers of pre-pulls go through them in that order.
        nodes = document["nodes"] if isinstance(document["nodes"], dict) else ()
        others = [name for name in new if name not in nodes]
        new |= {
            name: f"{letter}{name}" for letter, name in zip(reversed(ascii_letters[: len(others)]), others, strict=True)
        }
    other = _figures(loads(_with_other_words(json.dumps(document), new)).resolve())[0]
    back = {word: name for name, word in new.items()}
    other = {_with_other_words(way, back): _with_other_words(value, back) for way, value in other.items()}
    _same_figures("names", plain, other, said=document)


def _keys(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), inner
            yield from _keys(inner, (*path, key))


def _with_other_words(text: Any, words: dict[str, str]) -> Any:
    if not isinstance(text, str) or not words:
        return text
    return re.sub(rf"(?<![A-Za-z0-9_])({'|'.join(words)})(?![A-Za-z0-9_])", lambda found: words[found[1]], text)


# ---- more that does nothing ------------------------------------------------------------------------------

_NEVER = "1e9 s"  # after every horizon


@law
def _with_what_nobody_uses(random: Random) -> None:
    document = _scenario(random)
    other = json.loads(json.dumps(document))
    added = random.choice(sorted(_ADDITIONS))
    if not _ADDITIONS[added](other):
        return
    try:
        scenario = _of(other)
    except RolloutsimError:
        return  # there is no place for it
    plain, result = _figures(_of(document))
    if not result.finished:
        return  # it ends with whatever happens last, a look at applications included
    if "failure" in added and any(case.end > scenario.horizon for case in result.run.cases):
        return  # pulls that nothing can make fail are waited for beyond it
    with_it = _figures(scenario)[0]
    # Rows of what was added, and of what can only happen where something may fail.
    with_it = {way: value for way, value in with_it.items() if way in plain or not _brought(added, way, value)}
    if "failure" in added:
        # Where links may fail nodes may go on to other hosts, which a slowdown would be counted against: it is unknown.
        plain, with_it = (
            {way: value for way, value in one.items() if not re.search("/alone|/slowdown", way)}
            for one in (plain, with_it)
        )
    _same_figures(f"unused {added}", plain, with_it, ROUNDED, document)


def _brought(added: str, way: str, value: Any) -> bool:
    return "idle" in way or "failure" in added or ("/background/" in way and value is None)


def _part(document: Document, *path: str) -> Document:
    """A map in a document, made where there is none; the short form of a network is written out."""
    for step in path:
        value = document.setdefault(step, {})
        if not isinstance(value, dict):
            value = document[step] = {"rate": value}
        document = value
    return document


def _idle_link(document: Document) -> bool:
    _part(document, "network", "links")["idle"] = {"capacity": "1 Mbit/s", "latency": "1 s"}
    return True


def _idle_image(document: Document) -> bool:
    document["images"]["idle"] = "7 MB"
    registries = document.get("registries")
    if registries:
        document["images"]["idle"] = {"compressed": "7 MB", "registry": next(iter(registries))}
    return "workloads" in document


def _idle_registry(document: Document) -> bool:
    if len(document.get("registries", ())) < 2:
        return False  # the only one is the one that all images are from
    document["registries"]["idle"] = {"uplink": "1 Mbit/s", "max_connections": 1, "tls": True}
    return True


def _idle_traffic(document: Document) -> bool:
    _idle_link(document)
    _part(document, "background")["idle"] = {"links": ["idle"], "rate": "0.5 Mbit/s"}
    return True


def _late_traffic(document: Document) -> bool:
    _idle_link(document)
    _part(document, "background")["idle"] = {"links": ["idle"], "size": "1 MB", "at": _NEVER}
    return True


def _late_failure(document: Document) -> bool:
    _idle_link(document)
    _part(document, "failures")["idle"] = {"link": "idle", "at": _NEVER}
    return True


def _no_waiting(document: Document) -> bool:
    document.setdefault("thresholds", {})
    if not isinstance(document["thresholds"], dict) or "rollout_time" in document["thresholds"]:
        return False
    document["thresholds"]["rollout_time"] = "max < 1 s"
    return True


_ADDITIONS: dict[str, Callable[[Document], bool]] = {
    "link": _idle_link, "image": _idle_image, "registry": _idle_registry, "traffic": _idle_traffic,
    "traffic after the end": _late_traffic, "failure after the end": _late_failure,
}  # fmt: skip


# ---- other magnitudes ------------------------------------------------------------------------------------

# What is in bytes, or bytes per second, in the parts of a resolved scenario.
_IN_BYTES: dict[type, tuple[str, ...]] = {
    resolved.ResolvedScenario: ("tcp_window",),
    resolved.Link: ("capacity", "line_rate"),
    resolved.Layer: ("compressed", "unpacked"),
    resolved.Disk: ("capacity", "used", "old_images"),
    resolved.Redirect: ("connection_cap",),
    resolved.FirstFetch: ("connection_cap",),
    resolved.Caching: ("capacity",),
    resolved.Registry: ("connection_cap", "tcp_window"),
    resolved.Peers: ("upload", "download", "piece"),
    resolved.VolumeSnapshot: ("rate",),
    resolved.NodeGroup: (
        "nic", "nic_line_rate", "disk", "dirty_limit", "unpack_rate", "stored_rate", "pull_cap", "connection_cap",
    ),
    resolved.Request: ("size",),
    resolved.Background: ("size", "cap", "rate"),
    resolved.Copied: ("rate",),
    resolved.Runtime: ("layer_fetch_buffer",),
    resolved.Snapshotter: ("read_size", "least_layer", "background_rate"),
}  # fmt: skip


@law
def _sizes_and_rates_scaled(random: Random) -> None:
    """In the ideal model nothing has a size of its own: all times stay, and so do all ties, bit by bit."""
    document = _scenario(random) if random.random() < 0.6 else json.loads(uneven_scenario(random))
    for per_byte in ("thresholds", "prices"):
        document.pop(per_byte, None)
    document["model"] = "ideal"
    factor = 2.0 ** random.choice((-20, -7, -1, 1, 3, 10, 20))
    try:
        plain = _of(document)
    except RolloutsimError:
        return  # without disks nothing may limit a fetch
    if plain.peers and any(group.nic is None for group in plain.groups):
        return  # but for what members of a swarm send where nothing limits them
    figures, scaled = _figures(plain)[0], _figures(_scaled(plain, factor))[0]
    if any("no byte arrived" in way for way in (*figures, *scaled)):
        return  # but for a byte
    for way, value in scaled.items():
        if isinstance(value, (int, float)) and re.search(r"bytes", way):
            scaled[way] = value / factor
    _same_figures("scaled", figures, scaled, said=f"{factor} {document}")


def _scaled(value: Any, factor: float) -> Any:
    """A resolved scenario with all its sizes and rates larger by a factor."""
    if isinstance(value, tuple):
        return tuple(_scaled(one, factor) for one in value)
    if isinstance(value, Mapping):
        return {key: _scaled(one, factor) for key, one in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    own = _IN_BYTES.get(type(value), ())
    changes = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
    for name, inner in changes.items():
        if name not in own:
            changes[name] = _scaled(inner, factor)
        elif inner is not None:
            changes[name] = inner * factor
    return replace(value, **changes)


@law
def _sizes_and_times_scaled(random: Random) -> None:
    """Twice as much of everything, each thing twice as late: all is over twice as late, bit by bit."""
    document = json.loads(uneven_scenario(random))
    factor = 2.0 ** random.choice((-7, -1, 1, 3, 10))
    plain = _of(document)
    scaled = replace(
        plain,
        images={
            name: replace(
                image, layers=tuple(_larger(layer, factor, "compressed", "unpacked") for layer in image.layers)
            )
            for name, image in plain.images.items()
        },
        cases=tuple(
            replace(
                case, pulls={name: tuple(_later(pull, factor) for pull in pulls) for name, pulls in case.pulls.items()}
            )
            for case in plain.cases
        ),
        background=tuple(_larger(one, factor, "size", "at", "start", "until") for one in plain.background),
    )
    (figures, result), other = _figures(plain), _figures(scaled)[0]
    if not result.finished:
        return  # it ends with the last look at applications, which are a tenth of a second apart
    if max(case.end for case in result.run.cases) * factor > LONGEST:
        return  # nothing is later than that
    for way, value in other.items():
        if isinstance(value, (int, float)) and re.search(r"bytes|_s$|_s/|/seconds$", way) and "per_s" not in way:
            other[way] = value / factor
    # Applications are looked at, and requests counted, by steps of the clock that are always the same.
    figures, other = (
        {way: value for way, value in one.items() if not re.search(r"recovered|requests_per_s", way)}
        for one in (figures, other)
    )
    _same_figures("later", figures, other, said=f"{factor} {document}")


def _larger(part: Any, factor: float, *names: str) -> Any:
    values = {name: getattr(part, name) for name in names}
    return replace(part, **{name: value * factor for name, value in values.items() if value is not None})


def _later(pull: resolved.PlannedPull, factor: float) -> resolved.PlannedPull:
    return replace(pull, at=_larger(pull.at, factor, "low", "high"))


# ---- the same nodes in other groups ----------------------------------------------------------------------


@law
def _a_group_in_two(random: Random) -> None:
    """Nodes of a group that are alike pull as well as two groups, which follow one another."""
    document = json.loads(uneven_scenario(random))
    nodes = document["nodes"]
    several = [name for name, group in nodes.items() if group["count"] > 1 and not {"racks", "cached"} & group.keys()]
    if not several:
        return
    name = random.choice(several)
    first = random.randrange(1, nodes[name]["count"])
    halves = {name: {"count": first}, f"{name}b": {"count": nodes[name]["count"] - first}}
    other = json.loads(json.dumps(document))
    other["nodes"] = {}
    for group, what in nodes.items():
        other["nodes"] |= {half: what | more for half, more in halves.items()} if group == name else {group: what}
    plain, split = _figures(_of(document))[0], _figures(_of(other))[0]
    # What is said of all nodes, of the other groups' ones, and of what they share.
    said = {way for way in plain.keys() | split.keys() if not re.search(rf"{name}b?[-.\]]|/groups/|/why|_why", way)}
    _same_figures(
        "split",
        {way: value for way, value in plain.items() if way in said},
        {way: value for way, value in split.items() if way in said},
        ROUNDED,
        f"{name} {first} {document}",
    )
