"""Every exit code, end to end, with the whole message."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rolloutsim.cli import COMMANDS, main
from tests.cli.conftest import HELD, INVALID, MISSED, QUICK, ROOT, STUCK, WARNED, Program
from tests.forks import Forks
from tests.long import one_in

RESULTS = ["cases.csv", "records.npz", "report.html", "result.json", "summary.md"]


@pytest.fixture
def scenario(tmp_path: Path):
    """Write a scenario file, return its name."""

    def write(text: str, name: str = "s.yaml") -> str:
        (tmp_path / name).write_text(text)
        return name

    return write


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_0_all_thresholds_held(program: Program, scenario) -> None:
    done = program("run", scenario(HELD), "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert [case["rollout_time_s"] for case in json.loads(done.out)["cases"]] == pytest.approx([0.16, 1.6], rel=1e-9)


def test_0_a_warning_is_no_failure(shell: Program, scenario) -> None:
    assert shell("run", scenario(WARNED)).code == 0


def test_1_an_output_folder_that_cannot_be_written_stops_before_simulating(
    shell: Program, scenario, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    for folder, reason in (("taken", "it is a file"), ("taken/below", "not a directory")):
        done = shell("run", scenario(HELD), "-o", folder)
        assert (done.code, done.out) == (1, "")
        assert done.err == (
            f"error: cannot write to {folder}: {reason}; nothing was simulated; choose another folder with -o\n"
        )
    assert (tmp_path / "taken").read_text() == "mine"
    assert names_in(tmp_path) == ["s.yaml", "taken"]


def test_1_a_folder_in_the_place_of_a_result_stops_before_simulating(
    program: Program, scenario, tmp_path: Path
) -> None:
    (tmp_path / "out/cases.csv").mkdir(parents=True)
    done = program("run", scenario(HELD), "-o", "out")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: cannot write out/cases.csv: is a directory; nothing was simulated; choose another folder with -o\n"
    )
    assert names_in(tmp_path / "out") == ["cases.csv"]


def test_1_a_failed_check_leaves_no_new_folders(shell: Program, scenario, tmp_path: Path) -> None:
    (tmp_path / "out/b/cases.csv").mkdir(parents=True)
    done = shell("run", scenario(HELD, "a.yaml"), scenario(HELD, "b.yaml"), "-o", "out")
    assert (done.code, done.out) == (1, "")
    assert names_in(tmp_path / "out") == ["b"]


@pytest.mark.parametrize(
    "arguments",
    one_in(3, [
        ["run", "s.yaml"], ["run", "s.yaml", "--format", "json"], ["run", "s.yaml", "--format", "csv"],
        ["schema"], ["explain", "nodes"], ["init"], ["--help"], ["--version"], ["run", "s.yaml", "--format", "md"],
        ["validate", "s.yaml", "--format", "json"],
    ]),
    ids=" ".join,
)  # fmt: skip
def test_1_an_output_that_is_full(scenario, tmp_path: Path, arguments: list[str]) -> None:
    scenario(HELD)
    with open("/dev/full", "w") as full:
        done = in_shell(arguments, tmp_path, stdout=full)
    assert (done.returncode, done.stderr) == (1, b"error: cannot write the output: no space left on device\n")


def test_1_an_output_that_is_closed(scenario, tmp_path: Path) -> None:
    done = in_shell(["run", scenario(HELD)], tmp_path, redirect=">&-")
    assert (done.returncode, done.stderr) == (1, b"error: cannot write the output: the standard output is closed\n")


def test_talk_that_nobody_hears_changes_nothing_else(program: Program, scenario, tmp_path: Path) -> None:
    name = scenario(HELD)
    done = in_shell(["run", name, "-o", "out"], tmp_path, redirect="2>&-", stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout.decode()) == (0, program("run", name).out)
    assert names_in(tmp_path / "out") == RESULTS
    for redirect in ("2>&-", "2>/dev/full"):
        assert in_shell(["run", "nowhere.yaml"], tmp_path, redirect=redirect).returncode == 2


@pytest.mark.parametrize(("command", "what"), [("run", "a scenario file"), ("import", "a file")])
def test_2_an_input_that_is_closed(tmp_path: Path, command: str, what: str) -> None:
    done = in_shell([command, "-"], tmp_path, redirect="<&-")
    message = f"error: '-' cannot be read: the standard input is closed; give {what}\n"
    assert (done.returncode, done.stderr.decode()) == (2, message)


def test_control_characters_in_errors_are_shown_and_not_sent(shell: Program) -> None:
    done = shell("run", "a\x1b[31m.yaml")
    assert (done.code, done.out, done.err) == (
        2, "", "error: 'a\\x1b[31m.yaml' does not exist; give a scenario file\n",
    )  # fmt: skip
    assert shell("run", "--a\x1b[31m").err.splitlines()[-1].startswith(r"Error: No such option")
    assert "\x1b" not in shell("run", "--a\x1b[31m").err


def in_shell(arguments: list[str], folder: Path, redirect: str = "", **streams: object):
    """Run rolloutsim with a redirection of the shell, or with other streams."""
    program = Path(sys.executable).with_name("rolloutsim")
    command = ["sh", "-c", f'"$0" "$@" {redirect}', program, *arguments]
    return subprocess.run(command, cwd=folder, check=False, **{"stderr": subprocess.PIPE, **streams})


def test_1_an_internal_error_is_short_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("slot")

    monkeypatch.setattr("rolloutsim.simulation.simulate", broken)
    path = tmp_path / "s.yaml"
    path.write_text(QUICK)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path)])
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "internal error: KeyError: 'slot'\n"
        "This is a defect of rolloutsim, not of your scenario. ROLLOUTSIM_TRACEBACK=1 in the environment "
        "shows where it happened.\n"
    )
    monkeypatch.setenv("ROLLOUTSIM_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["run", str(path)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], f"no command 'rnu' (did you mean 'run'?); commands: {', '.join(COMMANDS)}"),
        (["run"], "Missing argument 'FILE…'."),
        (
            ["run", "s.yaml", "--seed", "-1"],
            "Invalid value for '--seed': -1 is not in the range 0<=x<=9223372036854775807.",
        ),
        (
            ["run", "s.yaml", "--format", "xml"],
            "Invalid value for '--format': 'xml' is not one of 'table', 'json', 'csv', 'md', 'junit', 'github'.",
        ),
        (["run", "s.yaml", "--detail", "full"], "--detail says how much JSON holds: add --format json, or -o DIR"),
        (
            ["run", "s.yaml", "d/s.yaml", "--format", "csv"],
            "--format csv is for one file: its lines name cases, not scenarios; or use -o DIR",
        ),
        (
            ["run", "s.yaml", "d/s.yaml", "--format", "json"],
            "--format json is for one file: several documents are no JSON; or use -o DIR",
        ),
        (
            ["run", "s.yaml", "d/s.yaml", "-o", "out"],
            "two files of the same name would share a folder in out; run them one by one",
        ),
    ],
)
def test_2_a_wrong_call(shell: Program, scenario, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "d").mkdir()
    scenario(HELD, "s.yaml")
    scenario(HELD, "d/s.yaml")
    done = shell(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"
    assert names_in(tmp_path) == ["d", "s.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.yaml"], "'t.yaml' does not exist; give a scenario file; did you mean 's.yaml'?"),
        (["d"], "'d' is a directory; give a scenario file, for example 'd/s.yaml'"),
        (
            ["s.yaml", "--set", "netwrk=1 Gbit/s"],
            "--set netwrk: unknown key 'netwrk' in the scenario; allowed: rolloutsim name description model seed "
            "replications nodes network registry registries mirrors caches peers images workloads rollout "
            "controller_manager push pushes prepulls background failures prices "
            "calibrated assumed thresholds sweep variants; did you mean network?",
        ),
        (
            ["s.yaml", "--set", 'images["a=1'],
            '--set images["a=1: the bracket at column 7 is not closed; write KEY=VALUE, for example network.latency=5 '
            "ms or 'images[\"golang:1.8-alpine\"]=200 MB'",
        ),
    ],
)
def test_2_a_file_or_path_that_leads_nowhere(
    shell: Program, scenario, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "d").mkdir()
    scenario(HELD, "s.yaml")
    scenario(HELD, "d/s.yaml")
    done = shell("run", *arguments, "-o", "out")
    assert (done.code, done.out, done.err) == (2, "", f"error: {message}\n")
    assert names_in(tmp_path) == ["d", "s.yaml"]


def test_2_a_file_named_twice(program: Program, scenario) -> None:
    done = program("run", scenario(HELD), "s.yaml")
    assert (done.code, done.out, done.err) == (2, "", "error: s.yaml is named twice; name each scenario once\n")


def test_3_a_threshold_missed_and_the_results_kept(program: Program, scenario, tmp_path: Path) -> None:
    done = program("run", scenario(MISSED), "-o", "out")
    assert done.code == 3
    assert done.err == "wrote out/result.json, out/cases.csv, out/summary.md, out/records.npz and out/report.html\n"
    assert names_in(tmp_path / "out") == RESULTS
    assert json.loads((tmp_path / "out/result.json").read_text())["schema"] == "rolloutsim.run/1"


def test_4_an_invalid_scenario_is_neither_simulated_nor_written(program: Program, scenario, tmp_path: Path) -> None:
    valid, invalid = scenario(HELD, "valid.yaml"), scenario(INVALID, "invalid.yaml")
    done = program("run", valid, invalid, "-o", "out")
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        "invalid.yaml:4:8: error: '0' is not a whole number from 1 to 1000000\n     4 | nodes: 0\n       |        ^\n"
    )
    assert names_in(tmp_path) == ["invalid.yaml", "valid.yaml"]


def test_5_a_rollout_that_cannot_finish_says_what_waits_for_what(program: Program, scenario, tmp_path: Path) -> None:
    done = program("run", scenario(STUCK), "-o", "out")
    assert done.code == 5
    text = " ".join(done.out.split())
    for image in ("small", "large"):
        assert (
            f"{image} did not finish: 2 of 2 pulls never had their image. 2 fetches waiting for a connection of "
            "registry 'registry' (max_connections: 0)."
        ) in text
    assert names_in(tmp_path / "out") == RESULTS


ASKING = """\
rolloutsim: 1
nodes: {web: {count: 2, image_backoff: {initial: 1 us, max: 1 us, requeue: exact}}}
network: 1 Gbit/s
images: {app: 10 MB}
workloads: {api: {images: app, replicas: 2}}
rollout: {horizon: 1e11 s}
failures: {down: {registry: registry, at: 0 s}}
"""


def test_5_a_rollout_that_goes_on_for_ever_ends_and_says_what_goes_on(program: Program, scenario) -> None:
    done = program("run", scenario(ASKING))
    assert (done.code, done.err) == (5, "")
    text = " ".join(done.out.split())
    assert "the rollout cannot finish: nothing has come of 270,000 events from 0 s to 2h" in text
    assert "; what goes on: nodes ask 'registry' for images, pulls fail and pods in back-off ask again" in text
    assert ", an event every " in text


@pytest.mark.long  # the test above has such a rollout, and tests of sweeps have points that do not finish
def test_5_in_a_sweep_such_a_point_is_unfinished(program: Program, scenario, tmp_path: Path) -> None:
    done = program("sweep", scenario(ASKING), "-p", "nodes.web.count=2,3", "-o", "s.sqlite")
    assert done.code == 5
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as file:
        said = [stuck for (stuck,) in file.execute("SELECT stuck FROM results")]
    assert len(said) == 2
    assert all("what goes on: nodes ask 'registry' for images" in one for one in said)


def test_4_a_scenario_that_takes_more_memory_than_there_is_is_refused(program: Program, scenario) -> None:
    text = "rolloutsim: 1\nnodes: 1000000\nnetwork: 1 Gbit/s\nimages: {app: {size: 1 GB, layers: 100}}\n"
    done = program("run", scenario(text))
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        "s.yaml:4:1: error: 1,000,000 nodes and 100,000,000 layers (or ranges of them) to fetch would take about "
        "62.5 GB of memory, and the most is 3.3 GB\n"
        "     4 | images: {app: {size: 1 GB, layers: 100}}\n"
        "       | ^^^^^^ help: simulate a part of them, such as a rack of each kind, with links as wide as its share "
        "of them\n"
    )


def test_the_worst_exit_code_of_several_files_wins(shell: Program, scenario) -> None:
    done = shell("run", scenario(MISSED, "m.yaml"), scenario(STUCK, "s.yaml"), scenario(HELD, "h.yaml"))
    assert done.code == 5


INTERRUPTED = (
    "import os, signal, sys\n"
    "import rolloutsim.simulation as module\n"
    "from rolloutsim.cli import main\n"
    "real, calls = module.simulate, []\n"
    "def simulate(*arguments, **more):\n"
    "    calls.append(1)\n"
    "    if len(calls) == 2:\n"
    "        os.kill(os.getpid(), signal.SIGINT)\n"
    "    return real(*arguments, **more)\n"
    "module.simulate = simulate\n"
    "main(sys.argv[1:])\n"
)


def test_130_interrupted_and_finished_results_kept(scenario, tmp_path: Path, forks: Forks) -> None:
    files = scenario(HELD, "a.yaml"), scenario(HELD, "b.yaml")
    done = forks.run(INTERRUPTED, "run", *files, "-o", "out", folder=tmp_path)
    assert done.returncode == 130
    assert done.stderr.decode() == (
        "wrote out/a/result.json, out/a/cases.csv, out/a/summary.md, out/a/records.npz and out/a/report.html\n"
        "\ninterrupted\n"
    )
    assert names_in(tmp_path / "out/a") == RESULTS
    assert names_in(tmp_path / "out") == ["a"]


@pytest.mark.parametrize(
    ("more", "said", "kept"),
    [
        (
            ("-o", "out"),
            "1 of 3 variants are simulated: a; each has its folder in out, and 'rolloutsim compare' takes these\n",
            ["a"],
        ),
        ((), "1 of 3 variants are simulated: a; nothing is kept without -o DIR\n", []),
    ],
)
def test_130_interrupted_variants_say_which_are_kept(
    scenario, tmp_path: Path, forks: Forks, more, said: str, kept: list[str]
) -> None:
    file = scenario(HELD + "variants: {a: {}, b: {network: 2 Gbit/s}, c: {network: 3 Gbit/s}}\n", "v.yaml")
    done = forks.run(INTERRUPTED, "run", file, *more, folder=tmp_path)
    assert done.returncode == 130
    assert done.stderr.decode() == f"{said}\ninterrupted\n"
    assert (names_in(tmp_path / "out") if kept else []) == kept
    for name in kept:
        assert names_in(tmp_path / "out" / name) == [one for one in RESULTS if one != "report.html"]


def test_a_reader_that_goes_away_is_no_error_message() -> None:
    program = Path(sys.executable).with_name("rolloutsim")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([program, "schema"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b""
    assert done.returncode == -13  # SIGPIPE
    in_a_shell = subprocess.run(["sh", "-c", '"$0" schema; exit $?', program], cwd=ROOT, stdout=write, check=False)
    assert in_a_shell.returncode == 141  # 128 + 13
    os.close(write)
