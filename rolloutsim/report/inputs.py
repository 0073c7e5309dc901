"""The scenario as a reader wants to see it: what was given, and which defaults stand in for what was not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rolloutsim.results.figures import show_byte_rate, show_rate, show_size, show_time
from rolloutsim.results.tables import Column, Table
from rolloutsim.scenario import explain

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario

# Keys with defaults that a result depends on: (where they stand in the document, the keys).
_NODE_KEYS = (
    "nic", "disk", "unpack.rate", "unpack.cores", "runtime", "parallel_layers", "slots_per", "resolve_round_trips",
    "resolve_time", "layer_round_trips", "layer_time", "finish_time", "start",
)  # fmt: skip
_POD_KEYS = (
    "serialize_image_pulls",
    "registry_pull_qps",
    "registry_burst",
    "image_backoff.initial",
    "image_backoff.max",
)
_NETWORK_KEYS = ("mtu", "efficiency", "latency", "buffer", "fairness", "congestion_control")
_REGISTRY_KEYS = ("uplink", "storage", "max_connections", "ttfb", "connection_cap", "tls")
_ROLLOUT_KEYS = ("max_surge", "max_unavailable", "min_ready", "step_overhead", "startup", "termination")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) (B|s|B/s)")
_IN_BYTES = (".disk", ".disk.rate", ".storage", ".unpack", ".unpack.rate", ".connection_cap")
_MOST_GIVEN = 400  # rows (assumed: a few pages)


def given_table(scenario: ResolvedScenario) -> Table:
    """Path and value of everything that the scenario says, overrides included."""
    document = json.loads(scenario.document) if scenario.document else {}
    rows = [row for row in _leaves(document, "") if row[0] != "rolloutsim"]
    if len(rows) > _MOST_GIVEN:
        rows = [*rows[:_MOST_GIVEN], (f"and {len(rows) - _MOST_GIVEN} more", "")]
    return _table(("key", "value"), rows)


def defaults_table(scenario: ResolvedScenario) -> Table:
    """Key, default and its source of what the scenario leaves open."""
    document = json.loads(scenario.document) if scenario.document else {}
    has_pods = any(case.workloads for case in scenario.cases)
    rows: list[tuple[str, ...]] = []
    for name, group in document.get("nodes", {}).items():
        keys = (*_NODE_KEYS, *(_POD_KEYS if has_pods else ()))
        rows += _open(group, keys, f"nodes.{name}", "nodes.<group>")
    rows += _open(document.get("network", {}), _NETWORK_KEYS, "network", "network")
    registries = document.get("registries") or {name: {} for name in scenario.registries}
    for name, registry in registries.items():
        rows += _open(registry, _REGISTRY_KEYS, f"registries.{name}", "registries.<registry>")
    if has_pods:
        rows += _open(document.get("rollout", {}), _ROLLOUT_KEYS, "rollout", "rollout")
    return _table(("key", "default", "source"), rows)


def _open(given: Any, keys: tuple[str, ...], shown: str, path: str) -> Iterator[tuple[str, ...]]:
    """The keys that a part leaves open."""
    for key in keys:
        if not _has(given, key):
            explanation = explain(f"{path}.{key}")
            yield f"{shown}.{key}", explanation.default, explanation.source


def _has(given: Any, key: str) -> bool:
    for step in key.split("."):
        if not isinstance(given, Mapping) or step not in given:
            return False
        given = given[step]
    return True


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    elif isinstance(value, bool):
        yield path, str(value).lower()
    else:
        yield path, _readable(path, str(value))


def _readable(path: str, value: str) -> str:
    """A quantity in base units as people write it."""
    found = _QUANTITY.fullmatch(value)
    if found is None:
        return value
    number, unit = float(found[1]), found[2]
    if unit == "B":
        return show_size(number)
    if unit == "s":
        return show_time(number)
    return show_byte_rate(number) if path.endswith(_IN_BYTES) else show_rate(number)


def _table(headings: tuple[str, ...], rows: list[Any]) -> Table:
    return Table(tuple(Column(text, "left") for text in headings), tuple(map(tuple, rows)))
