"""The JSON Schema of results, against an independent validator."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import rolloutsim as rs
from rolloutsim.planning.contract import json_schema
from tests.shipped import ROOT, SCENARIOS, result_of

GOLDEN = sorted((ROOT / "tests/golden").glob("*.json"))
Document = dict[str, Any]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def errors(validator: Any, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_the_schema_is_the_checked_in_one() -> None:
    assert json.loads((ROOT / "rolloutsim.results.schema.json").read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_a_shipped_scenario_gives_is_valid(path: Path, validator: Any) -> None:
    assert errors(validator, json.loads(path.read_text(encoding="utf-8"))) == []


def test_every_shipped_scenario_is_held_against_it() -> None:
    assert {path.stem for path in GOLDEN} == {path.stem for path in SCENARIOS}


@pytest.mark.parametrize("name", ["deployment", "lazy-llm", "rack-caches", "spegel-daemonset", "dead-mirror"])
def test_all_details_are_valid(name: str, validator: Any) -> None:
    assert errors(validator, json.loads(result_of(name, "nodes=20").to_json("full"))) == []


def test_several_replications_are_valid(validator: Any) -> None:
    result = rs.load(ROOT / "scenarios/rate-limited.yaml", ("replications=3", "nodes=10")).run()
    assert errors(validator, json.loads(result.to_json())) == []


def _set(path: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        here, *steps = document, *path.split(".")
        for step in steps[:-1]:
            here = here[int(step) if step.isdigit() else step]
        here[steps[-1]] = value

    return change


def _without(path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        here, *steps = document, *path.split(".")
        for step in steps[:-1]:
            here = here[int(step) if step.isdigit() else step]
        del here[steps[-1]]

    return change


WRONG = {
    "a wrong type": (_set("cases.0.rollout_time_s", "51 s"), "$.cases[0].rollout_time_s: '51 s' is not of type"),
    "a boolean for a number": (_set("cases.0.bytes_on_wire", True), "$.cases[0].bytes_on_wire: True is not of type"),
    "a negative count": (_set("cases.0.links.0.peak_flows", -1), "$.cases[0].links[0].peak_flows: -1 is less than"),
    "a seed that is not whole": (_set("seed", 0.5), "$.seed: 0.5 is not of type 'integer'"),
    "a slowdown below 1": (_set("cases.0.slowdown.mean", 0.9), "$.cases[0].slowdown: {'mean': 0.9"),
    "a missing key": (_without("cases.0.links.0.bytes"), "$.cases[0].links[0]: 'bytes' is a required property"),
    "an unknown key": (_set("cases.0.pulls.0.speed", 1), "$.cases[0].pulls[0]: Additional properties are not allowed"),
    "an unknown word": (_set("model", "perfect"), "$.model: 'perfect' is not one of"),
    "half an interval": (_set("cases.0.thresholds.0.ci", [1.0]), "$.cases[0].thresholds[0].ci: [1.0] is too short"),
    "an unknown document": (_set("schema", "rolloutsim.walk/1"), "$.schema: 'rolloutsim.walk/1' is not one of"),
    "no word on what it is": (_without("schema"), "$: 'schema' is a required property"),
}


@pytest.mark.parametrize("what", WRONG)
def test_it_refuses(what: str, validator: Any) -> None:
    change, message = WRONG[what]
    document = deepcopy(result_of("20nodes").outcome.to_dict("full"))
    assert errors(validator, document) == []
    change(document)
    found = errors(validator, document)
    assert [one for one in found if one.startswith(message)], found


def test_a_list_of_errors_is_valid(validator: Any) -> None:
    one = {"file": "f.yaml", "line": 3, "column": 1, "length": 4, "severity": "error", "message": "no", "help": None}
    assert errors(validator, [one, one | {"line": None, "column": None}]) == []
    assert errors(validator, [one | {"line": 0}]) != []


def test_what_a_metric_means_stands_at_its_number() -> None:
    link = json_schema()["$defs"]["LinkSummary"]["properties"]
    assert link["utilisation"]["description"] == "bytes / (capacity × rollout time) [1]"
