"""Bad scenarios: every message whole, every error located.

`tests/data/bad_scenarios.txt` holds them: a name after `===`, the scenario, and after `>>>` what it is refused with.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import loads

FILE = Path(__file__).parents[1] / "data" / "bad_scenarios.txt"


def read_cases() -> dict[str, tuple[str, str]]:
    """The scenario and the message of every case, by name."""
    cases = {}
    for section in FILE.read_bytes().decode().removeprefix("=== ").split("\n=== "):
        name, rest = section.split("\n", 1)
        text, message = f"\n{rest}".split("\n>>>\n", 1)
        cases[name] = (f"{text}\n".removeprefix("\n"), message.removesuffix("\n"))
    return cases


CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_a_bad_scenario_is_refused_with_its_whole_message(name: str) -> None:
    text, message = CASES[name]
    with pytest.raises(ScenarioError) as caught:
        loads(text, "bad.yaml")
    assert str(caught.value) == message


def test_all_problems_of_a_scenario_are_reported_at_once() -> None:
    text = "".join(line for name in ("a misspelt key", "a cached image that is not defined") for line in CASES[name][0])
    with pytest.raises(ScenarioError) as caught:
        loads(text.replace("rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {app: 30 MB}\n", "", 1), "bad.yaml")
    assert [diagnostic.message.split(";")[0] for diagnostic in caught.value.diagnostics] == [
        "unknown key 'tresholds' in the scenario",
        "no image is named 'ap'",
    ]


def test_of_very_many_errors_a_hundred_are_shown() -> None:
    layers = ", ".join(["1 Mb"] * 250)
    with pytest.raises(ScenarioError) as caught:
        loads(f"rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {{app: {{layers: [{layers}]}}}}\n", "bad.yaml")
    assert len(caught.value.diagnostics) == 250
    assert str(caught.value).count(": error: ") == 100
    assert str(caught.value).endswith("\nand at least 150 more, not shown; mend these first")


def test_a_faulty_part_hides_no_other_and_adds_no_other() -> None:
    text = (
        "rolloutsim: 1\n"
        "nodes: {web: {count: 2, nic: 1 Gb, cached: {app: 1, other: 1}}}\n"
        "registry: 1 Gbit/s\n"
        "images: {app: 3 Mb}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        loads(text, "bad.yaml")
    assert [(one.line, one.message.split(";")[0]) for one in caught.value.diagnostics] == [
        (2, "unknown rate unit 'Gb' (did you mean 1 Gbit/s?)"),
        (2, "no image is named 'other'"),
        (4, "'3 Mb' is in bits"),
    ]
