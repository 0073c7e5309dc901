"""The numbers that a case's rollout time may depend on, and the overrides that make each a little smaller and larger.

Found in the format's own model, so that a new key is an input as soon as the format has it: every number that the
scenario gives or that has a default other than zero, of the parts that take part in the case. A rate that the scenario
gives for many (`network.rate`) is looked at where it acts; the layers of an image grow and shrink together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rolloutsim.planning.changes.situation import Situation, assign
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.defaults import PROFILES
from rolloutsim.scenario.fields import Frequency, Number, Quantity, ShareOrCount, Whole
from rolloutsim.scenario.links import line_rate, shared_links
from rolloutsim.scenario.model import DistributionSpec
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resources import in_bytes
from rolloutsim.scenario.servers import registries, registry_path
from rolloutsim.scenario.strategies import OWN_KEYS, wanted
from rolloutsim.scenario.structure import part_at
from rolloutsim.structs import struct
from rolloutsim.units import Kind, parse_share, plain_text

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Overrides

STEP = 0.1  # of the value, each way
_FACTORS = (1.0, 1.0 - STEP, 1.0 + STEP)
_SMALL = 10  # a count below it is changed by one, which is more than a step

# Not inputs of the rollout: what it is called, how often it is simulated, and when something happens beside it.
_NOT_INPUTS = (
    "rolloutsim", "name", "description", "model", "seed", "replications", "thresholds", "sweep", "variants", "images",
    "prices", "mtu", "at", "from", "until", "registry", "registries", "horizon", "progress_deadline",
)  # fmt: skip
_OF_STRATEGIES = ("max_surge", "max_unavailable", "step_overhead")  # found by workload, defaults included
_OF_PODS = (
    "registry_pull_qps", "registry_burst", "image_backoff", "max_parallel_image_pulls", "pull_progress_timeout",
    "image_gc", "eviction_hard", "controller_manager",
)  # fmt: skip


# Defaults of a group that hang on its other keys, by what the resolved group calls them.
_OF_GROUPS: Mapping[Path, str] = {
    ("unpack", "cores"): "unpack_cores", ("unpack", "stored_rate"): "stored_rate", ("disk", "iops"): "disk_iops",
}  # fmt: skip


@struct
class Input:
    """A number of a scenario.

    Parameters
    ----------
    path : str
        Where it stands, as `--set` takes it.
    value, low_value, high_value : str
        As it is, and a step smaller and larger.
    low, high : tuple of str
        The overrides that make it so.
    by : str
        The step: `10%`, `1` for a small count, or `3 points` of a percentage that must be whole.
    share : float
        Of the time, what the causes take that it changes most directly [1]; what takes more is tried first.
    """

    path: str
    value: str
    low_value: str
    high_value: str
    low: Overrides
    high: Overrides
    by: str = "10%"
    share: float = 0.0


def inputs(situation: Situation) -> tuple[Input, ...]:
    """All inputs of a case."""
    shares = _Shares(situation)
    return tuple(replace(one, share=shares.of(one.path)) for one in _Inputs(situation).all())


# What shared links are set by, by their kind, behind the place where they are made.
_OF_LINKS: Mapping[str, tuple[str, ...]] = {
    "registry_uplink": ("uplink", "replicas"), "registry_storage": ("storage", "disk"), "link": ("capacity", "rate"),
    "rack": ("uplink", "oversubscription"), "site": ("uplink",),
}  # fmt: skip
# What an image weighs, and how many nodes and pods pull it, is behind whatever takes most of the time.
_LOADS = ("images.<image>", "nodes.<group>.count", "workloads.<workload>.replicas")
# Where keys may stand besides: a scenario with one registry, and rollouts of one workload.
_ELSEWHERE = (("registries.<registry>.", "registry."), ("rollout.", "workloads.<workload>.rollout."))


class _Shares:
    """What the causes take that keys change most directly: those that are declared with a cause, and those of links."""

    def __init__(self, situation: Situation) -> None:
        self.largest = situation.largest_share
        found: dict[str, set[str]] = {}
        for cause in CAUSES.values():
            for key in cause.keys:
                for one in (key, *(f"{own}{key.removeprefix(of)}" for of, own in _ELSEWHERE if key.startswith(of))):
                    found.setdefault(one, set()).add(cause.name)
        for line in shared_links(situation.document):
            for key in _OF_LINKS[line.kind]:
                found.setdefault(dotted((*line.path, key)), set()).add(line.name)
        self.shares = [(_pattern(key), situation.share(causes)) for key, causes in found.items()]
        self.shares += [(_pattern(key), self.largest) for key in _LOADS]

    def of(self, path: str) -> float:
        """The largest share of those that a path belongs to [1]."""
        return max((share for pattern, share in self.shares if pattern.fullmatch(path)), default=0.0)


def _pattern(key: str) -> re.Pattern[str]:
    """The paths that a key with places in it (`nodes.<group>.nic`) stands for, and what is below them."""
    name = r"(?:\[.*?\]|\.[^.\[]+)"
    parts = (name if part[:2] == ".<" else re.escape(part) for part in re.split(r"(\.<[^>]*>)", key))
    return re.compile(rf"{''.join(parts)}(?:[.\[].*)?")


class _Inputs:
    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.document = situation.document
        self.groups = {group.name: group for group in situation.groups}

    def all(self) -> Iterator[Input]:
        yield from self._images()
        known = registries(self.document)
        for name in self.situation.registries:
            yield from self._walk(known[name], registry_path(self.document, name))
        yield from self._walk(self.document, ())
        yield from self._strategies()

    def _walk(self, value: Any, path: Path) -> Iterator[Input]:
        """The numbers in a part of the document."""
        part = part_at(path)
        assert part is not None
        for key in part.keys or ():
            inner = part.step(key)
            if inner is None or key in _NOT_INPUTS or (*path, key) == ("network", "rate"):
                continue
            if key in _OF_STRATEGIES or key in _OF_PODS and not self.situation.case.workloads:
                continue
            here, fields = (*path, key), part.kind.model_fields.items()
            found = getattr(value, next(name for name, info in fields if key == (info.alias or name)))
            found = self._default(here) if found is None else found
            entries: dict[str | int, Any] = {}
            if here == ("nodes",):
                entries = {name: found[name] for name in found if name in self.groups}
            elif inner.is_map:
                entries = found or {}
            elif inner.is_list:
                entries = dict(enumerate(found or ()))
            elif isinstance(found, DistributionSpec):
                yield from self._random_time(here, found)
            elif isinstance(found, Spec):
                yield from self._walk(found, here)
            elif inner.described is not None:
                yield from self._number(here, inner.described, found)
            for name, entry in entries.items():
                if isinstance(entry, Spec):
                    yield from self._walk(entry, (*here, name))

    def _default(self, path: Path) -> Any:
        """What stands for a key that is not given, where that depends on others."""
        if path[0] == "nodes" and path[2:] in _OF_GROUPS:
            return getattr(self.groups[str(path[1])], _OF_GROUPS[path[2:]])
        if path[0] == "nodes" and len(path) == 3:
            group = self.document.nodes[str(path[1])]
            if path[2] == "nic":
                return line_rate(group.nic, self.document)
            if path[2] in PROFILES[group.runtime]:
                return getattr(self.groups[str(path[1])].runtime, str(path[2]), None)
        if path[-1] == "uplink" and path[0] in ("registry", "registries"):
            return self.document.network.rate
        return None

    def _number(self, path: Path, described: Any, value: Any) -> Iterator[Input]:
        match described, value:
            case _, Frequency():
                counts = (_scaled(value.count, factor) for factor in _FACTORS)
                yield _input(path, [str(Frequency(count, value.period)) for count in counts])
            case ShareOrCount(), str():
                yield from self._amount(path, value)
            case _, bool():
                pass
            case _, int() | float() if value == 0 or not math.isfinite(value):
                pass
            case Quantity(), int() | float():
                yield _input(path, _texts(described.kind, value, bits=not in_bytes(path)))
            case Whole() | ShareOrCount(), int() | float():
                yield _input(path, *_counted(int(value)))
            case Number(), int() | float():
                yield _input(path, [f"{value * factor:.12g}" for factor in _FACTORS])

    def _strategies(self) -> Iterator[Input]:
        """How many pods a controller replaces at a time, and its own time for each."""
        resolved = {workload.name: workload for workload in self.situation.case.workloads}
        for one in wanted(self.document):
            if one.name not in resolved:
                continue
            path = one.path if one.spec is None else (*one.path, "rollout")
            for key, value in (("max_surge", one.surge()), ("max_unavailable", one.unavailable())):
                if key in OWN_KEYS[one.strategy]:
                    yield from self._amount((*path, key), value)
            overhead = resolved[one.name].strategy.step_overhead
            if overhead:
                yield _input((*path, "step_overhead"), _texts("time", overhead))

    def _amount(self, path: Path, value: int | str) -> Iterator[Input]:
        if isinstance(value, str):
            yield _input(path, *_percents(parse_share(value)))
        elif value:
            yield _input(path, *_counted(value))

    def _random_time(self, path: Path, spec: Any) -> Iterator[Input]:
        """A random time as a whole: all its bounds or quantiles together."""
        given = {key: time for key, time in spec if time is not None}
        if not any(given.values()):
            return
        values = [{key: _times(plain_text("time", time), factor) for key, time in given.items()} for factor in _FACTORS]
        as_is, less, more = map(_together, values)
        yield Input(dotted(path), as_is, less, more, (assign(path, values[1]),), (assign(path, values[2]),))

    def _images(self) -> Iterator[Input]:
        """The sizes of each image's own layers, wherever else these are mentioned, and its ratio."""
        images = self.document.images
        chain: dict[str, None] = {}
        for image in self.situation.records.images:
            name: str | None = image.name
            while name is not None and name not in chain:
                chain[name] = None
                name = images[name].base
        for name in chain:
            own = {digest for digest, _, _ in self._sizes(name)}
            mentions = [one for other in images for one in self._sizes(other) if one[0] in own]
            if not mentions:
                continue
            whole = sum(size for digest, path, size in mentions if path[1] == name and path[-1] == "compressed")
            shown = _texts("size", _scaled(whole, 1.0))
            low, high = (
                tuple(assign(path, _times(plain_text("size", size), factor)) for _, path, size in mentions)
                for factor in _FACTORS[1:]
            )
            yield Input(dotted(("images", name)), shown[0], shown[1], shown[2], low, high)

    def _sizes(self, name: str) -> Iterator[tuple[str, Path, float]]:
        """Digest, path and value of every size that an image gives itself."""
        spec, path = self.document.images[name], ("images", name)
        parts = {path: (spec.digest or f"{name}/0", spec)} if spec.layers is None else {
            (*path, "layers", layer): (one.digest or f"{name}/{layer}", one) for layer, one in spec.layers.items()
        }  # fmt: skip
        for here, (digest, one) in parts.items():
            for key in ("compressed", "unpacked"):
                size = getattr(one, key)
                if size:
                    yield digest, (*here, key), size


def _texts(kind: Kind, value: float, bits: bool = False) -> list[str]:
    return [_times(plain_text(kind, value, bits), factor) for factor in _FACTORS]


def _input(path: Path, texts: Sequence[str], by: str = "10%") -> Input:
    value, low, high = texts
    return Input(dotted(path), value, low, high, (assign(path, low),), (assign(path, high),), by)


def _together(times: Mapping[str, str]) -> str:
    """The one that all are, or each with its name."""
    only = set(times.values())
    return only.pop() if len(only) == 1 else ", ".join(f"{key} {time}" for key, time in times.items())


def _counted(value: int) -> tuple[Sequence[str], str]:
    """A count, a step less and more, and the step."""
    step = round(STEP * value) if value >= _SMALL else 1
    return (str(value), str(value - step), str(value + step)), "10%" if value >= _SMALL else "1"


def _percents(share: float) -> tuple[Sequence[str], str]:
    """A share of pods, a step less and more, and the step: Kubernetes takes no fractions of a per cent.

    k8s.io/apimachinery `pkg/util/validation/validation.go` (`IsValidPercent`).
    """
    step = max(math.floor(100 * STEP * share + 0.5), 1) / 100
    every = (share, max(share - step, 0.0), share + step)
    return [plain_text("share", float(f"{one:.12g}")) for one in every], f"{round(100 * step)} points"


def _times(text: str, factor: float) -> str:
    """A quantity times a factor, in its own unit and with six digits: 1.1 × 125 MiB/s is 137.5 MiB/s."""
    if factor == 1.0:
        return text
    found = re.fullmatch(r"([0-9.]+)(.*)", text)
    assert found is not None
    return f"{Decimal(f'{float(found[1]) * factor:.6g}'):f}{found[2]}"


def _scaled(value: float, factor: float) -> float:
    """A value times a factor, without the noise of binary fractions: 1.1 × 346 is 380.6."""
    return float(f"{value * factor:.12g}")
