"""What `sweep` prints, writes, and survives."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.cli import main
from rolloutsim.cli.progress import RunsProgress
from tests.cli.conftest import QUICK, STUCK, Outcome, Program
from tests.cli.test_run import Terminal
from tests.forks import Forks

VARIED = ("-p", "nodes=2,4", "-p", "network=1 Gbit/s,10 Gbit/s")

# Ideal, by hand: n pulls of S bytes over C take n S / C.
TABLE = """\
two nodes · grid of 4 points

  nodes     network     small    large
 ──────────────────────────────────────
      2    1 Gbit/s   0.160 s   1.60 s
      2   10 Gbit/s   0.0160 s   0.160 s
      4    1 Gbit/s   0.320 s   3.20 s
      4   10 Gbit/s   0.0320 s   0.320 s

 Rollout times by case.
"""


Inside = Callable[..., Outcome]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Run rolloutsim in an empty folder, in this process: what is asked of it needs no process of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # a broken pipe would end the tests

    def run(*arguments: str, scenario: str | None = None) -> Outcome:
        if scenario is not None:
            (tmp_path / "s.yaml").write_text(scenario)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), said.out, said.err)

    return run


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if "─" not in line]


def dump(path: Path) -> list[str]:
    database = sqlite3.connect(path)
    try:
        return list(database.iterdump())
    finally:
        database.close()


def test_the_table_is_the_mean_rollout_time_of_each_case(inside: Inside) -> None:
    done = inside("sweep", "s.yaml", *VARIED, scenario=QUICK)
    assert (done.code, done.err) == (0, "")
    assert squeezed(done.out) == squeezed(TABLE)
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_the_formats_are_the_sweep_of_python(inside: Inside) -> None:
    sweep = rs.loads(QUICK).sweep({"nodes": [2, 4], "network": ["1 Gbit/s", "10 Gbit/s"]}, replications=2)
    shown = {
        form: inside("sweep", "s.yaml", *VARIED, "--replications", "2", "--format", form, scenario=QUICK).out
        for form in ("json", "csv", "md")
    }
    assert shown == {"json": sweep.to_json(), "csv": sweep.to_csv(), "md": sweep.to_markdown()}
    assert json.loads(shown["json"])["schema"] == "rolloutsim.sweep/1"
    assert len(list(csv.DictReader(io.StringIO(shown["csv"])))) == 4 * 2 * 2


def test_the_files_own_sweep_and_what_takes_its_place(inside: Inside) -> None:
    text = QUICK + "sweep: {nodes: [2, 4], seed: [1, 2]}\n"
    for options, points in (((), 4), (("--design", "zip"), 2), (("-p", "nodes=3"), 1)):
        found = json.loads(inside("sweep", "s.yaml", *options, "--format", "json", scenario=text).out)
        assert len(found["points"]) == points


def test_overrides_and_a_seed_hold_at_every_point(inside: Inside) -> None:
    options = ("--set", "images.large=50 MB", "--seed", "9", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(inside("sweep", "s.yaml", *VARIED, *options, scenario=QUICK).out)))
    assert {row["seed"] for row in rows} == {"9"}
    assert [float(row["rollout_time_s"]) for row in rows if row["case"] == "large"] == [0.8, 0.08, 1.6, 0.16]


def test_a_sobol_design_of_a_range(inside: Inside) -> None:
    options = ("-p", "network=1 Gbit/s..9 Gbit/s", "--design", "sobol", "--points", "4", "--format", "md")
    done = inside("sweep", "s.yaml", *options, scenario=QUICK)
    assert [line.split("|")[1].strip() for line in done.out.splitlines()[4:8]] == [
        "1 Gbit/s", "5 Gbit/s", "7 Gbit/s", "3 Gbit/s",
    ]  # fmt: skip


def test_results_are_written_to_one_file_that_sqlite_reads(inside: Inside, tmp_path: Path) -> None:
    done = inside("sweep", "s.yaml", *VARIED, "-o", "s.sqlite", "--parquet", "s.parquet", scenario=QUICK)
    assert (done.code, done.err) == (0, "wrote s.sqlite and s.parquet\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.parquet", "s.sqlite", "s.yaml"]
    database = sqlite3.connect(tmp_path / "s.sqlite")
    rows = database.execute(
        "SELECT nodes, network_bytes_per_s, rollout_time_s FROM joined WHERE \"case\" = 'large' ORDER BY point"
    ).fetchall()
    database.close()
    assert rows == [(2, 125e6, 1.6), (2, 125e7, 0.16), (4, 125e6, 3.2), (4, 125e7, 0.32)]


def test_thresholds_are_written_and_not_judged(inside: Inside) -> None:
    assert inside("sweep", "s.yaml", *VARIED, scenario=QUICK + "thresholds: {rollout_time: max < 1 ms}\n").code == 0


def test_5_a_rollout_that_did_not_finish(inside: Inside) -> None:
    done = inside("sweep", "s.yaml", "-p", "nodes=2,3", scenario=STUCK)
    assert (done.code, done.err) == (5, "")
    assert "  2       –       –\n" in done.out.replace("      2", "  2")
    assert " –: at 2 of 2 points a rollout did not finish, so that its time is unknown.\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["s.yaml"], 2,
         "error: s.yaml has no key 'sweep', and there is no -p; write for example -p 'network=1 Gbit/s,10 Gbit/s'"),
        (["s.yaml", "-p", "nodes=2,0"], 4, "-p nodes: error: '0' is not a whole number from 1 to 1000000"),
        (["s.yaml", "-p", "images.smal=2 MB"], 2,
         "error: -p images.smal: no image is named 'smal' in images; there are: small large; did you mean "
         "images.small?"),
        (["s.yaml", "-p", "nodes=2,3", "--resume"], 2, "Error: --resume goes on with a file: name it with -o"),
        (["s.yaml", "-p", "nodes=2,3", "-o", ""], 2, "error: -o is empty: name a file, for example sweep.sqlite"),
        (["s.yaml", "-p", "nodes=2,3", "--parquet", ""], 2,
         "error: --parquet is empty: name a file, for example sweep.parquet"),
        (["s.yaml", "-p", "replications=1,3"], 2,
         "error: -p replications: replications has no effect here: every value is simulated equally often; say how "
         "often with --replications"),
        (["s.yaml", "-p", "nodes=0..10 log", "--design", "sobol", "--points", "4"], 2,
         "error: nodes: '0' is no number that nodes can have; it is a whole number from 1 to 1000000"),
        (["s.yaml", "-p", "nodes=2,3", "-o", "d"], 1,
         "error: cannot write d: is a directory; nothing was simulated; name a file"),
        (["s.yaml", "-p", "nodes=2,3", "-o", "x/s.sqlite"], 1,
         "error: cannot write x/s.sqlite: its folder does not exist; nothing was simulated"),
        (["s.yaml", "-p", "nodes=2,3", "-o", "s.yaml"], 2,
         "error: s.yaml is not the file of a sweep (file is not a database); 'rolloutsim sweep FILE -o s.sqlite' makes "
         "one"),
        (["s.yaml", "-p", "nodes=2,3", "-o", "empty"], 2,
         "error: empty exists; go on with it by --resume, or write to another file with -o"),
        (["s.yaml", "-p", "nodes=2,3", "-o", "s.yaml", "--resume"], 2,
         "error: s.yaml is not the file of a sweep (file is not a database); 'rolloutsim sweep FILE -o s.sqlite' makes "
         "one"),
        (["s.yaml", "-p", "nodes=2,3", "--design", "cube"], 2,
         "Error: Invalid value for '--design': 'cube' is not one of 'grid', 'zip', 'sobol'."),
        (["s.yaml", "-p", "nodes=2,3", "--jobs", "0"], 2,
         "error: 0 jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core"),
        (["t.yaml", "-p", "nodes=2"], 2,
         "error: 't.yaml' does not exist; give a scenario file; did you mean 's.yaml'?"),
    ],
)  # fmt: skip
def test_a_wrong_call_simulates_and_writes_nothing(
    inside: Inside, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    (tmp_path / "d").mkdir()
    (tmp_path / "empty").touch()
    done = inside("sweep", *arguments)
    assert (done.code, done.out, done.err.splitlines()[-1]) == (code, "", message)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["d", "empty", "s.yaml"]
    assert (tmp_path / "s.yaml").read_text() == QUICK


def test_resume_without_a_file_begins_one_and_says_so(inside: Inside, tmp_path: Path) -> None:
    done = inside("sweep", "s.yaml", *VARIED, "-o", "s.sqlite", "--resume", scenario=QUICK)
    assert (done.code, done.err) == (
        0, "s.sqlite does not exist yet: beginning with the first run\nwrote s.sqlite\n",
    )  # fmt: skip
    before = dump(tmp_path / "s.sqlite")
    again = inside("sweep", "s.yaml", *VARIED, "-o", "s.sqlite", "--resume", scenario=QUICK)
    assert (again.code, again.out, dump(tmp_path / "s.sqlite")) == (0, done.out, before)


# The program, which gets a signal at a moment that its work says and no clock: before the third transaction ends.
SIGNALLED = """\
import os, signal, sys
from rolloutsim.cli import main
from rolloutsim.planning.sweep import batches, file
name, batches._WORTH_WORKERS, batches._BATCH, left = sys.argv[1], 0.0, 0.001, [3]
real = file.SweepStore._insert
def insert(self, table, rows):
    real(self, table, rows)
    if table == "results":
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), getattr(signal, name))
file.SweepStore._insert = insert
main(sys.argv[2:])
"""


def signalled(forks: Forks, folder: Path, name: str, *arguments: str) -> Outcome:
    done = forks.run(SIGNALLED, name, "sweep", *arguments, folder=folder)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


RANDOM = QUICK.replace("nodes: 2", "nodes: {web: {count: 2, start: {min: 0 s, max: 1 s}}}")
MANY = ("s.yaml", "-p", "nodes.web.count=2,3,4", "--replications", "8", "-o", "s.sqlite")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_after_kill_9_in_the_middle_resume_ends_with_the_same_rows(
    program: Program, forks: Forks, inside: Inside, tmp_path: Path, jobs: str
) -> None:
    (tmp_path / "s.yaml").write_text(RANDOM)
    rs.loads(RANDOM).sweep({"nodes.web.count": [2, 3, 4]}, replications=8, jobs=1, path=tmp_path / "whole.sqlite")
    killed = signalled(forks, tmp_path, "SIGKILL", *MANY, "--jobs", jobs)
    assert (killed.code, killed.out) == (-signal.SIGKILL, "")
    there = sqlite3.connect(tmp_path / "s.sqlite")
    runs = there.execute("SELECT count(DISTINCT point * 100 + replication) FROM results").fetchone()[0]
    assert 0 < runs < 24
    assert there.execute("SELECT complete FROM sweep").fetchone() == (0,)
    there.close()
    refused = inside("sweep", *MANY, "--seed", "2", "--resume")
    assert (refused.code, refused.err) == (
        2,
        "error: s.sqlite is of another sweep: its seed is 1, not 2; ask for what it holds, or write to another file "
        "with -o\n",
    )
    resumed = program("sweep", *MANY, "--jobs", jobs, "--resume")
    assert (resumed.code, resumed.err) == (0, "wrote s.sqlite\n")
    assert dump(tmp_path / "s.sqlite") == dump(tmp_path / "whole.sqlite")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.sqlite", "s.yaml", "whole.sqlite"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_130_an_interruption_shows_and_keeps_what_is_done(
    forks: Forks, inside: Inside, tmp_path: Path, jobs: str
) -> None:
    (tmp_path / "s.yaml").write_text(RANDOM)
    done = signalled(forks, tmp_path, "SIGINT", *MANY, "--jobs", jobs)
    assert done.code == 130
    match = re.fullmatch(
        r"wrote s\.sqlite\ninterrupted: (\d+) of 24 runs are done; --resume goes on with s\.sqlite\n", done.err
    )
    assert match is not None, done.err
    assert f"\n Incomplete: {match[1]} of 24 runs are done.\n" in done.out
    assert rs.Sweep.read(tmp_path / "s.sqlite").records.runs_done == int(match[1])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.sqlite", "s.yaml"]
    assert inside("sweep", *MANY, "--resume").code == 0
    assert rs.Sweep.read(tmp_path / "s.sqlite").complete


def test_130_an_interruption_without_a_file_shows_what_is_done(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(RANDOM)
    done = signalled(forks, tmp_path, "SIGINT", *MANY[:-2], "--jobs", "1")
    assert done.code == 130
    assert re.fullmatch(r"interrupted: \d+ of 24 runs are done\n", done.err)
    assert "Incomplete" in done.out


def test_help_loads_no_heavy_module_and_documents_every_table() -> None:
    code = (
        "import sys\n"
        "from rolloutsim.cli import main\n"
        "heavy = {'numpy', 'simpy', 'yaml', 'pydantic', 'rich', 'joblib', 'sqlite3'}\n"
        "try: main(['sweep', '--help'])\n"
        "finally: print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]"
    for table in ("sweep", "parameters", "points", "results", "links", "time_split", "thresholds", "joined"):
        assert re.search(rf"\b{table}\b", done.stdout), table


def test_progress_counts_runs_and_says_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: of 110 runs 10 were there; 25 more in 5 s leave 75 at the same pace, 15 s; the last bar is wiped."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    clock = iter([0.0, 0.5, 5.0, 10.0])
    monkeypatch.setattr("rolloutsim.cli.progress.monotonic", lambda: next(clock))
    with RunsProgress() as progress:
        for done in (10, 35, 60):
            progress(done, 110)
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[━╸╺]", "", stream.getvalue())
    assert list(dict.fromkeys(" ".join(line.split()) for line in seen.split("\r") if line.strip())) == [
        "sweep 32% 35 of 110 runs done in 5 s, about 15 s left",
        "sweep 55% 60 of 110 runs done in 10 s, about 10 s left",
    ]
    assert stream.getvalue().endswith("\r\x1b[1A\x1b[2K")


def test_a_sweep_is_silent_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with RunsProgress() as progress:
        progress.begun -= 100.0
        progress(1, 2)
    assert stream.getvalue() == ""


def test_an_extra_that_is_missing_is_said_before_anything_is_simulated(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    for module, option, message in (
        ("pyarrow", ("--parquet", "s.parquet"), "--parquet needs pyarrow: pip install 'rolloutsim[parquet]'"),
        ("distributed", ("--cluster", "tcp://127.0.0.1:1"), "a cluster needs Dask: pip install 'rolloutsim[dask]'"),
    ):
        code = (
            "import importlib.util, sys\n"
            "from rolloutsim.cli import main\n"
            f"sys.modules[{module!r}] = None\n"
            "real = importlib.util.find_spec\n"
            f"importlib.util.find_spec = lambda name: None if name == {module!r} else real(name)\n"
            "main(sys.argv[1:])\n"
        )
        done = forks.run(code, "sweep", "s.yaml", "-p", "nodes=2", "-o", "s.sqlite", *option, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", f"error: {message}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["s.yaml"]


def test_a_metric_is_shown_in_the_table_and_drawn(inside: Inside, tmp_path: Path) -> None:
    shown = ("--show", "pull_time{group=web}")
    done = inside("sweep", "s.yaml", "-p", "nodes.web.count=2,3", *shown, "-o", "s.sqlite", scenario=RANDOM)
    assert done.code == 0
    assert "pull_time{group=web} mean" in done.out
    for metric in ("pull_time{group=web}", "pull_time p95"):
        drawn = inside("plot", "s.sqlite", "sweep_lines", "--show", metric, "-o", "x.svg")
        assert (drawn.code, (tmp_path / "x.svg").exists()) == (0, True)
    assert inside("plot", "s.sqlite", "sweep_lines", "--show", "pull_time{group=db}", "-o", "x.svg") == Outcome(
        2, "", "error: the sweep has no 'pull_time{group=db} mean'; measure it: rolloutsim sweep FILE --show "
        "'pull_time{group=db} mean'\n",
    )  # fmt: skip
    assert inside("sweep", "s.yaml", "-p", "nodes.web.count=2", "--show", "pull_time{group=db}") == Outcome(
        2, "", "error: --show 'pull_time{group=db}': no group is named 'db'; known: web\n"
    )


def test_thresholds_are_judged_and_leave_the_exit_code_as_it_is(inside: Inside) -> None:
    done = inside(
        "sweep", "s.yaml", "-p", "nodes.web.count=2", scenario=RANDOM + "thresholds: {rollout_time: < 1 ms}\n"
    )
    assert done.code == 0
    assert "✗" in done.out
    assert " All thresholds hold at 0 of 1 point." in done.out
