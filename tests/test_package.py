"""The package as a whole: its public names, what importing it costs, and which floor knows which."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rolloutsim

ROOT = Path(__file__).parent.parent
HEAVY = ("numpy", "simpy", "yaml", "pydantic", "rich", "matplotlib")


def modules_loaded_by(code: str) -> set[str]:
    """Run Python code in a process of its own; the top-level modules that it had loaded at the end."""
    epilogue = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    wrapped = f"try:\n    exec({code!r})\nexcept SystemExit:\n    pass\n{epilogue}"
    done = subprocess.run([sys.executable, "-c", wrapped], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_the_reading_order_names_exactly_the_public_names() -> None:
    assert re.findall(r"^- `(\w+)`:", rolloutsim.__doc__ or "", re.MULTILINE) == rolloutsim.__all__


@pytest.mark.parametrize("name", rolloutsim.__all__)
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    assert getattr(rolloutsim, name).__doc__


def test_a_name_that_is_not_public_is_an_error_that_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = rolloutsim.laod  # type: ignore[attr-defined]
    assert str(caught.value) == (
        "module 'rolloutsim' has no attribute 'laod'; public names: load, loads, Scenario, compare, Result, "
        "CaseResult, Sweep, Table, RolloutsimError, ScenarioError, Diagnostic, UsageError, OutputError"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import rolloutsim",
        "import rolloutsim.cli; rolloutsim.cli.main(['--help'])",
        "import rolloutsim.cli; rolloutsim.cli.main(['--version'])",
        "import rolloutsim.cli; rolloutsim.cli.main(['run', '--help'])",
        "import rolloutsim.cli; rolloutsim.cli.main(['compare', '--help'])",
        "import rolloutsim.cli; rolloutsim.cli.main(['solve', '--help'])",
    ],
)
def test_help_loads_no_heavy_module(code: str) -> None:
    assert modules_loaded_by(code).isdisjoint(HEAVY)


def test_run_draws_nothing_and_loads_no_matplotlib() -> None:
    loaded = modules_loaded_by("import rolloutsim.cli; rolloutsim.cli.main(['run', 'scenarios/20nodes.yaml'])")
    assert "numpy" in loaded
    assert "matplotlib" not in loaded


def test_a_floor_imports_only_the_floors_below_it() -> None:
    """The contracts in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_the_same_everywhere() -> None:
    from importlib.metadata import version

    assert rolloutsim.__version__ == version("rolloutsim")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {rolloutsim.__version__}" in changelog


def test_the_constraints_are_exact_versions_and_no_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", pin) for pin in pins)


def test_tests_that_need_a_browser_are_named_where_there_is_none() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/browser"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": ""}, capture_output=True, text=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("left out: ")]
    assert line.startswith("left out: tests/browser, the report in a real browser, for want of Chromium")
    assert line.endswith("`make test-browser` installs Playwright and runs them (Debian: apt-get install chromium)")
