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

LONG = "n" * 256  # longer than a name can be on any file system that is in use
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
        (("plot", LONG, "rollout", "-o", "a.svg"), 2, f"'{LONG}' cannot be read: file name too long; {WHAT}"),
        (("report", LONG, "-o", "a.md"), 2, f"'{LONG}' cannot be read: file name too long; {WHAT}"),
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
    """With room for 10 bytes a file, but not in the pipe that is the standard error."""
    old = {"result.json": "old", "records.npz": "old"}
    write_result(tmp_path, old)
    full = (
        "import os, resource, sys\n"
        "read, write = os.pipe()\n"
        "if child := os.fork():\n"
        "    ended = os.waitpid(child, 0)[1]\n"
        "    os.close(write)\n"
        "    os.write(2, os.read(read, 10_000))\n"
        "    os._exit(os.waitstatus_to_exitcode(ended))\n"
        "os.dup2(write, 2)\n"
        "sys.stderr = open(2, 'w', closefd=False)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        f"{call}"
    )
    done = forks.run(full, folder=tmp_path)
    said = f"error: cannot write {said}: file too large\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", said)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == old


def test_a_device_is_not_replaced(shell: Program) -> None:
    assert shell("init", "-o", os.devnull, "--force").code == 0
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "-"), "'-' cannot be read: Bad file descriptor; give a scenario file"),
        (("import", "-"), "<stdin>: bad file descriptor"),
    ],
)
def test_2_an_input_that_can_only_be_written_to(
    forks: Forks, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code = f"import os\nos.dup2(os.open(os.devnull, os.O_WRONLY), 0)\n{PROGRAM}"
    done = forks.run(code, *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", f"error: {said}\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "s.yaml"), 2, "'s.yaml' does not exist; give a scenario file"),
        (("init", "-o", "a.yaml"), 1, "cannot write a.yaml: no such file or directory"),
        (
            ("sweep", "{}/s.yaml", "-p", "nodes=2,3", "-o", "s.sqlite"), 1,
            "the working directory was removed; change to another one",
        ),
    ],
    ids=lambda one: str(one)[:40],
)  # fmt: skip
def test_a_working_directory_that_was_removed(
    shell: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = shell(*[one.format(tmp_path) for one in arguments])
    assert (done.code, done.out, done.err) == (code, "", f"error: {said}\n")


def test_a_folder_that_nobody_may_look_into(shell: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()

    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", lambda path, **_: refused(path))
    monkeypatch.setattr(Path, "iterdir", refused)
    done = shell("import", "closed")
    assert (done.code, done.out, done.err) == (2, "", "error: closed: permission denied\n")


def test_a_name_that_sqlite_would_take_for_an_address(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    name = "file:a?mode=ro#b%41.sqlite"
    sweep = ("sweep", "s.yaml", "-p", "nodes=2,3", "-o", name)
    assert shell(*sweep).code == 0
    assert shell(*sweep, "--resume").code == 0
    assert shell("report", name, "-o", "a.md").code == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.md", name, "s.yaml"]
