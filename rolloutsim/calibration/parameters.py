"""The numbers that a calibration may fit: which keys, within which bounds, and what each is at first.

A number that the scenario gives is taken to be known, unless the remark behind it says that it was assumed or
calibrated. A default is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from typing import Any, Literal

from rolloutsim.errors import UsageError
from rolloutsim.imports.editing import remarks_of
from rolloutsim.scenario.assumed import assumptions, value_at
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.resolved import NodeGroup, ResolvedScenario
from rolloutsim.structs import struct
from rolloutsim.units import exact_text, format_byte_rate, format_rate, format_time

Kind = Literal["uplink", "nic", "connection", "fixed", "unpack", "disk"]
_UNSURE = ("assumed", "calibrated")
_REMARK = re.compile(r"#\s*(assumed|calibrated)\b")


@struct
class Bounds:
    """What a number may be, and how far from its default it usually is.

    Parameters
    ----------
    low, high : float
        Between which it is looked for [B/s, or s].
    spread : float
        Standard deviation of its logarithm among clusters, for what is not fitted.
    says : str
        What it is, in words.
    """

    low: float
    high: float
    spread: float
    says: str


# Assumed: from a tenth of the slowest to some times the fastest that is sold, as of 2026. Spreads, assumed: nine of ten
# clusters within a factor of 3 (cores, disks), 10 (networks), 100 (fixed times: proxies, tokens, slow manifests) of
# what the scenario has, which is 1.645 standard deviations.
BOUNDS: dict[Kind, Bounds] = {
    "uplink": Bounds(1e6, 5e10, log(10.0) / 1.645, "the registry's uplink"),
    "nic": Bounds(1e6, 5e10, log(10.0) / 1.645, "the nodes' NIC"),
    "connection": Bounds(1e5, 1.25e10, log(10.0) / 1.645, "the cap of each connection"),
    "fixed": Bounds(1e-3, 60.0, log(100.0) / 1.645, "the fixed time of each pull"),
    "unpack": Bounds(5e6, 5e9, log(3.0) / 1.645, "unpacking"),
    "disk": Bounds(5e6, 2e10, log(3.0) / 1.645, "the disks"),
}
_USUAL = 1.25e8  # of what has no limit in the scenario [B/s]: 1 Gbit/s (assumed)
# What limits a rate and nothing else: one that is wide enough changes no time at all.
CAPS: tuple[Kind, ...] = ("uplink", "nic", "connection")


@struct
class Parameter:
    """A number that nobody knows.

    Parameters
    ----------
    kind : str
        What it is.
    paths : tuple of tuple of str
        Of its keys: groups whose nodes are alike in it have the same.
    at_first : float or None
        What the scenario has [B/s, or s]; None: it has no limit.
    is_given : bool
        Whether the scenario gives it, and so it stays as it is.
    is_asked_for : bool
        Whether it is to be fitted whatever else is.
    """

    kind: Kind
    paths: tuple[tuple[str, ...], ...]
    at_first: float | None
    is_given: bool
    is_asked_for: bool

    @property
    def key(self) -> str:
        """The key, as `--set` takes it, the first of several."""
        return ".".join(self.paths[0])

    @property
    def is_cap(self) -> bool:
        """Whether it limits a rate and nothing else."""
        return self.kind in CAPS

    @property
    def bounds(self) -> Bounds:
        """What it may be."""
        return BOUNDS[self.kind]

    @property
    def prior(self) -> float:
        """What its logarithm is taken to be beforehand: as in the scenario; of what has no limit there, as usual."""
        return log(self.clipped(_USUAL if self.at_first is None else self.at_first))

    def clipped(self, value: float) -> float:
        """A value within the bounds."""
        return min(max(value, self.bounds.low), self.bounds.high)

    def text(self, place: float) -> str:
        """The value of a logarithm as a scenario has it, to all digits."""
        return exact_text("time" if self.kind == "fixed" else "rate", exp(place))

    def shown(self, value: float) -> str:
        """A value [B/s, or s] for people."""
        if self.kind == "fixed":
            return format_time(value)
        return format_byte_rate(value) if self.kind in ("unpack", "disk") else format_rate(value)


def parameters(
    draft: Draft,
    scenario: ResolvedScenario,
    registries: Sequence[str],
    groups: Sequence[int],
    fit: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> list[Parameter]:
    """The numbers that may be fitted, and those that are given.

    Parameters
    ----------
    draft, scenario
        The scenario: as read, and resolved.
    registries : sequence of str
        Those that served pulls that were seen.
    groups : sequence of int
        Those whose nodes pulled.
    fit, keep : sequence of str
        Keys to fit though the scenario gives them, and not to fit though it does not.

    Raises
    ------
    UsageError
        If one of these keys is none that can be fitted.
    """
    remarks = remarks_of("\n".join(draft.places.lines))
    remarks |= dict.fromkeys(_assumed(draft), "assumed")
    alike: dict[tuple[Kind, float | None, bool, bool, str], list[tuple[str, ...]]] = {}
    for kind, path, at_first in [
        *(each for name in registries for each in _of_registry(scenario, draft, name)),
        *(each for number in groups for each in _of_group(scenario.groups[number])),
    ]:
        key = ".".join(path)
        is_given = any(_is_given(draft, remarks, way) for way in (path, *_elsewhere(kind, path)))
        is_given = (is_given or key in keep) and key not in fit
        whose = path[1] if path[0] == "registries" else ""  # each registry has its own
        alike.setdefault((kind, at_first, is_given, key in fit, whose), []).append(path)
    keys = {".".join(path) for paths in alike.values() for path in paths}
    for key in (*fit, *keep):
        if key not in keys:
            raise UsageError(f"{key} is no number that these pulls could tell; those are: {', '.join(sorted(keys))}")
    return [
        Parameter(kind, tuple(paths), first, is_given, is_asked_for)
        for (kind, first, is_given, is_asked_for, _), paths in alike.items()
    ]


def _of_registry(scenario: ResolvedScenario, draft: Draft, name: str) -> Iterator[_Candidate]:
    registry = scenario.registries[name]
    root = ("registries", name) if draft.data.get("registries") else ("registry",)
    links = (scenario.links[link] for link in registry.path)
    yield "uplink", (*root, "uplink"), next((one.line_rate for one in links if one.kind == "registry_uplink"), None)
    yield "connection", (*root, "connection_cap"), registry.connection_cap


def _of_group(group: NodeGroup) -> Iterator[_Candidate]:
    root = ("nodes", group.name)
    yield "nic", (*root, "nic"), group.nic_line_rate
    yield "fixed", (*root, "resolve_time"), group.runtime.resolve_time
    yield "unpack", (*root, "unpack", "rate"), group.unpack_rate
    yield "disk", (*root, "disk", "rate"), group.disk


_Candidate = tuple[Kind, tuple[str, ...], float | None]


def _elsewhere(kind: Kind, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Where else the number may be given: short forms, and the line rate of every NIC."""
    if kind in ("unpack", "disk"):
        return [path[:-1]]
    return [("network", "rate"), ("network",)] if kind == "nic" else []


def _assumed(draft: Draft) -> Iterator[tuple[str, ...]]:
    """Where the values stand that the scenario calls assumed, in its short forms, too."""
    for path in assumptions(draft.data):
        steps = tuple(map(str, path))
        yield steps
        if steps[:-1] and not isinstance(value_at(draft.data, path[:-1], opened=False), Mapping):
            yield steps[:-1]


def _is_given(draft: Draft, remarks: Mapping[tuple[str, ...], str], path: tuple[str, ...]) -> bool:
    value: Any = draft.data
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None or isinstance(value, Mapping):
        return False
    if any(remarks.get(path[:length], "").startswith(_UNSURE) for length in range(1, len(path) + 1)):
        return False
    place = draft.places.find(path)
    span = None if place is None else place.value
    if span is None or span.line > len(draft.places.lines):
        return True
    return _REMARK.search(draft.places.lines[span.line - 1]) is None
