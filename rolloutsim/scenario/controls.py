"""What can be moved in a scenario: its keys as sliders and fields, from what the format's model says of each.

A control has the words, the unit, the bounds and the default of its key (as `explain` has them), and its value as a
file has it. `controls` has all that play a part in a scenario, those that it sets first; `control` has one by its path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import PydanticCustomError

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.scenario.explanation import default_of
from rolloutsim.scenario.fields import Described, Flag, Number, Quantity, ShareOrCount, Whole, Word, is_long
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resources import in_bytes
from rolloutsim.scenario.settings import SWITCHES, Setting, settings, shown
from rolloutsim.scenario.structure import ROOT, Part, part_at, schema_path
from rolloutsim.scenario.text import read_value
from rolloutsim.structs import struct
from rolloutsim.units import EXAMPLES, KNOWN_UNITS, Kind, plain_text

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario

ControlKind = Literal["quantity", "share", "integer", "number", "switch", "choice", "list", "text"]

_MOST = 400  # controls of a scenario (assumed: of more one looks at the text)
# Keys without which people would not begin to play, in this order, as `all_keys` has them (assumed).
_USUAL = (
    "nodes.<group>.count", "nodes.<group>.nic", "nodes.<group>.parallel_layers", "nodes.<group>.unpack.rate",
    "nodes.<group>.unpack.cores", "nodes.<group>.disk.rate", "nodes.<group>.start", "network.rate", "network.latency",
    "network.mtu", "registry.uplink", "registry.storage", "registry.max_connections", "registries.<registry>.uplink",
    "images.<image>.compressed", "workloads.<workload>.replicas", "workloads.<workload>.rollout.strategy",
    "workloads.<workload>.rollout.max_surge", "workloads.<workload>.rollout.max_unavailable", "rollout.strategy",
    "rollout.max_surge", "rollout.max_unavailable", "rollout.startup", "model", "replications", "seed",
)  # fmt: skip
# The order of the groups; what is not named here stands behind, as in the file.
_ORDER = ("nodes", "network", "registry", "registries", "images", "workloads", "rollout")
_LAST = "scenario"  # of the keys on top: how it is called, and how it is simulated
_TITLES: Mapping[str, str] = {
    "nodes": "Nodes", "network": "Network", "registry": "Registry", "registries": "Registries", "images": "Images",
    "workloads": "Workloads", "rollout": "Rollout", "thresholds": "Targets", _LAST: "Simulation",
}  # fmt: skip
_BY_NAME = ("images", "workloads")  # parts whose entries are one group, each control behind its entry's name
_WORDS: Mapping[str, str] = {
    "nic": "NIC", "mtu": "MTU", "ttfb": "time to first byte", "tls": "TLS", "os": "OS", "tcp_window": "TCP window",
    "compressed": "size", "iops": "IOPS",
}  # fmt: skip
_NOT_SLID = ("mtu", "seed")  # what is one of a few values, or means nothing by its size

# Steps of a slider within a decade: a tenth of it each, to round numbers (ISO 3, R10, rounded further).
_WITHIN = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_BELOW, _ABOVE = 1, 2  # decades from that of the value on: a tenth of it to a hundred times as much, at most (assumed)
_FROM_ZERO: Mapping[Kind, float] = {"time": 1e-3}  # the least step where the value is zero [SI] (assumed)
_FEW = 32  # whole numbers that are steps one by one (assumed)
_PER_CENT = 5  # between two steps of a share [%]
_BITS = 8


@struct
class Slider:
    """The values that a slider goes through, as a file has them, and the place of the present one or its neighbour."""

    steps: tuple[str, ...]
    at: int


@struct
class Control:
    """A key that can be moved.

    Parameters
    ----------
    key : str
        Its path, as `--set` takes it.
    title : str
        What it is called within its group.
    kind : str
        What it holds.
    value : str
        As a file has it; empty where that is a default which no file can say.
    default : bool
        Whether the scenario does not set it.
    needed : bool
        Whether it has no default.
    help, usual, source : str
        What it means; its default, and where that comes from.
    units : str
        Those that it may have.
    choices : tuple of str
        The words that it may be.
    least, most : str
        Its bounds; empty: there are none.
    slider : Slider or None
        None: it has no range.
    """

    key: str
    title: str
    kind: ControlKind
    value: str
    default: bool = False
    needed: bool = False
    help: str = ""
    usual: str = ""
    source: str = ""
    units: str = ""
    choices: tuple[str, ...] = ()
    least: str = ""
    most: str = ""
    slider: Slider | None = None

    def to_row(self) -> dict[str, Any]:
        """As JSON holds it."""
        slider = None if self.slider is None else {"steps": list(self.slider.steps), "at": self.slider.at}
        return {
            "key": self.key, "title": self.title, "kind": self.kind, "value": self.value, "default": self.default,
            "needed": self.needed, "help": self.help, "usual": self.usual, "source": self.source, "units": self.units,
            "choices": list(self.choices), "min": self.least, "max": self.most, "slider": slider,
        }  # fmt: skip


@struct
class Group:
    """Controls that stand together; `folded` are defaults that few people change."""

    title: str
    controls: tuple[Control, ...]
    folded: bool = False


def controls(scenario: ResolvedScenario, data: Mapping[str, Any] | None = None) -> tuple[Group, ...]:
    """All that can be moved in a scenario, in groups.

    Parameters
    ----------
    scenario : ResolvedScenario
        The scenario.
    data : mapping, optional
        What its file says, so that keys and values are written as there; its long form by default.
    """
    open_groups: dict[str, list[tuple[int, Control]]] = {}
    folded: dict[str, list[Control]] = {}
    seen: set[str] = set()
    few = len(scenario.groups) <= 1
    for setting in islice(settings(scenario), _MOST):
        made, path = _control(setting, data)
        if made.key in seen:  # a short form says several keys at once
            continue
        seen.add(made.key)
        schema = _schema(path)
        title = _group_title(path, few)
        if setting.given or schema in _USUAL:
            rank = -1 if setting.given else _USUAL.index(schema)
            open_groups.setdefault(title, []).append((rank, made))
        else:
            folded.setdefault(title, []).append(made)
    titles = sorted(dict.fromkeys((*open_groups, *folded)), key=_place)
    found = [
        Group(title, tuple(made for _, made in sorted(open_groups[title], key=lambda one: one[0])))
        for title in titles
        if title in open_groups
    ]
    found += [Group(f"{title}: defaults", tuple(folded[title]), True) for title in titles if title in folded]
    return tuple(found)


@lru_cache(4096)
def _schema(path: Path) -> str:
    """A path as `all_keys` has it."""
    return ".".join(schema_path(path) or ())


def control(
    scenario: ResolvedScenario, key: str, data: Mapping[str, Any] | None = None, verb: str = "control"
) -> Control:
    """One key that can be moved.

    Parameters
    ----------
    scenario, data
        As for `controls`.
    key : str
        Its path, as `--set` takes it: `nodes`, `network`, `registry.uplink`.
    verb : str
        Where errors say that it is from.

    Raises
    ------
    UsageError
        If the format has no such key, or it plays no part in the scenario.
    """
    path = parse_path(key, verb)
    every = settings(scenario)
    for found in (path, *_longer(path, scenario)):
        for setting in every:
            if tuple(map(str, setting.path)) == tuple(map(str, found)):
                return _control(setting, data)[0]
    names = [one.key for one in every if str(one.path[0]) == str(path[0])] or [one.key for one in every if one.given]
    raise UsageError(f"{verb} {key}: no such key plays a part here; there are: {', '.join(names[:12])}")


def _longer(path: Path, scenario: ResolvedScenario) -> Iterator[Path]:
    """The paths of the values that a key's short form stands for."""
    if path == ("nodes",) and len(scenario.groups) == 1:
        yield ("nodes", scenario.groups[0].name, "count")
    part = part_at(path)
    if part is not None and part.short is not None and part.short.key is not None:
        yield (*path, part.short.key)
    if len(path) == 2 and path[0] == "nodes":
        yield (*path, "count")
    if len(path) == 2 and path[0] == "images":
        yield (*path, "compressed")


# ---- one of them ----------------------------------------------------------------------------------------


def _control(setting: Setting, data: Mapping[str, Any] | None) -> tuple[Control, Path]:
    """The control of a key, and the path of what it moves: the key, or what says it in a short form with others."""
    path, here, value = setting.path, setting.path, setting.value
    if setting.given and data is not None and (written := _written(data, setting.path)) is not None:
        here, raw, path = written
        value = _as_written(here, raw)
    part = part_at(path)
    assert part is not None  # it is a setting's
    described = _described(part)
    if not setting.given and (described is None or _number(described, value) is None):
        value = ""
    field = part.field
    usual, source = default_of(part) if setting.given else (setting.value, setting.source)
    least, most = _bounds(described, in_bytes(path))
    made = Control(
        key=dotted(here),
        title=_title(path),
        kind=_kind(part, described, value),
        value=value,
        default=not setting.given,
        needed=_is_needed(path, part),
        help=(field.description if field is not None else None) or "",
        usual=usual,
        source=source,
        units=KNOWN_UNITS[described.kind] if isinstance(described, Quantity) else "",
        choices=_choices(part, described),
        least=least,
        most=most,
        slider=None if path[-1] in _NOT_SLID else _slider(described, value, in_bytes(path)),
    )
    return made, path


def _described(part: Part) -> Described | None:
    """How its value is read; of a part with a short form, how that is."""
    if part.described is not None or part.short is None:
        return part.described
    kind = part.short.words
    return Quantity(kind, zero=True) if kind in EXAMPLES else None


def _is_needed(path: Path, part: Part) -> bool:
    """Whether there would be no scenario without it."""
    is_size = path[0] == "images" and path[-1] in ("compressed", "unpacked")
    return is_size or (part.field is not None and part.field.is_required())


@lru_cache(4096)  # a scenario says the same each time, but for what has just been moved
def _said(text: str) -> Any:
    """What a text says as a value of a file; None: it is not YAML."""
    try:
        return read_value(text, "")
    except ScenarioError:
        return None


def _number(described: Described, text: str) -> Any:
    """The value that a text has at a place; None: it cannot stand there."""
    value = _said(text)
    if value is None:
        return None
    try:
        return described.read(value)
    except (PydanticCustomError, UsageError):
        return None


def _kind(part: Part, described: Described | None, value: str) -> ControlKind:
    match described:
        case Quantity(kind="share") | ShareOrCount():
            return "share"
        case Quantity():
            return "quantity"
        case Flag():
            return "switch"
        case Word():
            return "choice"
        case Whole():
            return "list" if value.startswith("[") else "integer"
        case Number():
            return "number"
    if _choices(part, described):
        return "choice"
    return "list" if part.is_list or value.startswith("[") else "text"


def _choices(part: Part, described: Described | None) -> tuple[str, ...]:
    if isinstance(described, Word):
        return described.choices
    if part.short is not None and part.short.words == "on or off":
        return ("on", "off")
    return ()


def _bounds(described: Described | None, is_in_bytes: bool) -> tuple[str, str]:
    match described:
        case Quantity():
            texts = [
                "" if math.isinf(bound) or not bound else plain_text(described.kind, bound, bits=not is_in_bytes)
                for bound in (described.least, described.most)
            ]
            return texts[0], texts[1]
        case Whole():
            return str(described.least), str(described.most)
        case Number():
            return f"{described.least:g}", f"{described.most:g}"
    return "", ""


def _title(path: Path) -> str:
    """What a key is called within its group."""
    top = str(path[0])
    rest = [str(step) for step in path]
    if top in _BY_NAME and len(rest) > 1:
        name, keys = rest[1], rest[2:]
        keys = [] if keys == ["compressed"] else keys
        return " · ".join([name, *([_in_words(keys)] if keys else [])])
    if top == "thresholds":
        return ".".join(rest[1:2])
    if len(rest) == 1 or path[:1] == ("nodes",) and rest[2:] == ["count"]:
        return _in_words(rest[:1])
    return _in_words(rest[2:] if part_at((top,)) is not None and _has_names(top) and len(rest) > 2 else rest[1:])


def _in_words(keys: Sequence[str]) -> str:
    return " ".join(_WORDS.get(key, key.replace("_", " ")) for key in keys)


def _has_names(top: str) -> bool:
    part = part_at((top,))
    return part is not None and part.is_map


def _group_title(path: Path, few: bool) -> str:
    top = str(path[0])
    if len(path) == 1 or part_at((top,)) is None:
        return _TITLES[_LAST]
    title = _TITLES.get(top, top.replace("_", " ").capitalize())
    if not _has_names(top) or top in _BY_NAME or top == "thresholds" or (top == "nodes" and few):
        return title
    return f"{title} · {path[1]}"


def _place(title: str) -> int:
    """Where a group stands."""
    start = title.partition(" · ")[0]
    order = [_TITLES[one] for one in _ORDER]
    return len(order) + 1 if start == _TITLES[_LAST] else order.index(start) if start in order else len(order)


# ---- as it is written -----------------------------------------------------------------------------------


def _written(data: Any, path: Path) -> tuple[Path, Any, Path] | None:
    """Where a key's value stands in a file, perhaps in a short form; that value; and the path of what it says.

    None: nowhere.
    """
    value, part = data, ROOT
    here: Path = ()
    for place, step in enumerate(path):
        inner = part.step(step)
        if inner is None:
            return None
        if isinstance(value, Mapping):
            name = _name_in(value, part, step)
            if name is None:
                return None
            here, value = (*here, name), value[name]
        elif isinstance(value, (list, tuple)):
            if not str(step).isdecimal() or int(step) >= len(value):
                return None
            here, value = (*here, int(step)), value[int(step)]
        else:
            return here, value, path if _stands_for(part, value, path[place:]) else path[:place]
        part = inner
    return here, value, path


def _name_in(value: Mapping[Any, Any], part: Part, step: str | int) -> Any:
    """What a key is called in a map; None: it is not there."""
    if step in value:
        return step
    if step == "equal_layers" and "layers" in value:
        return "layers"
    also = part.short.also if part.short is not None else {}
    return next((other for other, name in also.items() if name == step and other in value), None)


def _stands_for(part: Part, value: Any, rest: Path) -> bool:
    """Whether a short form says one value, which is that of a key."""
    inner: Part | None = part
    for step in rest:
        if not is_long(value) and not isinstance(value, (list, tuple)):
            if inner is None or inner.short is None:
                return False
            try:
                value = inner.short.expand(value)
            except PydanticCustomError:
                return False
        if isinstance(value, Mapping) and [str(key) for key in value] == [str(step)]:
            value = value[next(iter(value))]
        elif isinstance(value, (list, tuple)) and len(value) == 1 and str(step) == "0":
            value = value[0]
        else:
            return False
        inner = None if inner is None else inner.step(step)
    return True


def _as_written(path: Path, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Mapping, list, tuple)):
        return SWITCHES.get(str(path[-1]), "{}") if not value else shown(path, value)
    return str(value)


# ---- sliders --------------------------------------------------------------------------------------------


def _slider(described: Described | None, value: str, is_in_bytes: bool) -> Slider | None:
    """The slider of a value; None: there is no value, or no range for it."""
    if described is None or not value:
        return None
    number = _number(described, value)
    if isinstance(number, bool) or not isinstance(number, (int, float)) or math.isinf(number):
        return None
    match described:
        case Quantity(kind="share"):
            every = tuple((per_cent / 100, f"{per_cent}%") for per_cent in range(0, 101, _PER_CENT))
            steps = tuple(
                one for one in every if described.least <= one[0] <= described.most and (one[0] or described.zero)
            )
        case Quantity():
            steps = _of_quantity(described.kind, number, is_in_bytes)
            steps = tuple(
                one for one in steps if described.least <= one[0] <= described.most and (one[0] or described.zero)
            )
        case Whole() if described.most - described.least <= _FEW:
            steps = tuple((float(one), str(one)) for one in range(described.least, described.most + 1))
        case Whole():
            wholes = sorted({round(one) for one in _decades(number or 1.0)})
            steps = tuple((float(one), str(one)) for one in wholes if described.least <= one <= described.most)
        case Number():
            steps = tuple((one, f"{one:.10g}") for one in _decades(number or 1.0))
            least, most = described.least, described.most
            steps = tuple(one for one in steps if least <= one[0] <= most and (described.equal or one[0] > least))
        case _:
            return None
    return _with(steps, number, value)


def _with(steps: Sequence[tuple[float, str]], number: float, value: str) -> Slider | None:
    """A slider through some steps, the present value among them."""
    if not steps:
        return None
    near = min(range(len(steps)), key=lambda place: abs(steps[place][0] - number))
    if math.isclose(steps[near][0], number, rel_tol=1e-9):
        texts = [text for _, text in steps]
        texts[near] = value
        return Slider(tuple(texts), near)
    every = sorted((*steps, (number, value)), key=lambda one: one[0])
    return Slider(tuple(text for _, text in every), every.index((number, value)))


@lru_cache(512)  # the same quantities again and again
def _of_quantity(kind: Kind, number: float, is_in_bytes: bool) -> tuple[tuple[float, str], ...]:
    """Steps around a quantity, which are round as people write it."""
    bits = kind == "rate" and not is_in_bytes
    scale = _BITS if bits else 1
    zero = ((0.0, plain_text(kind, 0.0, bits)),)
    if number == 0.0:
        if kind not in _FROM_ZERO:
            return ()
        number = _FROM_ZERO[kind] * 10**_BELOW
    steps = tuple((one / scale, plain_text(kind, one / scale, bits)) for one in _decades(number * scale))
    return (*zero, *steps) if kind == "time" else steps


def _decades(number: float) -> list[float]:
    """Round numbers from the decade below that of a number to the second one above."""
    first = math.floor(math.log10(number) + 1e-9) - _BELOW
    every = [
        float(f"{step * 10.0**decade:.3g}") for decade in range(first, first + _BELOW + _ABOVE) for step in _WITHIN
    ]
    return [*every, float(f"{10.0 ** (first + _BELOW + _ABOVE):.3g}")]
