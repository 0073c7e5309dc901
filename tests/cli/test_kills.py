"""What is left of commands that are killed; many more kills: `make kills`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rolloutsim.results import files
from rolloutsim.results.files import RESULT_FILES, locked, write_file, write_result
from tests.cli.conftest import QUICK, Outcome, Program
from tests.forks import PROGRAM, Forks
from tests.fuzz.kills import Kills

SOME = (19, 20, 24, 28, 36)  # of sweeps and runs, before lines that write
SWEEP = ("sweep", "s.yaml", "-p", "nodes=2,3", "-o", "s.sqlite")


@pytest.fixture(scope="module")
def kills(forks: Forks) -> Kills:
    return Kills(forks)


@pytest.mark.parametrize("number", SOME)
def test_a_slice_of_the_kills_does_no_harm(kills: Kills, number: int) -> None:
    kills.check(number)


@pytest.mark.parametrize("last", range(len(RESULT_FILES) + 1))
def test_files_of_two_results_are_never_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """The process ends before any of the five renames, or after the last: records.npz is the old one or comes last."""
    old, new = ({name: f"{which} {name}" for name in RESULT_FILES} for which in ("old", "new"))
    write_result(tmp_path, old)
    calls = []

    def replace(*paths: object) -> None:
        if len(calls) == last:
            os._exit(7)
        calls.append(paths)
        real(*paths)

    real = os.replace
    child = os.fork()
    if not child:
        monkeypatch.setattr(files.os, "replace", replace)
        write_result(tmp_path, new)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (7 if last < len(RESULT_FILES) else 0)
    found = {name: (tmp_path / name).read_text() for name in RESULT_FILES if (tmp_path / name).exists()}
    assert found == new if "records.npz" in found else set(found.values()) <= {*old.values(), *new.values()}
    monkeypatch.undo()
    write_result(tmp_path, new)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == new


def test_files_that_a_new_result_does_not_have_go(tmp_path: Path) -> None:
    write_result(tmp_path, {"comparison.json": "{}", "comparison.csv": "", "report.html": ""})
    (tmp_path / "mine.txt").write_text("mine")
    write_result(tmp_path, {"result.json": "{}", "records.npz": b""})
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.txt", "records.npz", "result.json"]


def test_what_a_killed_process_left_is_removed_and_what_is_being_written_stays(tmp_path: Path) -> None:
    left, held = tmp_path / ".rolloutsim-1.part", tmp_path / ".rolloutsim-2.part"
    left.write_text("half")
    with locked(held):
        write_file(tmp_path / "a", "b")
        assert sorted(one.name for one in tmp_path.iterdir()) == [".rolloutsim-2.part", "a"]


def test_a_link_and_who_may_read_stay_and_a_new_file_is_as_the_umask_says(tmp_path: Path) -> None:
    real, link, mask = tmp_path / "real", tmp_path / "link", os.umask(0o027)
    try:
        write_file(real, "old")
        assert real.stat().st_mode & 0o777 == 0o640
        real.chmod(0o600)
        link.symlink_to(real)
        write_file(link, "new")
    finally:
        os.umask(mask)
    assert (link.is_symlink(), real.read_text(), real.stat().st_mode & 0o777) == (True, "new", 0o600)


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, "text")
    assert os.read(read, 10) == b"text"
    os.close(read)
    assert pipe.is_fifo()


def test_2_a_second_sweep_into_a_file_is_refused(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    for resume in ([], ["--resume"]):
        with locked(tmp_path / "s.sqlite-lock"):
            refused = shell(*SWEEP, *resume)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.splitlines()[-1] == (
            "error: another sweep is writing into s.sqlite; wait until it is done, or write to another file with -o"
        )
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.yaml"]


def test_a_sweep_that_was_killed_before_its_first_row_is_begun(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    (tmp_path / "s.sqlite").write_bytes(b"")
    (tmp_path / "s.sqlite-lock").write_bytes(b"")
    done = shell(*SWEEP, "--resume")
    assert (done.code, done.err) == (0, "wrote s.sqlite\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.sqlite", "s.yaml"]


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_ends_the_program_with_a_word_and_its_code(forks: Forks, tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    ended = (
        "import os, signal\n"
        "from rolloutsim import simulation\n"
        f"signal.signal(signal.{name}, signal.SIG_DFL)\n"
        f"simulation.simulate = lambda *_, **__: os.kill(os.getpid(), signal.{name})\n"
        f"{PROGRAM}"
    )
    done = forks.run(ended, "run", "s.yaml", folder=tmp_path)
    assert Outcome(done.returncode, done.stdout.decode(), done.stderr.decode()) == Outcome(code, "", "\ninterrupted\n")


@pytest.mark.parametrize("when", ["as it begins", "when it has ended"])
def test_a_signal_that_the_command_line_does_not_catch_is_told(forks: Forks, tmp_path: Path, when: str) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    sent = (
        "import os, signal\n"
        "from rolloutsim import cli\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "real = cli._exit_code\n"
        "def sent(run):\n"
        f"    {'' if when == 'as it begins' else 'real(run); '}os.kill(os.getpid(), signal.SIGINT)\n"
        "cli._exit_code = sent\n"
        f"{PROGRAM}"
    )
    done = forks.run(sent, "run", "s.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (130, b"interrupted\n")


def test_no_worker_is_met_by_what_the_keyboard_interrupts(forks: Forks, tmp_path: Path) -> None:
    """Not from its first moment on: a signal that was held back as it started is still held back."""
    asks = (
        "import signal\n"
        "from rolloutsim.planning.jobs import in_order\n"
        "[held] = in_order(iter([(signal.pthread_sigmask, (signal.SIG_BLOCK, ()))]), 2)\n"
        "print(signal.SIGINT in held, signal.SIGTERM in held, signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    )
    done = forks.run(asks, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"True False set()\n", b"")


def test_who_has_a_signal_ignored_is_not_ended_by_it(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    sent = (
        "import os, signal\n"
        "from rolloutsim import simulation\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "real = simulation.simulate\n"
        "def simulate(*given, **named):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    return real(*given, **named)\n"
        "simulation.simulate = simulate\n"
        f"{PROGRAM}"
    )
    done = forks.run(sent, "run", "s.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout[:9], done.stderr) == (0, b"two nodes", b"")
