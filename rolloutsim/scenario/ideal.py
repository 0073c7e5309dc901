"""What `model: ideal` switches off, declared once: for each part of a scenario, keys and what they are in its place.

Protocol overhead, latency, queues, uneven sharing, windows, the time for requests, cold objects, limits on connections
and on controllers' calls, what caches ask their upstreams, disks, unpacking, start-up, the overhead of controllers and
of kubelets' looks. What stays is
bandwidth (storage included), layer slots, caches, caps and background, and all policies: strategies, kubelets, rate
limits, what pull-through caches do with what they lack, failures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, TypeVar

from rolloutsim.scenario.defaults import QUEUE
from rolloutsim.scenario.model import (
    CacheSpec,
    DiskSpec,
    Document,
    GroupSpec,
    LinkSpec,
    MirrorSpec,
    NetworkSpec,
    PeersSpec,
    PolicySpec,
    RegistrySpec,
    UnpackSpec,
    WorkloadSpec,
)
from rolloutsim.scenario.model.caches import CacheTripsSpec, LockSpec
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.model.network import RacksSpec, SitesSpec
from rolloutsim.scenario.model.nodes import BackoffSpec, SnapshotterSpec, TimeoutsSpec
from rolloutsim.scenario.model.registries import RedirectSpec
from rolloutsim.scenario.model.rollout import ControllerManagerSpec, RolloutSpec

Part = TypeVar("Part", bound=Spec)

_OF_SERVERS: Mapping[str, Any] = {
    "max_connections": inf, "efficiency_at": {}, "ttfb": 0.0, "manifest_ttfb": None, "tcp_window": None,
    "first_fetch": None, "tls": False,
}  # fmt: skip

SWITCHED_OFF: Mapping[type[Spec], Mapping[str, Any]] = {
    NetworkSpec: {
        "mtu": None, "efficiency": 1.0, "latency": 0.0, "buffer": 0.0, "queue": QUEUE.value, "tcp_window": inf,
        "fairness": None,
    },
    LinkSpec: {"latency": 0.0, "buffer": 0.0, "queue": None},
    RacksSpec: {"latency": 0.0},
    SitesSpec: {"latency": 0.0},
    RegistrySpec: _OF_SERVERS,
    MirrorSpec: _OF_SERVERS,
    PeersSpec: {
        "look_up": 0.0, "timeout": 0.0, "remembers": 0.0, "remembers_nobody": 0.0, "hedge": inf, "announce": 0.0,
    },
    CacheSpec: {**_OF_SERVERS, "authenticates": True, "manifest_late": 0.0},
    CacheTripsSpec: {"tag": 0.0, "manifest": 0.0, "layer": 0.0},
    LockSpec: {"poll": 0.0},
    RedirectSpec: {"ttfb": 0.0},
    # Of a runtime that takes no time, a kept connection would save none.
    GroupSpec: {
        "stagger": 0.0, "resolve_round_trips": 0.0, "resolve_time": 0.0, "layer_round_trips": 0.0, "layer_time": 0.0,
        "kept_connections": 0, "finish_time": 0.0,
        "timeouts": TimeoutsSpec.model_construct(dial=inf, tls=inf, header=inf), "volume_snapshot": None,
    },
    DiskSpec: {"rate": inf, "iops": None, "sync": 0.0, "dirty_ratio": 0.0, "capacity": None},
    UnpackSpec: {"rate": inf, "stored_rate": None},
    BackoffSpec: {"requeue": "exact"},
    # Without round trips it does not matter how much one read fetches.
    SnapshotterSpec: {"index": 0.0},
    RolloutSpec: {"startup": None, "step_overhead": 0.0},
    PolicySpec: {"step_overhead": 0.0},
    WorkloadSpec: {"startup": None},
    ControllerManagerSpec: {"qps": inf},
}  # fmt: skip

# What matters to nothing that is left: it goes with what is switched off.
FOLLOWING = ("cores", "memory", "layer_syncs", "syncs_blobs", "used", "old_images", "ratio", "files",
             "congestion_control")  # fmt: skip


def idealised(document: Document) -> Document:
    """The document of which only that is left which the ideal model has."""
    if document.registry is None and document.registries is None:
        document = document.model_copy(update={"registry": RegistrySpec()})
    return _idealised(document)


def _idealised(part: Part) -> Part:
    changes = dict(SWITCHED_OFF.get(type(part), {}))
    for name, value in part.__dict__.items():
        if name not in changes and (inner := _inside(value)) is not value:
            changes[name] = inner
    return part.model_copy(update=changes) if changes else part


def _inside(value: Any) -> Any:
    """A value, with what is inside of it idealised; the same one where nothing changes."""
    if isinstance(value, Spec):
        return _idealised(value)
    if isinstance(value, Mapping):
        found = {key: _inside(one) for key, one in value.items()}
        return value if all(found[key] is value[key] for key in value) else found
    return value


def switched_off(part: type[Spec], prefix: str = "") -> Iterator[str]:
    """The keys of a part that are switched off, and those of what is inside of it: `disk.rate`."""
    for key in SWITCHED_OFF.get(part, {}):
        yield prefix + key
    for name, field in part.model_fields.items():
        for inner in _specs(field.annotation):
            yield from switched_off(inner, f"{prefix}{name}.")


def _specs(annotation: Any) -> Iterator[type[Spec]]:
    """The parts that a field may hold itself; those in maps have names of the user's."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
