"""The program as a shell sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a process said and how it ended."""

    code: int
    out: str
    err: str


Program = Callable[..., Outcome]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run rolloutsim as a process of its own, in an empty folder."""

    def run(*arguments: str | Path, stdin: str | bytes = "", **environment: str) -> Outcome:
        done = subprocess.run(
            [Path(sys.executable).with_name("rolloutsim"), *arguments],
            cwd=tmp_path,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())

    return run


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
