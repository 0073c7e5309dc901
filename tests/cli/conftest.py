"""The program as a shell sees it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from rolloutsim.cli import _exit_code, main
from tests.forks import PROGRAM, Forks

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a process said and how it ended."""

    code: int
    out: str
    err: str


Program = Callable[..., Outcome]
Saved = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, forks: Forks) -> Program:
    """Run rolloutsim as a process of its own, in an empty folder."""

    def run(*arguments: str | Path, stdin: str | bytes = "", **environment: str) -> Outcome:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        done = forks.run(PROGRAM, *arguments, folder=tmp_path, stdin=content, environment=environment)
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())

    return run


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run a command as the program does, but in this process: starting one takes longer than what it does here."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: str | bytes = "") -> Outcome:
        text = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(text), encoding="utf-8"))
        capsys.readouterr()
        code = _exit_code(partial(main.main, [str(one) for one in arguments], "rolloutsim", standalone_mode=False))
        said = capsys.readouterr()
        return Outcome(int(code), said.out, said.err)

    return run


_SAVED: dict[tuple[str, ...], dict[str, bytes]] = {}


@pytest.fixture
def saved(shell: Program, tmp_path: Path) -> Saved:
    """Make a folder that `run FILE -o FOLDER` writes; it is drawn once for all tests that begin with one."""

    def save(file: str, folder: str) -> None:
        made = tmp_path / folder
        wanted = (file, folder, (tmp_path / file).read_text(encoding="utf-8"))
        if wanted not in _SAVED:
            assert shell("run", file, "-o", folder).code in (0, 3)
            paths = [path for path in made.rglob("*") if path.is_file()]
            _SAVED[wanted] = {str(path.relative_to(made)): path.read_bytes() for path in paths}
        for name, content in _SAVED[wanted].items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    return save


QUICK = """\
rolloutsim: 1
name: two nodes
model: ideal
nodes: 2
network: 1 Gbit/s
images: {small: 10 MB, large: 100 MB}
"""
# Ideal: 2 x 10 MB and 2 x 100 MB over 1 Gbit/s are 0.16 s and 1.6 s.
HELD = QUICK + "thresholds: {rollout_time: max < 2 s}\n"
MISSED = QUICK + "thresholds: {rollout_time: max < 1 s}\n"
WARNED = QUICK + 'thresholds: {rollout_time: {check: "max < 1 s", severity: warn}}\n'
# Nobody is ever served, and everybody waits for it.
STUCK = QUICK.replace("model: ideal", "model: real").replace(
    "nodes: 2", "nodes: {node: {count: 2, timeouts: unlimited}}"
)
STUCK += "registry: {uplink: 1 Gbit/s, max_connections: 0}\n"
INVALID = QUICK.replace("nodes: 2", "nodes: 0")
