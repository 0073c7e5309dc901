"""The scenario as a reader wants to see it: what was given, and which defaults stand in for what was not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rolloutsim.planning.trials import document_of
from rolloutsim.results.shown.tabular import TEXT, Table, of_tuples
from rolloutsim.scenario import explain
from rolloutsim.scenario.assumed import KEY as ASSUMED
from rolloutsim.scenario.assumed import assumptions, value_at, why_assumed
from rolloutsim.scenario.defaults import DEFAULT_RUNTIME, PROFILES
from rolloutsim.scenario.ideal import switched_off
from rolloutsim.scenario.images import layers
from rolloutsim.scenario.model import COMPRESSION_RATIO, GroupSpec, NetworkSpec, RegistrySpec
from rolloutsim.scenario.model.rollout import RolloutSpec
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resources import PULLED, Resource
from rolloutsim.scenario.settings import leaves
from rolloutsim.scenario.structure import part_at

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario


def _rate_of(resource: Resource) -> tuple[str, ...]:
    """Where a resource's rate stands in the long form of a group."""
    part = part_at(("nodes", "group", *resource.key))
    return (*resource.key, "rate") if part is not None and part.keys else resource.key


# Keys with defaults that a result depends on: (where they stand in the document, the keys).
_RATES = {".".join(_rate_of(one)): one.is_network for one in PULLED}
_BESIDE = {"disk.rate": ("disk.capacity",), "unpack.rate": ("unpack.cores",)}
_NODE_KEYS = (
    *(key for rate in _RATES for key in (rate, *_BESIDE.get(rate, ()))), "runtime", "parallel_layers", "slots_per",
    "resolve_round_trips", "resolve_time", "layer_round_trips", "layer_time", "kept_connections", "finish_time",
    "start", "stagger",
)  # fmt: skip
_POD_KEYS = (
    "kubelet",
    "serialize_image_pulls",
    "registry_pull_qps",
    "registry_burst",
    "image_backoff.initial",
    "image_backoff.max",
    "image_backoff.requeue",
)
_NETWORK_KEYS = ("mtu", "efficiency", "latency", "buffer", "queue", "fairness", "congestion_control", "tcp_window")
_FAIRNESS_KEYS = ("fairness.sigma", "fairness.memory", "fairness.conquest")
_REGISTRY_KEYS = (
    "uplink",
    "storage",
    "max_connections",
    "ttfb",
    "manifest_ttfb",
    "connection_cap",
    "tcp_window",
    "tls",
)
_MANAGER_KEYS = ("qps", "burst")
_ROLLOUT_KEYS = ("max_surge", "max_unavailable", "min_ready", "step_overhead", "startup", "termination")
# What the ideal model switches off, whatever its default, and what matters to nothing else.
_REAL_ONLY = (
    *(key for part in (GroupSpec, NetworkSpec, RegistrySpec, RolloutSpec) for key in switched_off(part)),
    "runtime", "unpack.cores", "congestion_control", *_FAIRNESS_KEYS,
)  # fmt: skip
_MOST_GIVEN = 400  # rows (assumed: a few pages)
_MOST_IMAGES = 4  # that a row names (assumed: what fits a line)


def given_table(scenario: ResolvedScenario) -> Table:
    """Path and value of everything that the scenario says; with overrides, which of it they say.

    What it calls assumed is called that; why, `assumed_table` says.
    """
    document = json.loads(scenario.document) if scenario.document else {}
    assumed = assumptions(document)
    given = [
        (path, value if why_assumed(path, assumed) is None else f"{value} (assumed)")
        for path, value in leaves(document, ())
        if path != ("rolloutsim",) and path[0] != ASSUMED
    ]
    overrides = {parse_path(path): by for path, by in scenario.overrides.items()}
    rows = [(dotted(path), value, *((_by(path, overrides),) if overrides else ())) for path, value in given]
    headings = ("key", "value", "given by")[: 2 + bool(overrides)]
    if len(rows) > _MOST_GIVEN:
        changed = [row for row in rows[_MOST_GIVEN:] if row[-1] != "file"] if overrides else []
        left = len(rows) - _MOST_GIVEN - len(changed)
        rows = [*rows[:_MOST_GIVEN], *changed, (f"and {left} more", *[""] * (len(headings) - 1))]
    return of_tuples([(heading, TEXT) for heading in headings], rows)


def assumed_table(scenario: ResolvedScenario) -> Table | None:
    """Key, value and reason of what the scenario gives and nobody measured; None: it calls nothing assumed."""
    document = json.loads(scenario.document) if scenario.document else {}
    rows = [
        (dotted(path), ", ".join(value for _, value in leaves(value_at(document, path), path)), why)
        for path, why in assumptions(document).items()
    ]
    headings = ("key", "assumed value", "why")
    return of_tuples([(heading, TEXT) for heading in headings], rows) if rows else None


def defaults_table(scenario: ResolvedScenario) -> Table:
    """Key, default and its source of what the scenario leaves open, as far as it plays a part."""
    document = json.loads(scenario.document) if scenario.document else {}
    has_pods = any(case.workloads for case in scenario.cases)
    of_groups: list[tuple[str, str, str, str]] = []
    groups = document.get("nodes", {})
    for name, group in groups.items():
        keys = (*_NODE_KEYS, *(_POD_KEYS if has_pods else ()))
        profile = PROFILES[group.get("runtime", DEFAULT_RUNTIME)]
        for key, default, source in _open(group, keys, "nodes.<group>", scenario):
            own = profile.get(key)
            of_groups.append((name, key, own.shown if own else default, own.source if own else source))
    rows: list[tuple[str, ...]] = [*_of_several("nodes", "<group>", of_groups, len(groups))]
    network = document.get("network", {})
    uneven = _FAIRNESS_KEYS if network.get("fairness", "off") != "off" else ()
    manager = document.get("controller_manager", {})
    if scenario.api_calls is not None:
        rows += _shown(("controller_manager",), _open(manager, _MANAGER_KEYS, "controller_manager", scenario))
    for key, default, source in _open(network, (*_NETWORK_KEYS, *uneven), "network", scenario):
        if key != "efficiency" or "mtu" not in network:  # which stands for it
            rows.append((dotted(("network", *key.split("."))), default, source))
    registries = [*_registries(document, scenario)]
    of_registries = [
        (str(path[-1]), *found)
        for path, registry in registries
        for found in _open(registry, _REGISTRY_KEYS, "registries.<registry>", scenario)
    ]
    if "registries" in document:
        rows += _of_several("registries", "<registry>", of_registries, len(registries))
    else:
        rows += [(dotted((name, *key.split("."))), *more) for name, key, *more in of_registries]
    rows += _ratio(scenario)
    if has_pods:
        rows += _shown(("rollout",), _open(document.get("rollout", {}), _ROLLOUT_KEYS, "rollout", scenario))
    return of_tuples([("key", TEXT), ("default", TEXT), ("source", TEXT)], rows)


def _by(path: Path, overrides: Mapping[Path, str]) -> str:
    """Who says what stands at a path: the file, or an override of it or of what it is in."""
    spellings = {tuple(map(str, path)), tuple(step for step in path if not isinstance(step, int))}
    for override, by in overrides.items():
        steps = tuple(map(str, override))
        if any(spelling[: len(steps)] == steps for spelling in spellings):
            return by
    return "file"


def _registries(document: Mapping[str, Any], scenario: ResolvedScenario) -> Iterator[tuple[Path, Any]]:
    """Where each registry stands, and what it says itself."""
    if "registries" in document:
        yield from ((("registries", name), registry) for name, registry in document["registries"].items())
    elif scenario.registries:
        yield ("registry",), document.get("registry", {})


def _of_several(
    part: str, each: str, found: Sequence[tuple[str, str, str, str]], count: int
) -> Iterator[tuple[str, ...]]:
    """Keys of parts with names; what all of several leave open, with the same default, stands there once."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for name, *rest in found:
        key, default, source = rest
        names.setdefault((key, default, source), []).append(name)
    for (key, default, source), having in names.items():
        if len(having) == count > 1:
            yield f"{part}.{each}.{key}", default, source
        else:
            for name in having:
                yield dotted((part, name, *key.split("."))), default, source


def _ratio(scenario: ResolvedScenario) -> Iterator[tuple[str, ...]]:
    """The ratio of images that give none, where sizes are taken from it."""
    if scenario.model == "ideal" or not scenario.document:
        return
    document = document_of(scenario.document)
    images = [
        name for name in layers(document).ratios.get(COMPRESSION_RATIO, ()) if document.images[name].ratio is None
    ]
    if not images:
        return
    every = len(images) == len(document.images) > 1
    more = f" and {len(images) - _MOST_IMAGES} more" if len(images) > _MOST_IMAGES else ""
    of = "" if every or len(images) == 1 else f" (of {', '.join(images[:_MOST_IMAGES])}{more})"
    explanation = explain("images.<image>.ratio")
    key = dotted(("images", images[0], "ratio")) if len(images) == 1 else "images.<image>.ratio"
    yield key, explanation.default + of, explanation.source


def _open(given: Any, keys: Sequence[str], path: str, scenario: ResolvedScenario) -> Iterator[tuple[str, str, str]]:
    """The keys that a part leaves open, with their defaults and sources."""
    for key in keys:
        if not _has(given, key) and not (scenario.model == "ideal" and key in _REAL_ONLY):
            explanation = explain(f"{path}.{key}")
            yield key, explanation.default, explanation.source


def _shown(path: Path, rows: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, ...]]:
    return ((dotted((*path, *key.split("."))), *more) for key, *more in rows)


def _has(given: Any, key: str) -> bool:
    for step in key.split("."):
        if not isinstance(given, Mapping) or step not in given:
            return False
        given = given[step]
    return True
