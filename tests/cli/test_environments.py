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
    command = [sys.executable, "-c", code, "plot", "out", "rollout", "-o"]
    told = {
        "MATPLOTLIBRC": "rc",
        "MPLBACKEND": "nonsense",
        "PATH": "",
        "TZ": "Pacific/Kiritimati",
        "PYTHONOPTIMIZE": "2",
    }
    for name, environment in (("a.svg", None), ("b.svg", told)):
        done = subprocess.run([*command, name], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(f"wrote {name}: ".encode())
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
