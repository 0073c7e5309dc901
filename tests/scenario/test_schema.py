"""The JSON Schema, against an independent validator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from rolloutsim.planning import contract
from rolloutsim.scenario import json_schema, loads, template
from rolloutsim.scenario.examples import example_of, in_place
from rolloutsim.scenario.structure import all_keys
from rolloutsim.scenario.text import read
from rolloutsim.simulation import simulate
from tests.fuzz.documents import judge
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


@pytest.mark.parametrize("name", ["kubernetes", "real"])
def test_a_template_is_valid_under_the_schema_and_runs(name: str, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(data(template(name)))] == []
    assert all(case.finished for case in simulate(loads(template(name), name).resolve()).cases)


def test_the_schemas_have_names_of_their_own_under_which_others_can_refer_to_them() -> None:
    """Oracle: RFC 9562, UUIDs of version 5."""
    named = [json_schema(), contract.json_schema()]
    for schema in named:
        assert re.fullmatch(
            r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", schema["$id"]
        )
    assert named[0]["$id"] != named[1]["$id"]
    registry = Registry().with_resource(named[0]["$id"], Resource.from_contents(named[0]))
    group = {"$ref": f"{named[0]['$id']}#/$defs/GroupSpec"}
    known = jsonschema.Draft202012Validator(group, registry=registry)
    assert known.is_valid({"count": 20})
    assert not known.is_valid({"counts": 20})


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
        "images: {app: {base: x, layers: [12 MB, 3 MiB], ratio: 2.5}, y: {layers: {code: 3 MB, lib: {unpacked: 1 B}}}}",
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
        "sweep: {network: [1 Gbit/s, 2 Gbit/s], nodes: 2}",
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
    judge(scenario)


# What others need beside them.
NEEDED = {
    "workloads": {"api": {"images": "app"}}, "push": {"images": "app"}, "pushes": {"ci": {"images": "app"}},
    "prepulls": {"night": {"images": "app"}},
}  # fmt: skip


def test_of_every_key_the_schema_and_the_loader_accept_the_same() -> None:
    """The example of each key, in a scenario that has what else its part needs."""
    for path, part in all_keys():
        if path[-1].startswith("<"):
            continue
        text = in_place(path, example_of(path, part))
        nodes = {} if path == ("nodes",) else {"nodes": {"web": {"count": 2}}}
        needed = {path[0]: NEEDED[path[0]]} if path[0] in NEEDED else {}
        scenario = over({"rolloutsim": 1, "images": {"app": "3 MB"}} | nodes | needed, data(text))
        judge(scenario)


BASE: dict[str, Any] = {
    "rolloutsim": 1,
    "nodes": {"web": {"count": 2}},
    "images": {"app": "3 MB"},
    "network": "1 Gbit/s",
}


@pytest.mark.parametrize(
    ("part", "is_taken"),
    [
        # Numbers as JSON has them: 3.0 is the integer 3.
        ({"seed": 3.0}, True),
        ({"nodes": {"web": {"count": 2.0, "cached": {"app": 1.0}}}}, True),
        ({"images": {"app": {"size": "1 GB", "layers": 4.0}}}, True),
        ({"seed": 3.5}, False),
        ({"seed": True}, False),
        ({"nodes": {"web": {"count": 2, "cached": {"app": 10**10}}}}, False),
        # Quantities as they are read.
        ({"network": "1. Gbit/s"}, True),
        ({"network": "+.5 Gbit/s\n"}, True),
        ({"network": "0 Gbit/s"}, False),
        ({"network": "0.0e9 Gbit/s"}, False),
        ({"network": {"rate": "1 Gbit/s", "latency": "-0 s"}}, True),
        ({"network": {"rate": "1 Gbit/s", "latency": "-1 s"}}, False),
        ({"network": {"rate": "1 Gbit/s", "latency": "1m 30s"}}, True),
        ({"network": {"rate": "1 Gbit/s", "latency": "30s1m"}}, False),
        ({"network": {"rate": "1 Gbit/s", "latency": "1s1s"}}, False),
        ({"rollout": {"strategy": "all_at_once", "horizon": "0h1s"}}, True),
        ({"rollout": {"strategy": "all_at_once", "horizon": "0h0s"}}, False),
        ({"registry": {"rate_limit": "1./6h"}}, True),
        ({"registry": {"rate_limit": "1/6\nh"}}, True),
        ({"registry": {"rate_limit": "1/s1ms"}}, False),
        ({"registry": {"rate_limit": "0/s"}}, False),
        ({"prepulls": {"night": {"images": "app", "at": "- 8h"}}}, True),
        ({"prepulls": {"night": {"images": "app", "at": "8h"}}}, False),
        # Texts and names.
        ({"name": " "}, False),
        ({"name": "a\n"}, False),
        ({"description": "a\n"}, True),
        ({"network": {"rate": "1 Gbit/s", "links": {"wan\n": "1 Gbit/s"}}}, False),
        ({"network": {"rate": "1 Gbit/s", "links": {"x" * 101: "1 Gbit/s"}}}, False),
        ({"registry": {"efficiency_at": {"1": "90%"}}}, False),
        ({"registry": {"efficiency_at": {"0200": "90%"}}}, True),
        # Lists.
        ({"workloads": {"api": {"images": [], "replicas": 1}}}, False),
        ({"workloads": {"api": {"images": ["app", "app"], "replicas": 1}}}, False),
        ({"workloads": {"api": {"images": "app", "replicas": 1, "groups": []}}}, False),
        ({"images": {"app": {"layers": []}}}, False),
        ({"images": {"app": {"layers": {}}}}, False),
        ({"thresholds": {"rollout_time": []}}, False),
        ({"background": {"a": {"between": ["core"], "size": "1 MB"}}}, False),
        ({"sweep": {"seed": [None]}}, False),
        ({"sweep": {"nodes.web": [{"count": None}]}}, False),
        # Keys that need one another, or exclude each other.
        ({"images": {"app": {"ratio": 2}}}, False),
        ({"images": {"app": {"unpacked": "3 MB", "layers": 3}}}, True),
        ({"images": {"app": {"size": "3 MB", "layers": 3, "equal_layers": 3}}}, False),
        ({"images": {"app": {"digest": "d"}}}, False),
        ({"images": {"app": {"layers": [{"digest": "d"}]}}}, False),
        ({"images": {"app": {"size": "3 MB", "platform": "linux/arm64"}}}, False),
        ({"nodes": {"web": {"count": 2, "disk": {"used": "1 GB"}}}}, False),
        ({"nodes": {"web": {"count": 2, "start": {"min": "1 s"}}}}, False),
        ({"nodes": {"web": {"count": 2, "start": {"p50": "0 s", "p95": "1 s"}}}}, False),
        ({"nodes": {"web": {"count": 2, "runtime": "cri-o", "snapshotter": "soci"}}}, False),
        ({"nodes": {"web": {"count": 2, "partial_images": True}}}, False),
        ({"network": {"rate": "1 Gbit/s", "mtu": 1500, "efficiency": "90%"}}, False),
        ({"network": {"rate": "1 Gbit/s", "racks": {"latency": "1 ms"}}}, False),
        ({"registry": {}, "registries": {"hub": {}}}, False),
        ({"registry": {"rate_limit": {"rate": "1/s", "resets_after": "1 s"}}}, False),
        ({"push": {"images": "app"}, "pushes": {"ci": {"images": "app"}}}, False),
        ({"pushes": {"ci": {"images": "app", "from": "ci"}}}, False),
        ({"background": {"a": {"between": ["core", "web-000"], "size": "1 MB", "rate": "1 Mbit/s"}}}, False),
        ({"failures": {"a": {"node": "web-000", "flaky": "5%"}}}, False),
        ({"failures": {"a": {"back_after": "5 s"}}}, False),
        ({"workloads": {"api": {"images": "app", "replicas": 1, "daemonset": True}}}, False),
        ({"prepulls": {"night": {"images": "app", "spread": "5 s"}}}, False),
        ({"sweep": {"seed": {"from": 1, "to": 2}}}, False),
        ({"variants": {"a": {"seed": None}}}, True),
        ({"variants": {"a": {"nodes.web": {"nic": None}}}}, False),
        ({"registry": None}, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_python", [False, True], ids=["text", "python"])
def test_the_schema_and_the_loader_agree(part: Any, is_taken: bool, in_python: bool, validator: Any) -> None:
    scenario = BASE | part
    assert validator.is_valid(scenario) == is_taken
    judge(scenario, in_python)


def test_patterns_of_the_schema_take_no_time_for_long_texts(validator: Any) -> None:
    """Digits that a pattern could share out among its parts in many ways took half a minute."""
    digits = "9" * 20_000
    latency = {"rate": "1 Gbit/s", "latency": digits}
    assert not validator.is_valid(BASE | {"network": latency, "registry": {"rate_limit": f"{digits}/s{digits}"}})


def over(below: Any, above: Any) -> Any:
    """A map over another one, key by key."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: over(below[key], value) if key in below else value for key, value in above.items()}


def test_the_schema_names_its_dialect_and_every_key() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["rolloutsim", "nodes", "images"]
    assert not schema["additionalProperties"]
    assert all("description" in one for one in schema["properties"].values())
