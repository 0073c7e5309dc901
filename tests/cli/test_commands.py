"""What the commands print, besides `run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rolloutsim
from rolloutsim.cli import COMMANDS
from rolloutsim.scenario import explain, json_schema, template, template_names, template_title
from tests.cli.conftest import HELD, INVALID, QUICK, ROOT, Program
from tests.shipped import SCENARIOS

NO_NODES = "'0' is not a whole number from 1 to 1000000"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_an_example(shell: Program, command: str) -> None:
    done = shell(command, "-h")
    assert done.code == 0
    assert "\n  Example:\n" in done.out
    assert f"rolloutsim {command} " in done.out.partition("Example:")[2]
    assert done.out == shell(command, "--help").out


def test_version(program: Program) -> None:
    assert program("--version").out == f"rolloutsim, version {rolloutsim.__version__}\n"


def test_validate_accepts_what_is_valid_and_simulates_nothing(program: Program) -> None:
    done = program("validate", "-", stdin=HELD)
    assert (done.code, done.out, done.err) == (0, "", "-: valid\n")


def test_validate_shows_the_errors_of_all_files(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(INVALID)
    (tmp_path / "b.yaml").write_text(QUICK.replace("nodes:", "noodles:"))
    done = shell("validate", "a.yaml", "b.yaml")
    assert (done.code, done.err) == (4, "")
    assert done.out == (
        f"a.yaml:4:8: error: {NO_NODES}\n"
        "     4 | nodes: 0\n"
        "       |        ^\n"
        "b.yaml:1:1: error: key 'nodes' is missing in the scenario; add it: the nodes that pull, in groups by name\n"
        "     1 | rolloutsim: 1\n"
        "       | ^^^^^^^^^^\n"
        "b.yaml:4:1: error: unknown key 'noodles' in the scenario; allowed: rolloutsim name description model seed "
        "replications nodes network registry registries mirrors caches peers images workloads rollout "
        "controller_manager push pushes prepulls background failures prices "
        "calibrated assumed thresholds sweep variants\n"
        "     4 | noodles: 2\n"
        "       | ^^^^^^^ help: did you mean 'nodes'?\n"
    )


def test_validate_shows_errors_and_every_file_that_is_missing(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(QUICK)
    (tmp_path / "b.yaml").write_text(INVALID)
    done = shell("validate", "a.yaml", "b.yaml", "zzz", "yyy")
    assert (done.code, done.out) == (2, f"b.yaml:4:8: error: {NO_NODES}\n     4 | nodes: 0\n       |        ^\n")
    missing = "error: 'zzz' does not exist; give a scenario file\nerror: 'yyy' does not exist; give a scenario file\n"
    assert done.err == f"a.yaml: valid\n{missing}"


def test_validate_as_json_is_the_list_of_diagnostics(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(INVALID)
    done = shell("validate", "a.yaml", "--format", "json")
    assert (done.code, done.err) == (4, "")
    assert json.loads(done.out) == [
        {
            "file": "a.yaml",
            "line": 4,
            "column": 8,
            "length": 1,
            "severity": "error",
            "message": NO_NODES,
            "help": None,
        }
    ]
    assert shell("validate", "-", "--format", "json", stdin=HELD).out == "[]\n"


def test_run_annotates_an_invalid_scenario_as_validate_does(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(INVALID)
    ran, validated = (shell(name, "a.yaml", "--format", "github") for name in ("run", "validate"))
    assert (ran.code, ran.out) == (4, validated.out)
    assert ran.out.startswith("::error file=a.yaml,line=")


def test_validate_for_github_is_annotations(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "a,b.yaml").write_text(INVALID.replace("10 MB", "10 Mb"))
    done = shell("validate", "a,b.yaml", "--format", "github")
    assert done.code == 4
    first, second = done.out.splitlines()
    assert first == f"::error file=a%2Cb.yaml,line=4,col=8::{NO_NODES}"
    assert second == (
        "::error file=a%2Cb.yaml,line=6,col=17,endColumn=22::"
        "'10 Mb' is in bits; a size is in bytes: write 10 MB or 1.25 MB"
    )


def test_validate_checks_overrides(shell: Program) -> None:
    done = shell("validate", "-", "--set", "nodes=0", stdin=HELD)
    assert done.code == 4
    assert done.out == f"--set nodes: error: {NO_NODES}\n"


def test_schema_is_the_checked_in_one(program: Program) -> None:
    done = program("schema")
    assert done.out == (ROOT / "rolloutsim.schema.json").read_text(encoding="utf-8")
    assert json.loads(done.out) == json_schema()


def test_explain_prints_type_unit_default_and_source(shell: Program) -> None:
    done = shell("explain", "network.latency")
    assert (done.code, done.out) == (0, f"{explain('network.latency')}\n")
    assert all(word in done.out for word in ("type:", "unit:", "default:", "source:"))


def test_explain_lists_the_metrics_of_thresholds_and_explains_each(shell: Program) -> None:
    for name in ("thresholds", "rollout_time"):
        done = shell("explain", name)
        assert (done.code, done.out, done.err) == (0, f"{explain(name)}\n", "")


def test_a_kubernetes_manifest_is_named_as_such_in_one_error(shell: Program) -> None:
    done = shell("run", "-", stdin="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {}\n")
    assert (done.code, done.out) == (4, "")
    assert done.err.splitlines()[:3] == [
        "<stdin>:1:1: error: this is a Kubernetes manifest (Deployment 'api'), not a scenario; what it rolls out is "
        "one of a scenario's 'workloads', beside its nodes, network and images",
        "     1 | apiVersion: apps/v1",
        "       | ^^^^^^^^^^ help: 'rolloutsim init --template kubernetes' prints a scenario to start from",
    ]


def test_explain_suggests_a_key(shell: Program) -> None:
    done = shell("explain", "network.latencie")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert "latency" in done.err


def test_init_prints_a_scenario_that_runs(shell: Program) -> None:
    done = shell("init")
    assert (done.code, done.err) == (0, "")
    assert done.out == template("20nodes")
    assert shell("run", "-", stdin=done.out).code in (0, 3)


def test_init_help_names_all_templates(shell: Program) -> None:
    lines = [line.split(maxsplit=1) for line in shell("init", "-h").out.splitlines()]
    assert all([name, template_title(name)] in lines for name in template_names())


def test_init_writes_a_file_and_never_over_another(shell: Program, tmp_path: Path) -> None:
    done = shell("init", "--template", "racks", "-o", "mine.yaml")
    assert (done.code, done.out, done.err) == (0, "", "wrote mine.yaml; run it: rolloutsim run mine.yaml\n")
    assert (tmp_path / "mine.yaml").read_text() == template("racks")

    done = shell("init", "-o", "mine.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: mine.yaml exists and is left as it is; choose another name, or replace it with --force\n"
    )
    assert (tmp_path / "mine.yaml").read_text() == template("racks")

    assert shell("init", "-o", "mine.yaml", "--force").code == 0
    assert (tmp_path / "mine.yaml").read_text() == template("20nodes")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_init_writes_all_templates_into_a_folder_and_never_over_another(shell: Program, tmp_path: Path) -> None:
    done = shell("init", "--all", "scenarios")
    count = len(template_names())
    said = f"wrote {count} scenarios to scenarios; run it: rolloutsim run scenarios/20nodes.yaml\n"
    assert (done.code, done.out, done.err) == (0, "", said)
    assert {path.stem: path.read_text() for path in (tmp_path / "scenarios").iterdir()} == {
        name: template(name) for name in template_names()
    }
    done = shell("init", "--all", "scenarios")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: scenarios/{template_names()[0]}.yaml exists and is left as it is; choose another name, or replace it "
        "with --force\n"
    )
    assert shell("init", "--all", "scenarios", "--force").code == 0
    done = shell("init", "--all", "more", "--template", "racks")
    assert (done.code, done.err.splitlines()[-1]) == (
        2, "Error: --all writes every template, each under its name: leave --template and -o out",
    )  # fmt: skip


def test_init_knows_every_shipped_scenario_but_for_the_line_for_editors() -> None:
    for path in SCENARIOS:
        assert path.read_text().partition("\n#\n")[2] == template(path.stem)
    assert {path.stem for path in SCENARIOS} == {*template_names()} - {"kubernetes", "real"}


def test_who_names_a_shipped_scenario_that_is_not_there_is_told_how_to_come_by_it(shell: Program) -> None:
    told = "does not exist; give a scenario file;"
    assert shell("validate", "scenarios/racks.yaml").err == (
        f"error: 'scenarios/racks.yaml' {told} 'rolloutsim init --all scenarios' writes the shipped ones\n"
    )
    assert shell("validate", "racks.yaml").err == (
        f"error: 'racks.yaml' {told} 'rolloutsim init --template racks -o racks.yaml' writes the shipped one\n"
    )


def test_init_names_the_templates_that_exist(shell: Program) -> None:
    done = shell("init", "--template", "rack")
    assert done.code == 2
    assert done.err.startswith("error: no template is named 'rack'; known: ")


def test_init_into_a_folder_that_does_not_exist(shell: Program) -> None:
    done = shell("init", "-o", "nowhere/mine.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: cannot write nowhere/mine.yaml: no such file or directory\n"
