"""What the system refuses: one line that says what, and the exit code."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rolloutsim.cli import _exit_code
from rolloutsim.results.files import write_result
from tests.cli.conftest import QUICK, Program
from tests.forks import PROGRAM, Forks

LONG = "n" * 260  # longer than a name can be on any file system that is in use
WHAT = "a result is a folder written by `rolloutsim run FILE -o DIR`, or the records.npz or result.json in it"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory: `ulimit -v` shows the limit"),
        (OSError(errno.ENOMEM, "Cannot allocate memory", "x.so"), "memory: `ulimit -v` shows the limit"),
        (ImportError("x.so: failed to map segment from shared object"), "memory: `ulimit -v` shows the limit"),
        (OSError(errno.EMFILE, "Too many open files", "x"), "open files: `ulimit -n` shows how many there may be"),
        (RuntimeError("can't start new thread"), "processes: `ulimit -u` shows how many there may be"),
        (OSError(errno.EAGAIN, "Resource busy"), "processes: `ulimit -u` shows how many there may be"),
    ],
)
def test_1_what_the_system_does_not_give(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise error

    assert _exit_code(run) == 1
    assert capsys.readouterr().err == f"error: the system does not give enough {said}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("plot", LONG, "rollout", "-o", "a.svg"), 2, f"'{LONG}' does not exist; {WHAT}"),
        (("report", LONG, "-o", "a.md"), 2, f"'{LONG}' does not exist; {WHAT}"),
        (("init", "-o", LONG), 1, f"cannot write {LONG}: file name too long"),
        (("init", "-o", "loop", "--force"), 1, "cannot write loop: too many levels of symbolic links"),
        (("init", "-o", "no/a.yaml"), 1, "cannot write no/a.yaml: no such file or directory"),
        (("init", "-o", "s.yaml/a.yaml"), 1, "cannot write s.yaml/a.yaml: not a directory"),
        (
            ("sweep", "s.yaml", "-p", "nodes=2,3", "-o", LONG), 1,
            f"cannot write {LONG}: file name too long; choose another file with -o",
        ),
    ],
    ids=lambda one: str(one)[:40],
)  # fmt: skip
def test_names_that_no_file_can_have(
    shell: Program, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    (tmp_path / "loop").symlink_to("loop")
    done = shell(*arguments)
    assert (done.code, done.out, done.err) == (code, "", f"error: {said}\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["loop", "s.yaml"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (f"import sys; sys.argv[1:] = ['init', '-o', 'result.json', '--force']; {PROGRAM}", "result.json"),
        (
            "from pathlib import Path; from rolloutsim.results.files import write_result\n"
            "try: write_result(Path(), {'result.json': 'new', 'records.npz': 'x' * 10_000})\n"
            "except Exception as error: sys.exit(f'error: {error}')",
            "records.npz",
        ),
    ],
    ids=["a file", "a result"],
)
def test_1_what_does_not_fit_leaves_the_old_files(forks: Forks, tmp_path: Path, call: str, said: str) -> None:
    """With room for 100 bytes a file."""
    old = {"result.json": "old", "records.npz": "old"}
    write_result(tmp_path, old)
    full = f"import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n{call}"
    done = forks.run(full, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr in (b"", f"error: cannot write {said}: file too large\n".encode())  # which has room for 100, too
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == old


def test_a_device_is_not_replaced(shell: Program) -> None:
    assert shell("init", "-o", os.devnull, "--force").code == 0
    assert Path(os.devnull).is_char_device()
