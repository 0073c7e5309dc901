"""The package as a whole: its public names, what importing it costs, and which floor knows which."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rolloutsim

ROOT = Path(__file__).parent.parent
HEAVY = ("numpy", "simpy", "yaml", "pydantic", "rich", "matplotlib")


def modules_loaded_by(code: str) -> set[str]:
    """Run Python code in a process of its own; the modules that it had loaded at the end."""
    epilogue = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    wrapped = f"try:\n    exec({code!r})\nexcept SystemExit:\n    pass\n{epilogue}"
    done = subprocess.run([sys.executable, "-c", wrapped], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_reading_order_names_exactly_the_public_names() -> None:
    assert re.findall(r"^- `(\w+)`:", rolloutsim.__doc__ or "", re.MULTILINE) == rolloutsim.__all__


@pytest.mark.parametrize("name", rolloutsim.__all__)
def test_every_public_name_exists_and_is_documented(name: str) -> None:
    assert getattr(rolloutsim, name).__doc__


def test_a_name_that_is_not_public_is_an_error_that_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = rolloutsim.laod  # type: ignore[attr-defined]
    assert str(caught.value) == (
        "module 'rolloutsim' has no attribute 'laod'; public names: load, loads, Scenario, read, compare, Result, "
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


def test_the_list_of_the_commands_loads_no_command() -> None:
    loaded = modules_loaded_by("import rolloutsim.cli; rolloutsim.cli.main(['--help'])")
    own = {name.removeprefix("rolloutsim.") for name in loaded if name.startswith("rolloutsim.")}
    assert own == {"cli", "errors", "lazy", "results", "version"}


def test_run_loads_nothing_that_only_other_commands_need() -> None:
    loaded = modules_loaded_by("import rolloutsim.cli; rolloutsim.cli.main(['run', 'scenarios/20nodes.yaml'])")
    assert {"numpy", "simpy", "rolloutsim.results.shown.tables"} <= loaded
    assert loaded.isdisjoint({"matplotlib", "rich", "joblib", "pandas", "jinja2", "sqlite3", "difflib", "statistics"})
    others = (
        "report", "planning.sweep", "planning.compare", "planning.replicate", "planning.differences", "planning.proofs",
        "results.store", "results.contract",
    )  # fmt: skip
    assert not [name for name in loaded for other in others if name.startswith(f"rolloutsim.{other}")]
    assert {name for name in loaded if name.startswith("rolloutsim.api")} == {
        "rolloutsim.api", "rolloutsim.api.result", "rolloutsim.api.table",
    }  # fmt: skip


def test_a_front_imports_its_modules_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf/__init__.py").write_text(
        "from rolloutsim.lazy import front\n__getattr__ = front(__name__, {'book': ('title',)})\n"
    )
    (tmp_path / "shelf/book.py").write_text("title = 'T'\n")
    (tmp_path / "shelf/torn.py").write_text("import nowhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    shelf = importlib.import_module("shelf")
    try:
        assert "shelf.book" not in sys.modules
        assert shelf.book is sys.modules["shelf.book"]
        assert shelf.title == "T"
        with pytest.raises(AttributeError, match="^module 'shelf' has no attribute 'film'$"):
            _ = shelf.film
        with pytest.raises(ModuleNotFoundError, match="'nowhere'"):  # of a module that is there
            _ = shelf.torn
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "shelf"]:
            del sys.modules[name]


# What a function imports from another floor, and why no front can give it.
INSIDE = {
    ("__main__.py", "rolloutsim.cli"),  # what is imported can be interrupted
    ("simulation.py", "rolloutsim.rollout.orchestrated"),  # bare pulls do without; said there
    ("simulation.py", "rolloutsim.rollout.prepulled"),  # likewise
    ("api/result.py", "rolloutsim.simulation"),  # a module, and no package
    ("planning/trials.py", "rolloutsim.simulation"),  # so here
    ("api/result.py", "rolloutsim.report.contents"),  # `run` loads no report, not even the package
    ("api/result.py", "rolloutsim.report.file"),  # nor this
    ("api/result.py", "rolloutsim.report.page"),
    ("planning/sweep/workers.py", "rolloutsim.version"),  # sent by value to a worker that may lack it
    ("results/pods/replicas.py", "rolloutsim.scenario"),  # a module that imports fractions
}


def test_what_a_module_needs_of_other_floors_stands_on_top() -> None:
    found = set()
    for path in (ROOT / "rolloutsim").rglob("*.py"):
        name = path.relative_to(ROOT / "rolloutsim").as_posix()
        own = f"rolloutsim.{name.partition('/')[0]}"
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                inner = [each.module or "" for each in ast.walk(function) if isinstance(each, ast.ImportFrom)]
                found |= {(name, one) for one in inner if one.startswith("rolloutsim") and not one.startswith(own)}
    assert found == INSIDE


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


def pins(name: str) -> list[str]:
    """What stands in a constraints file."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt"])
def test_the_constraints_are_exact_versions_and_no_addresses(name: str) -> None:
    assert pins(name)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", pin) for pin in pins(name))


def test_the_lower_bounds_are_the_versions_that_are_tested() -> None:
    """`make test-lowest` runs the tests on constraints-lowest.txt; types, style and browser are no part of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    some = [one for name, extra in extras.items() if name not in ("dev", "browser") for one in extra]
    needed = {one for one in (*project["dependencies"], *some) if not one.startswith("rolloutsim[")}
    bounds = dict(one.split(">=") for one in needed)
    tested = dict(pin.lower().split("==") for pin in pins("constraints-lowest.txt"))
    assert len(bounds) == len(needed)
    for name, version in bounds.items():
        found = tested[name.lower()]
        assert found.startswith(version), name
        assert set(found.removeprefix(version)) <= set(".0"), name


def test_tests_that_need_a_browser_are_named_where_there_is_none() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/browser"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": ""}, capture_output=True, text=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("left out: ")]
    assert line.startswith("left out: tests/browser, all that is looked at in a real browser, for want of Chromium")
    assert line.endswith("`make test-browser` installs Playwright and runs them (Debian: apt-get install chromium)")


def test_tests_that_need_a_registry_are_named_where_there_is_none() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/registry"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": ""}, capture_output=True, text=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("left out: ")]
    assert line == (
        "left out: tests/registry, imports from a real registry, for want of docker-registry and openssl "
        "(Debian: apt-get install docker-registry openssl); `make test-registry` runs them"
    )
