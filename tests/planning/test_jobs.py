"""How many processes may work, by cores and by memory."""

from __future__ import annotations

from math import inf
from pathlib import Path

import joblib
import pytest

from rolloutsim.planning import jobs

MB = 1e6


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 GB left, in which files say what a container may take."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n", encoding="ascii")
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(jobs, "_MEMINFO", meminfo)
    monkeypatch.setattr(jobs, "_CONTAINER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("taken", "together", "spare", "count"),
    [
        (100, inf, inf, 16),  # the cores
        (100, 600, inf, 4),  # this one, 50 MB for joblib's own, and 4 × 100 MB
        (100, 650, inf, 5),
        (110, 600, inf, 4),
        (111, 600, inf, 3),
        (100, inf, 349, 2),
        (100, 600, 349, 2),
        (100, inf, 0, 1),
        (700, 600, inf, 1),
        (0, 600, inf, 16),  # nobody knows
    ],
)
def test_so_many_processes_work_as_there_is_memory_for(
    monkeypatch: pytest.MonkeyPatch, taken: float, together: float, spare: float, count: int
) -> None:
    monkeypatch.setattr(jobs, "peak_memory", lambda: taken * MB)
    monkeypatch.setattr(jobs, "spare_memory", lambda: spare * MB)
    assert jobs.processes(16, together * MB) == count
    assert jobs.processes(1, together * MB) == 1


def test_processes_of_another_backend_are_not_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "peak_memory", lambda: 700 * MB)
    with joblib.parallel_config("threading"):
        assert jobs.processes(16, 600 * MB) == 16


def test_what_this_process_took_is_what_the_kernel_says() -> None:
    before = jobs.peak_memory()
    held = bytearray(64_000_000)
    assert 0 < before <= jobs.peak_memory()
    assert jobs.peak_memory() >= len(held)


@pytest.mark.parametrize(
    ("files", "spare"),
    [
        ({}, 8_000_000 * 1024),
        ({"memory.max": "max", "memory.current": "5000000"}, 8_000_000 * 1024),
        (
            {
                "memory.max": "500000000",
                "memory.current": "400000000",
                "memory.stat": "anon 100000000\ninactive_file 250000000\n",
            },
            350_000_000,
        ),
        (
            {
                "memory/memory.limit_in_bytes": "500000000",
                "memory/memory.usage_in_bytes": "400000000",
                "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 50000000\n",
            },
            150_000_000,
        ),
        ({"memory.max": "100", "memory.current": "200"}, 0),
    ],
)
def test_the_memory_that_is_left_is_the_machines_or_the_containers(
    container: Path, files: dict[str, str], spare: float
) -> None:
    for name, text in files.items():
        (container / name).write_text(text + "\n", encoding="ascii")
    assert jobs.spare_memory() == spare


def test_memory_that_nobody_knows_is_no_limit(container: Path) -> None:
    (container / "meminfo").unlink()
    assert jobs.spare_memory() == inf
