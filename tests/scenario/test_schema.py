"""The JSON Schema, against an independent validator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rolloutsim.scenario import TEMPLATES, json_schema, loads, template
from rolloutsim.scenario.text import read
from tests.scenario.test_bad_input import CASES

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

# What a schema cannot see: names that refer to others, sums, conditions inside texts, and what is no YAML.
SEEN_BY_A_SCHEMA = [
    "a misspelt key",
    "a key with a Kubernetes spelling",
    "an unknown key without a near one",
    "a key of a later version",
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
    "a strategy of a later version",
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
        "rollout: {startup: 3 s}",
        "background: {backup: {links: [wan], rate: 300 Mbit/s, from: 60 s, until: 4m}}",
        "thresholds: {rollout_time: max < 60 s, slowdown: [max < 3, {check: p95 < 2, severity: warn}]}",
    ],
)
def test_short_and_long_forms_are_valid_under_the_schema(part: str, validator: Any) -> None:
    scenario = {"rolloutsim": 1, "nodes": 20, "images": {"app": "3 MB"}} | data(part)
    assert [error.message for error in validator.iter_errors(scenario)] == []


def test_the_schema_names_its_dialect_and_every_key() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["rolloutsim", "nodes", "images"]
    assert not schema["additionalProperties"]
    assert all("description" in one for one in schema["properties"].values())
