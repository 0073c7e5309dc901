"""`validate --format sarif`, against the schema of SARIF 2.1.0 and what the standard says beyond it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import rolloutsim
from rolloutsim.errors import RULES, ScenarioError
from tests.cli.conftest import ROOT, Program
from tests.scenario.test_bad_input import CASES

SCHEMA = json.loads((ROOT / "tests/data/sarif/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)

BAD = """\
rolloutsim: 1
nodes: 2
network: 1 Gb
images: {app: 3 MB}
imagess: {}
"""


def log(shell: Program, *arguments: str, stdin: str = "") -> tuple[int, dict[str, Any]]:
    """The exit code, and the log's only run."""
    done = shell("validate", "--format", "sarif", *arguments, stdin=stdin)
    document = json.loads(done.out)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == list(RULES)
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return done.code, run


def test_each_error_has_a_rule_and_its_place_in_the_file(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "b.yaml").write_text(BAD)
    code, run = log(shell, "a folder/b.yaml")
    assert code == 4
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [("value", "error"), ("unknown-key", "error")]
    assert run["results"][1]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20folder/b.yaml"},
                "region": {"startLine": 5, "startColumn": 1, "endColumn": 8},
            }
        }
    ]
    assert run["results"][1]["message"]["text"].endswith("\ndid you mean 'images'?")
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True}]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("rolloutsim", rolloutsim.__version__)
    assert re.fullmatch(r"\d+\.\d+\.\d+([-+].*)?", driver["semanticVersion"])


def test_what_is_no_file_has_a_name_and_no_address(shell: Program, tmp_path: Path) -> None:
    code, run = log(shell, "-", stdin=BAD)
    assert code == 4
    assert [one["locations"] for one in run["results"]] == [
        [{"logicalLocations": [{"fullyQualifiedName": "<stdin>"}]}],
    ] * 2
    (tmp_path / "good.yaml").write_text(BAD.replace("Gb", "Gbit/s").replace("imagess: {}\n", ""))
    code, run = log(shell, "good.yaml", "--set", "network.latency=5 MB")
    (result,) = run["results"]
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "--set network.latency"}]}]


def test_a_valid_file_is_a_log_without_results_and_a_missing_one_a_failure(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "c:d.yaml").write_text(BAD)
    code, run = log(shell, str(ROOT / "scenarios/20nodes.yaml"))
    assert (code, run["results"]) == (0, [])
    code, run = log(shell, "c:d.yaml", "nowhere.yaml")
    assert code == 2
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]} == {
        "c%3Ad.yaml"
    }
    (failure,) = run["invocations"]
    assert not failure["executionSuccessful"]
    assert failure["toolExecutionNotifications"] == [
        {"level": "error", "message": {"text": "'nowhere.yaml' does not exist; give a scenario file"}}
    ]


def test_each_rule_is_broken_by_some_scenario() -> None:
    found = set()
    for text, *_ in CASES.values():
        with pytest.raises(ScenarioError) as caught:
            rolloutsim.loads(text)
        found |= {one.rule for one in caught.value.diagnostics}
    assert found == set(RULES)
