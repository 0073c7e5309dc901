"""Whoever computes a sweep, its file is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic, sleep

import joblib
import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.sweep import batches
from rolloutsim.planning.sweep.batches import Batch, Job, Pace, Workers, run_jobs
from tests.forks import PROGRAM, Forks
from tests.long import one_in
from tests.planning.test_sweep import RANDOM, dump

PARAMETERS = {"nodes.web.count": [2, 3, 4], "network": ["1 Gbit/s", "2 Gbit/s"]}
PATIENCE = 60.0  # with processes that start; only a broken machine is slower [s]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are worth it, however short the sweep, and batches are of a few runs."""
    monkeypatch.setattr(batches, "_WORTH_WORKERS", 0.0)
    monkeypatch.setattr(batches, "_BATCH", 0.005)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The file of one process."""
    path = tmp_path_factory.mktemp("alone") / "s.sqlite"
    rs.loads(RANDOM).sweep(PARAMETERS, replications=4, jobs=1, path=path)
    return dump(path)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("jobs", one_in(2, [2, 3]))
def test_local_processes_write_the_same_file(tmp_path: Path, alone: list[str], jobs: int) -> None:
    rs.loads(RANDOM).sweep(PARAMETERS, replications=4, jobs=jobs, path=tmp_path / "s.sqlite")
    assert dump(tmp_path / "s.sqlite") == alone


@pytest.mark.usefixtures("at_once")
def test_a_joblib_backend_of_the_callers_writes_the_same_file(tmp_path: Path, alone: list[str]) -> None:
    """`multiprocessing` returns lists only, as Ray's backend, which is made of it, does."""
    with joblib.parallel_config("multiprocessing"):
        rs.loads(RANDOM).sweep(PARAMETERS, replications=4, jobs=2, path=tmp_path / "s.sqlite")
    assert dump(tmp_path / "s.sqlite") == alone


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """Processes that are ended with the test."""
    with ExitStack() as stack:
        yield stack


def start(stack: ExitStack, *arguments: str | Path) -> subprocess.Popen[bytes]:
    dask = Path(sys.executable).with_name("dask")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([dask, *arguments], stdout=quiet, stderr=quiet)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def scheduler(stack: ExitStack, folder: Path) -> str:
    """A real scheduler on loopback; its address."""
    file = folder / "scheduler.json"
    start(stack, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file)
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        with suppress(OSError, ValueError):
            return str(json.loads(file.read_text())["address"])
        sleep(0.05)
    pytest.fail("the scheduler does not start")


ARGUMENTS = ("s.yaml", "-p", "nodes.web.count=2,3,4", "-p", "network=1 Gbit/s,2 Gbit/s", "--replications", "4")


def test_the_workers_of_a_dask_cluster_write_the_same_file(
    tmp_path: Path, alone: list[str], started: ExitStack, forks: Forks
) -> None:
    (tmp_path / "s.yaml").write_text(RANDOM)
    address = scheduler(started, tmp_path)
    for _ in range(2):
        start(started, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
              "--local-directory", tmp_path)  # fmt: skip
    options = ("--cluster", address, "-o", "s.sqlite", "--format", "md")
    done = forks.run(PROGRAM, "sweep", *ARGUMENTS, *options, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"wrote s.sqlite\n")
    assert dump(tmp_path / "s.sqlite") == alone


_START = (
    "start one with 'dask scheduler', and 'dask worker tcp://HOST:8786' on each machine, where rolloutsim is installed"
)


def test_a_cluster_that_is_not_there(tmp_path: Path, forks: Forks) -> None:
    (tmp_path / "s.yaml").write_text(RANDOM)
    code = (
        "import sys\n"
        "from rolloutsim.planning.sweep import workers\n"
        "from rolloutsim.cli import main\n"
        "workers._PATIENCE = 0.5\n"
        "main(sys.argv[1:])\n"
    )
    options = ("--cluster", "tcp://127.0.0.1:9", "-o", "s.sqlite")
    done = forks.run(code, "sweep", *ARGUMENTS, *options, folder=tmp_path)
    assert (done.returncode, done.stdout) == (6, b"")
    said = done.stderr.decode()
    assert said.startswith("error: no Dask scheduler answers at tcp://127.0.0.1:9: Timed out trying to connect")
    assert said.endswith(f"; {_START}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["s.yaml"]


def test_workers_of_another_version_are_refused() -> None:
    from rolloutsim.planning.sweep.workers import _check_versions

    _check_versions({"tcp://a:1": rs.__version__})
    for version in ("0.0.1", "none"):
        with pytest.raises(RolloutsimError) as caught:
            _check_versions({"tcp://a:1": rs.__version__, "tcp://b:2": version})
        assert str(caught.value) == (
            f"worker tcp://b:2 has rolloutsim {version}, and this is {rs.__version__}; install the same on all, so "
            "that all compute the same"
        )


def test_workers_end_with_the_process_that_they_work_for(tmp_path: Path) -> None:
    """Killed in the middle, while they compute: their output, which they inherit, is closed once they are gone."""
    (tmp_path / "s.yaml").write_text(RANDOM)
    code = (
        "import os, signal, sys\n"
        "from rolloutsim.cli import main\n"
        "from rolloutsim.planning.sweep import batches, file\n"
        "batches._WORTH_WORKERS = 0.0\n"
        "real = file.SweepStore.write\n"
        "def write(self, rows):\n"
        "    real(self, rows)\n"
        "    if len(self.done()) > 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "file.SweepStore.write = write\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "sweep", *ARGUMENTS, "--jobs", "2", "-o", "s.sqlite"],
        cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL


def _die(_: object) -> Batch:
    os._exit(1)


@pytest.mark.usefixtures("at_once")
def test_a_worker_that_dies_is_said_to_be_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = rs.loads(RANDOM).resolve()
    jobs = [Job(0, replication, replication, resolved) for replication in range(4)]
    done = run_jobs(iter(jobs), len(jobs), Workers(2))
    assert next(done).runs == 1
    monkeypatch.setattr(batches, "do_batch", _die)
    with pytest.raises(RolloutsimError) as caught:
        list(done)
    assert str(caught.value) == (
        "a worker process was ended from outside, most likely because the memory was full; what was done before is "
        "kept; fewer --jobs need less memory"
    )


def test_a_batch_is_half_a_second_of_runs_but_never_the_last_of_all() -> None:
    """By hand: 0.5 s / 10 ms are 50 runs; of 80 runs that are left, 2 workers get a quarter of their half each."""
    assert Pace(left=4000, of_run=0.01, workers=2).size() == 50
    assert Pace(left=80, of_run=0.01, workers=2).size() == 10
    assert Pace(left=4000, of_run=7.0, workers=2).size() == 1
    assert Pace(left=0, of_run=0.01, workers=2).size() == 1


def test_short_sweeps_and_single_jobs_start_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_elsewhere", lambda *_: pytest.fail("processes"))
    monkeypatch.setattr(batches, "_WORTH_WORKERS", 1e9)
    assert len(rs.loads(RANDOM).sweep({"seed": [1, 2]}, jobs=2)) == 2
    monkeypatch.setattr(batches, "_WORTH_WORKERS", 0.0)
    assert len(rs.loads(RANDOM).sweep({"seed": [1, 2]}, jobs=1)) == 2
