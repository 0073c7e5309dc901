"""The same outputs wherever it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK, ROOT
from tests.forks import PROGRAM, Forks


def test_assertions_tell_the_type_checker_what_is_there_and_check_no_input() -> None:
    """With `python -O` there are none: each says that something is not None, or of which class it is."""
    others = []
    for file in sorted((ROOT / "rolloutsim").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert):
                text = ast.unparse(node.test)
                if not text.endswith("is not None") and not text.startswith("isinstance("):
                    others.append(f"{file.relative_to(ROOT)}: {text}")
    # Without them the next line is an error of its own.
    assert others == ["rolloutsim/imports/editing.py: node.pairs", "rolloutsim/network/filling.py: coming"]


def test_workers_import_nothing_from_the_working_directory(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    for name in ("numpy", "joblib", "click", "pickle"):
        (tmp_path / f"{name}.py").write_text(f"open('imported-{name}', 'w')\n")
    # A console script has no working directory among its paths.
    eager = (
        "import sys\nsys.path[:] = filter(None, sys.path)\n"
        f"from rolloutsim.planning.sweep import batches\nbatches._WORTH_WORKERS = 0.0\n{PROGRAM}"
    )
    done = forks.run(eager, "sweep", "s.yaml", "-p", "nodes=2,3,4", "--jobs", "2", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not list(tmp_path.glob("imported-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="its console script is another")
def test_a_figure_is_the_same_whatever_matplotlib_is_told(saved: Callable, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    saved("s.yaml", "out")
    (tmp_path / "rc").write_text("font.size: 30\nsvg.fonttype: none\naxes.grid: True\nnonsense: 5\n")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {PROGRAM}"
    command = [sys.executable, "-c", code, "plot", "../out", "rollout", "-o", "a.svg"]
    told = {
        "MATPLOTLIBRC": "../rc",
        "MPLBACKEND": "nonsense",
        "MPLCONFIGDIR": "/proc/nowhere",  # where nobody can make a folder
        "PATH": "",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "1",
        "PYTHONOPTIMIZE": "2",
    }
    plain, said = tmp_path / "plain", b"wrote a.svg: large: all 2 nodes ready at about the same time, after 1.60 s\n"
    for name, settings, environment in (
        ("plain", None, None),
        ("told", (tmp_path / "rc").read_bytes(), told),
        # What the oldest libraries use of Python is deprecated since, and they say so.
        ("nonsense", b"\xff\xfe\x00: :", {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error,ignore::DeprecationWarning"}),
    ):
        folder = tmp_path / name
        folder.mkdir()
        if settings is not None:
            (folder / "matplotlibrc").write_bytes(settings)
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", said)
        assert (folder / "a.svg").read_bytes() == (plain / "a.svg").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for threads where Linux shows them")
def test_neither_threads_nor_semaphores_are_needed(tmp_path: Path) -> None:
    """OpenBLAS interrupts its own process where it can start no thread; joblib warns where there are no semaphores."""
    (tmp_path / "s.yaml").write_text(QUICK)
    code = (
        "import _multiprocessing, os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "def refused(*_, **__): raise OSError(30, 'Read-only file system')\n"
        "_multiprocessing.SemLock = refused\n"
        f"try: {PROGRAM}\n"
        "finally:\n"
        "    from rolloutsim.planning.jobs import processes\n"
        "    print(processes(2), len(os.listdir('/proc/self/task')))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, "run", "s.yaml", "--format", "csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[-1] == b"1 1"
