"""What brings rolloutsim elsewhere: the action of GitHub, the hook of pre-commit, the image, wheels, the manual."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import rolloutsim
from rolloutsim.cli import main
from tests import manual
from tests.action import ACTION, STEPS, Job
from tests.cli.conftest import HELD, INVALID, Program
from tests.forks import PROGRAM, Forks
from tests.shipped import ROOT, SCENARIOS


def content(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# The action; `make package` runs it with the program itself.

# Says what it is asked, a line a word; what it finds is as its name says.
PROGRAM_SAYS = """\
#!/bin/sh
for one in "$@"; do echo "$one"; done
if [ "$1" = run ] && [ -e missed ]; then
  mkdir -p rolloutsim-results && echo '| app |' > rolloutsim-results/summary.md && exit 3
fi
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path, PROGRAM_SAYS)


def test_the_action_expands_patterns_gates_and_writes_a_summary(job: Job) -> None:
    for name in ("a b.yaml", "a.yaml", "missed"):
        (job.work / name).write_text("")
    assert job.run(scenarios="  a*.yaml  \n\nnone*.yaml", baseline="base.yaml") == 3
    files = ["--", "a b.yaml", "a.yaml", "none*.yaml"]
    assert job.said.splitlines() == [
        *("validate", "--format", "github", *files),
        *("run", "--format", "github", "--output=rolloutsim-results", *files),
        *("compare", "--format", "github", "--", "base.yaml"),
    ]
    assert job.summary.read_text() == "compare\n--format\nmd\n--\nbase.yaml\n\n| app |\n\n"
    (job.work / "missed").unlink()
    assert job.run(scenarios="a.yaml") == 0


def test_the_action_compares_all_that_this_use_of_it_has_simulated(job: Job) -> None:
    simulated = """#!/bin/sh
for one in "$@"; do echo "$one"; done
if [ "$1" = run ]; then for one in a c/base c/x; do
  mkdir -p "rolloutsim-results/$one"; touch "rolloutsim-results/$one/records.npz"; done; fi
"""
    (job.temp / "rolloutsim/bin/rolloutsim").write_text(simulated)
    old = job.work / "rolloutsim-results" / "old"
    old.mkdir(parents=True)
    for name in ("records.npz", "summary.md"):
        (old / name).write_text("old")
        os.utime(old / name, (1e9, 1e9))
    (job.temp / "rolloutsim-comparison.md").write_text("of an earlier use")
    assert job.run(scenarios="a.yaml\nc.yaml", baseline="base.yaml") == 0
    compared = job.said.splitlines()[job.said.splitlines().index("compare") :]
    assert compared[:7] == [
        "compare", "--format", "github", "--", "base.yaml", "rolloutsim-results/a", "rolloutsim-results/c/base",
    ]  # fmt: skip
    assert not any("old" in line for line in compared)
    job.said = ""
    assert job.run(scenarios="a.yaml") == 0
    assert "old" not in job.summary.read_text()
    assert "base.yaml" not in job.summary.read_text()


def test_what_the_inputs_of_the_action_hold_is_never_executed(job: Job) -> None:
    evil = "$(touch owned)`touch owned`;touch owned|touch owned&\"'\\; touch owned #"
    changes = f"name={evil}\n\n-x"
    assert job.run(
        scenarios=f"{evil}\n-o\n--help", set=changes, results="$(touch owned)", baseline=evil, fail_if=evil
    ) == 0  # fmt: skip
    assert not list(job.folder.rglob("owned"))
    given = [f"--set=name={evil}", "--set=-x", "--", evil, "-o", "--help"]
    assert job.said.splitlines() == [
        *("validate", "--format", "github", *given),
        *("run", "--format", "github", "--output=$(touch owned)", *given),
        *("compare", "--format", "github", f"--fail-if={evil}", "--", evil),
    ]
    assert job.run(scenarios="s.yaml", results="a\nexit-code=0") == 2
    assert job.run(scenarios=" \n") == 2


def test_inputs_reach_the_shell_of_the_action_through_its_environment_alone() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    used = " ".join(" ".join(step["env"].values()) + step.get("if", "") for step in STEPS.values())
    for name, one in ACTION["inputs"].items():
        assert one["description"]
        assert f"inputs.{name}" in used
    for one in ACTION["outputs"].values():
        step, output = re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", one["value"])[0]
        assert f"{output}=" in STEPS[step]["run"]


# The hook


def test_the_hook_checks_scenarios_and_nothing_else(program: Program, tmp_path: Path) -> None:
    (hook,) = content(".pre-commit-hooks.yaml")
    assert all(re.search(hook["files"], f"x/scenarios/{path.name}") for path in SCENARIOS)
    assert not re.search(hook["files"], "deploy/scenarios.yaml")
    first, *arguments = hook["entry"].split()
    assert first in PROJECT["project"]["scripts"]
    assert hook["language"] == "python"
    (tmp_path / "good.yaml").write_text(HELD)
    (tmp_path / "bad.yaml").write_text(INVALID)
    assert program(*arguments, "good.yaml").code == 0
    assert program(*arguments, "good.yaml", "bad.yaml").code == 4


# The image


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_has_two_stages_on_the_base_that_is_given_and_ends_without_root() -> None:
    steps = instructions()
    froms = [rest for word, rest in steps if word == "FROM"]
    assert froms == ["${BASE} AS build", "${BASE}"]
    assert steps[0][0] == "ARG"
    assert "sha256:" not in steps[0][1]  # a digest that nobody looked up
    last = dict(steps[[word for word, _ in steps].index("FROM", 2) :])
    assert last["USER"] == "65532:65532"
    assert json.loads(last["ENTRYPOINT"]) == ["rolloutsim"]
    assert "RUN" not in last
    copied = [word for kind, rest in steps if kind == "COPY" and "--from" not in rest for word in rest.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    shared = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    needed = {PROJECT["project"]["readme"], "LICENSE", "hatch_build.py", *shared}
    assert needed <= set(copied)


def test_without_a_place_to_write_scenarios_run(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(HELD)
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
    none = dict.fromkeys(places, "/dev/null/nowhere")
    assert forks.run(PROGRAM, "run", "s.yaml", folder=tmp_path, environment=none).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]


# Wheels, the manual, and what people are asked for


def test_compiled_wheels_are_those_of_the_pythons_that_are_promised() -> None:
    project, wheels = PROJECT["project"], PROJECT["tool"]["cibuildwheel"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert wheels["build"] == [f"cp{version.replace('.', '')}-*" for version in named]
    assert project["requires-python"] == f">={named[0]}"
    assert wheels["environment"] == {"ROLLOUTSIM_ENGINE": "compiled"}
    assert all((ROOT / name).exists() for name in wheels["test-sources"])
    assert "rolloutsim" not in wheels["test-sources"]
    (tests,) = re.findall(r"\.\./bin/pytest (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert wheels["test-command"][-1] == f"pytest {tests}"
    extras = project["optional-dependencies"]["test"]
    assert all(any(one.startswith(name) for one in extras) for name in wheels["test-requires"])


def test_licences_of_what_others_wrote_are_part_of_the_package() -> None:
    patterns = PROJECT["project"]["license-files"]
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    vendors = [path for path in (ROOT / "rolloutsim").rglob("vendor") if path.is_dir()]
    assert vendors
    assert {ROOT / "LICENSE"} | {path for vendor in vendors for path in vendor.glob("*LICENSE*")} == found
    assert all(list(vendor.glob("*LICENSE*")) for vendor in vendors)


def test_the_manual_page_is_current() -> None:
    """If this fails after an intended change: make manual."""
    assert manual.FILE.read_text(encoding="utf-8") == manual.page()


def test_the_manual_page_is_one_that_groff_takes_without_a_word(tmp_path: Path) -> None:
    try:
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Kutf8", "-Tutf8", manual.FILE], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("needs groff")
    assert (done.returncode, done.stderr) == (0, "")
    for command in main.list_commands(None):  # type: ignore[arg-type]
        assert f"rolloutsim {command}" in done.stdout


def test_a_citation_is_of_this_version() -> None:
    citation = content("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == rolloutsim.__version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["keywords"] == PROJECT["project"]["keywords"]
    assert "doi" not in citation


def test_whoever_reports_a_defect_is_asked_for_versions_and_the_scenario() -> None:
    forms = [path for path in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]
    assert forms
    for path in forms:
        form = content(str(path.relative_to(ROOT)))
        asked = {one["id"]: one for one in form["body"] if one["type"] != "markdown"}
        assert "rolloutsim --version --verbose" in asked["version"]["attributes"]["label"]
        assert asked["version"]["validations"] == {"required": True}
        assert "rolloutsim show" in asked["scenario"]["attributes"]["label"]


def test_the_longer_version_tells_what_a_defect_may_depend_on(program: Program, tmp_path: Path) -> None:
    done = program("--version", "--verbose", HOME=str(ROOT.parent))
    assert (done.code, done.err) == (0, "")
    first, *rows = done.out.splitlines()
    assert first == program("--version").out.strip() == f"rolloutsim, version {rolloutsim.__version__}"
    told = dict(row.split(maxsplit=1) for row in rows)
    assert told["engine"].startswith(("pure Python", "compiled ("))
    assert told["installed"] == f"~/{ROOT.name}/rolloutsim"
    assert {"Python", "platform", "numpy", "simpy", "pydantic", "click"} <= set(told)
    assert "pytest" not in told
    done = program("--verbose", "run")
    assert (done.code, done.err.splitlines()[-1]) == (2, "Error: --verbose goes with --version")
