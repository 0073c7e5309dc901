"""Measured cases without what no test reads: `python -m tests.theory.strip_measured FROM TO`.

The full files hold each request of each run; those of `tests/data/measured-distribution/` were made of them by this.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

# What is kept of a case, and of each of its runs.
CASE = ("name", "core", "note", "config", "ideal_max_min_s", "median_rollout_s")
RUN = ("rollout_s", "node_s", "node_start_s", "failed", "upstream_bytes", "upstream_request_counts", "prepull")


def strip(case: dict[str, Any]) -> dict[str, Any]:
    """A case with what is read of it."""
    kept = {key: case[key] for key in CASE if key in case}
    return kept | {"runs": [{key: run[key] for key in RUN if key in run} for run in case["runs"]]}


def main() -> None:
    """Strip all cases of a folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.theory.strip_measured", description=__doc__)
    parser.add_argument("source", type=Path, help="folder of the full files")
    parser.add_argument("target", type=Path, help="folder for the stripped ones")
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    for path in sorted(arguments.source.glob("*.json")):
        text = json.dumps(strip(json.loads(path.read_text())), separators=(",", ":"))
        (arguments.target / path.name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
