"""A scenario with one planted bottleneck each: the planted one is named first, and relieving it helps most."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.results.why.critical import causes

PLANTED = sorted((Path(__file__).parent.parent / "data" / "planted").glob("*.yaml"))


def planted(path: Path) -> str:
    """The cause that a file's first line names."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# planted: ")


def test_there_are_twenty_bottlenecks_of_sixteen_kinds() -> None:
    assert len(PLANTED) >= 20
    assert len({planted(path) for path in PLANTED}) >= 16


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_the_planted_bottleneck_is_named_first(path: Path) -> None:
    result = rs.load(path).run()
    for case in result:
        first = causes(case.records, case.summary)[0]
        assert first.cause == planted(path)
        assert first.share > 0.5
