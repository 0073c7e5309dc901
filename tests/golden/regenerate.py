"""The JSON of every shipped scenario as it is now; `python -m tests.golden.regenerate` writes it anew.

Read the difference as carefully as the code: a number that moved without a reason is a defect.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))

# All sites are alike, and each has rows of its own: the output of 300 would be two megabytes.
SMALLER = {"edge-sites": ["--set", "nodes.shop.sites=12", "--set", "nodes.shop.count=24"]}


def output(scenario: Path, hash_seed: str = "0") -> bytes:
    """The JSON of a scenario, by a process of its own in which sets and dicts hash by `hash_seed`."""
    program = Path(sys.executable).with_name("rolloutsim")
    command = [program, "run", f"scenarios/{scenario.name}", "--format", "json", "--detail", "summary"]
    command += SMALLER.get(scenario.stem, [])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False).stdout


def golden(scenario: Path) -> Path:
    """Where the expected output of a scenario is."""
    return GOLDEN / f"{scenario.stem}.json"


if __name__ == "__main__":
    for path in SCENARIOS:
        golden(path).write_bytes(output(path))
        print(f"wrote {golden(path).relative_to(ROOT)}")
