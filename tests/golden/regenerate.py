"""The JSON of every shipped scenario as it is now; `python -m tests.golden.regenerate` writes it anew.

Read the difference as carefully as the code: a number that moved without a reason is a defect.
"""

from __future__ import annotations

from pathlib import Path

from tests.forks import PROGRAM, Forks

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
HASH_SEED = "0"  # by which sets and dicts hash where the expected outputs are written

# All sites are alike, and each has rows of its own: the output of 300 would be two megabytes.
SMALLER = {"edge-sites": ["--set", "nodes.shop.sites=12", "--set", "nodes.shop.count=24"]}


def output(scenario: Path, forks: Forks) -> bytes:
    """The JSON of a scenario, by a process of its own."""
    command = ["run", f"scenarios/{scenario.name}", "--format", "json", "--detail", "summary"]
    return forks.run(PROGRAM, *command, *SMALLER.get(scenario.stem, []), folder=ROOT).stdout


def golden(scenario: Path) -> Path:
    """Where the expected output of a scenario is."""
    return GOLDEN / f"{scenario.stem}.json"


if __name__ == "__main__":
    with Forks(HASH_SEED) as known:
        for path in SCENARIOS:
            golden(path).write_bytes(output(path, known))
            print(f"wrote {golden(path).relative_to(ROOT)}")
