"""README.md tells the truth: what it shows is what happens."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml

import rolloutsim
from rolloutsim.cli import COMMANDS, EPILOG, main
from rolloutsim.report.contents import LIMITS, MEASURED, Measured
from rolloutsim.report.plots import FIGURES
from tests.forks import PROGRAM, Forks
from tests.readme import README, ROOT, blocks, current

CLUSTER = ROOT / "tests" / "data" / "imports" / "cluster"


def _of_kubectl(arguments: list[str]) -> Any:
    assert (arguments[0], arguments[-3:-1]) == ("get", ["json", ">"])
    if arguments[1] == "nodes":
        return json.loads((CLUSTER / "nodes.json").read_text(encoding="utf-8"))
    items = [one for one in yaml.safe_load_all((CLUSTER / "workloads.yaml").read_text(encoding="utf-8")) if one]
    return {"apiVersion": "v1", "kind": "List", "items": [one for one in items if one["kind"] != "Service"]}


def _of_crane(arguments: list[str]) -> Any:
    assert (arguments[0], arguments[-2]) == ("manifest", ">")
    return json.loads((CLUSTER / "api.json").read_text(encoding="utf-8"))


# What other programs that are shown print, of a cluster that is not there.
PRINTED: dict[str, Callable[[list[str]], Any]] = {"kubectl": _of_kubectl, "crane": _of_crane}


def test_every_output_shown_is_the_real_one(forks: Forks) -> None:
    """If this fails after an intended change: python -m tests.readme."""
    assert README.read_text(encoding="utf-8") == current(forks)


def test_the_first_screen_runs_and_tests_with_one_command_each() -> None:
    first = README.read_text(encoding="utf-8").partition("\n## ")[0]
    assert "\n$ make run\n" in first
    assert "\nmake test\n" in first


@pytest.mark.parametrize("block", list(blocks("yaml")), ids=lambda block: block.text.splitlines()[1])
def test_every_scenario_shown_is_valid_and_runs(block) -> None:
    assert rolloutsim.loads(block.text).run().finished


def test_the_python_shown_runs(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    shown: dict[str, object] = {}
    for block in blocks("python"):
        exec(block.text, shown)
    assert "fast" in shown


def test_every_command_shown_exists(tmp_path, forks: Forks) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in blocks("sh"):
        for line in block.text.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            if program == "make":
                assert set(arguments) <= targets
            elif program in PRINTED:
                (tmp_path / arguments[-1]).write_text(json.dumps(PRINTED[program](arguments)), encoding="utf-8")
            else:
                assert program == "rolloutsim"
                done = forks.run(PROGRAM, *arguments, folder=tmp_path)
                assert done.returncode in (0, 3), done.stderr.decode()


def test_as_many_figures_are_promised_as_there_are() -> None:
    promised = re.findall(r"one of (\w+) figures", README.read_text(encoding="utf-8"))
    assert promised == [str(len(FIGURES))]


def test_readme_and_reports_say_what_the_table_of_measured_pulls_says() -> None:
    table = " ".join((ROOT / "tests" / "data" / "measured-accuracy.md").read_text(encoding="utf-8").split())
    found = re.search(
        r"Defaults: median absolute error ([\d.]+)%, largest ([\d.]+)% \(.*?\), mean -([\d.]+)%; "
        r"(\d+) of (\d+) are below",
        table,
    )
    assert found is not None
    median, largest, mean, below, cases = found.groups()
    assert Measured(cases=int(cases), mean_error=float(mean), largest_error=float(largest)) == MEASURED
    assert f"{mean} % too short in the mean" in LIMITS[0]
    text = README.read_text(encoding="utf-8")
    assert f"| rollout time, {cases} cases | median {median} %, largest {largest} %" in text
    assert f"{below} of {cases} too early, by {mean} % in the mean" in text


def test_every_command_and_exit_code_is_described() -> None:
    text = README.read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"| `{command}" in text
    for code in re.findall(r"^  (\d+) ", EPILOG, re.MULTILINE):
        assert f"\n| {code} |" in text


def test_every_option_in_the_table_of_commands_exists() -> None:
    text = README.read_text(encoding="utf-8")
    with main.make_context("rolloutsim", [], resilient_parsing=True) as context:
        for name in COMMANDS:
            row = next(line for line in text.splitlines() if line.startswith(f"| `{name}"))
            command = main.get_command(context, name)
            assert command is not None
            options = {option for parameter in command.params for option in parameter.opts}
            assert set(re.findall(r"`(--?[\w-]+)", row)) <= options


def test_every_shipped_scenario_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for path in (ROOT / "scenarios").glob("*.yaml"):
        assert f"](scenarios/{path.name})" in text
