"""The JSON Schema, against an independent validator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from rolloutsim.scenario import TEMPLATES, json_schema, loads, template
from rolloutsim.scenario.examples import example_of, in_place
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.structure import all_keys
from rolloutsim.scenario.text import read
from tests.scenario.test_bad_input import CASES

ROOT = Path(__file__).parents[2]
SCENARIOS = [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "tests/data/rich.yaml"]

# What a schema cannot see: names that refer to others, sums, conditions inside texts, and what is no YAML.
SEEN_BY_A_SCHEMA = [
    "a misspelt key",
    "a key with a Kubernetes spelling",
    "an unknown key without a near one",
    "a key for what is not simulated",
    "bits for a size",
    "a wrong rate unit",
    "a bare number for a rate",
    "a bare number for a time",
    "a negative size",
    "not a number",
    "an infinite rate",
    "no nodes",
    "a negative count",
    "a count that is not whole",
    "nodes as a list",
    "no groups",
    "no images",
    "missing keys",
    "a missing version",
    "an unknown version",
    "an unknown word",
    "a strategy that is spelt as Kubernetes does",
    "a name with a space",
    "a text that is a number",
    "a list that is a word",
    "a control character in a name",
    "a short group that is no number",
    "layers as an image",
]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def data(text: str) -> Any:
    return read(text, "f.yaml").data


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_a_shipped_scenario_is_valid_under_the_schema(path: Path, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(data(path.read_text()))] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_valid_under_the_schema_and_resolves(name: str, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(data(template(name)))] == []
    loads(template(name), name).resolve()


@pytest.mark.parametrize("name", SEEN_BY_A_SCHEMA)
def test_the_schema_refuses_what_the_model_refuses(name: str, validator: Any) -> None:
    assert not validator.is_valid(data(CASES[name][0]))


@pytest.mark.parametrize(
    "part",
    [
        "nodes: 20",
        "nodes: {web: {count: 20, unpack: 100 MB/s}}",
        "nodes: {web: {count: 20, unpack: {rate: unlimited, cores: 4}, nic: unlimited, start: {p50: 1 s, p95: 2m30s}}}",
        "nodes: {web: {count: 20, cached: {app: 80%, other: 3}, via: [wan], pulls: [{image: app, at: 1.657 s}]}}",
        "nodes: {web: 20, gpu: {count: 3}}",
        'description: "two\\nlines"',
        "network: 1 Gbit/s",
        "network: {mtu: 9000, latency: 0.2 ms, racks: 40 Gbit/s, links: {wan: 1 Gbit/s, lan: {capacity: 0 bit/s}}}",
        "registry: 10 Gbit/s",
        "registries: {hub: {uplink: unlimited, via: [wan], max_connections: unlimited}, near: 1 Gbit/s}",
        "images: {app: {base: x, layers: [12 MB, 3 MiB], ratio: 2.5}, y: {layers: {code: 3 MB, lib: {digest: d}}}}",
        "rollout: schedule",
        "rollout: {strategy: waves, waves: [1, 10%, {size: 25%, pause: 1m, gate: false}]}",
        "rollout: {strategy: rolling, max_surge: 1, max_unavailable: 25%, min_ready: 5 s, progress_deadline: off}",
        "nodes: {web: {count: 2, disk: {capacity: 9 GB, used: 0 B}, image_backoff: 5 s, pull_progress_timeout: off}}",
        "nodes: {web: {count: 2, retry: {broken: [1 s, 2m]}, image_gc: {high: 100%}, layer_fetch_buffer: 8 MiB}}",
        "network: {rate: 1 Gbit/s, fairness: on, buffer: 20 ms, queue: fq_codel, congestion_control: bbr}",
        "network: {rate: 1 Gbit/s, fairness: {sigma: 0.4, memory: unlimited}}",
        "registry: {replicas: 3, rate_limit: 100/6h, redirect: true}",
        "registry: {rate_limits: {a: 100/min, b: {rate: 5/s, burst: 3, per: address, counts: pulls}}, redirect: {}}",
        "workloads: {api: {images: app, replicas: 3, rollout: rolling}, log: {images: [x], daemonset: true}}",
        "push: {from: ci, link: 1 Gbit/s, images: [app], held: app, at: 3 s, parallel: 2, via: [wan]}",
        "background: {a: {between: [core, web-001], request: {size: 1 kB, every: 1 s}}, b: {links: [x], size: 1 MB}}",
        "failures: {a: {node: web-001, rate: 2/h, back_after: 5m}, b: {registry: registry, flaky: 2%}}",
        "prices: {ssd: 0.08, hdd: 0.045}",
        "sweep: {network: [1 Gbit/s, 2 Gbit/s], nodes: {from: 2, to: 9, scale: log}}",
        "sweep: {design: sobol, points: 8, parameters: {network: {from: 1 Gbit/s, to: 9 Gbit/s}}}",
        "rollout: {startup: 3 s}",
        "images: {app: {size: 12 GB, layers: 12}}",
        "images: {app: {size: 12 GB}, x: {size: 1 GB, ratio: 2, digest: d}, y: {compressed: 1 GB, layers: 2}}",
        "background: {backup: {links: [wan], rate: 300 Mbit/s, from: 60 s, until: 4m}}",
        "thresholds: {rollout_time: max < 60 s, slowdown: [max < 3, {check: p95 < 2, severity: warn}]}",
    ],
)
def test_short_and_long_forms_are_valid_under_the_schema(part: str, validator: Any) -> None:
    scenario = {"rolloutsim": 1, "nodes": 20, "images": {"app": "3 MB"}} | data(part)
    assert [error.message for error in validator.iter_errors(scenario)] == []


@pytest.mark.parametrize(
    "part",
    ["images: {app: {size: 1 GB, compressed: 1 GB}}", "images: {app: {size: 1 GB, layers: 0}}", "sweep: {design: zip}"],
)
def test_forms_that_are_none_are_refused_by_the_schema(part: str, validator: Any) -> None:
    scenario = {"rolloutsim": 1, "nodes": 20, "images": {"app": "3 MB"}} | data(part)
    assert not validator.is_valid(scenario)
    assert not is_valid(scenario)


# What others need beside them.
NEEDED = {
    "workloads": {"api": {"images": "app"}}, "push": {"images": "app"}, "pushes": {"ci": {"images": "app"}},
    "prepulls": {"night": {"images": "app"}},
}  # fmt: skip


def test_of_every_key_the_schema_and_the_model_accept_the_same(validator: Any) -> None:
    """The example of each key, in a scenario that has what else its part needs."""
    for path, part in all_keys():
        if path[-1].startswith("<"):
            continue
        text = in_place(path, example_of(path, part))
        nodes = {} if path == ("nodes",) else {"nodes": {"web": {"count": 2}}}
        needed = {path[0]: NEEDED[path[0]]} if path[0] in NEEDED else {}
        scenario = over({"rolloutsim": 1, "images": {"app": "3 MB"}} | nodes | needed, data(text))
        assert validator.is_valid(scenario) == is_valid(scenario), text


def over(below: Any, above: Any) -> Any:
    """A map over another one, key by key."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: over(below[key], value) if key in below else value for key, value in above.items()}


def is_valid(scenario: Any) -> bool:
    """Whether the model takes a scenario, whose names may refer to nothing."""
    try:
        Document.model_validate(scenario)
    except ValidationError:
        return False
    return True


def test_the_schema_names_its_dialect_and_every_key() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["rolloutsim", "nodes", "images"]
    assert not schema["additionalProperties"]
    assert all("description" in one for one in schema["properties"].values())
