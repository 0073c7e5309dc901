"""How many processes may work at once: a number that is checked in one place, whether processes are needed or not."""

from __future__ import annotations

from typing import Any

from rolloutsim.errors import UsageError


def check_jobs(jobs: Any) -> None:
    """UsageError if there can be no such number of processes; -1 is one for each core."""
    if isinstance(jobs, bool) or not hasattr(jobs, "__index__") or (jobs.__index__() < 1 and jobs.__index__() != -1):
        raise UsageError(f"{jobs} jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core")
