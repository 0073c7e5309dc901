"""trace, as a shell sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import trace_format
from tests.cli.conftest import QUICK, Program, Saved

_OPEN = "open it at https://ui.perfetto.dev\n"


@pytest.fixture
def results(shell: Program, saved: Saved, tmp_path: Path) -> str:
    (tmp_path / "a.yaml").write_text(QUICK)
    saved("a.yaml", "results")
    return "results"


def test_a_result_becomes_a_trace_of_its_slowest_case(shell: Program, results: str, tmp_path: Path) -> None:
    done = shell("trace", results, "-o", "x.json.gz")
    assert (done.code, done.out) == (0, "")
    assert done.err == f"wrote x.json.gz; case large, the slowest of 2 (--case for another)\n{_OPEN}"
    found = trace_format.read((tmp_path / "x.json.gz").read_bytes())
    assert trace_format.complaints(found) == []
    assert found["otherData"]["case"] == "large"


def test_a_case_and_a_number_of_nodes_can_be_named(shell: Program, results: str, tmp_path: Path) -> None:
    done = shell("trace", f"{results}/records.npz", "--case", "small", "--nodes", "1", "-o", "x.json")
    assert done.err == f"wrote x.json; case small; the 1 latest of 2 nodes (--nodes for more)\n{_OPEN}"
    found = trace_format.read((tmp_path / "x.json").read_bytes())
    assert list(trace_format.names(found, "process").values()) == ["shared links", "readiness", "node-000"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x.txt"], "Error: -o x.txt: a trace is .json or .json.gz; name it for example trace.json.gz"),
        (["--case", "q", "-o", "x.json"], "error: --case q: no case has this name; cases: small, large"),
        (["--nodes", "0", "-o", "x.json"], "Error: Invalid value for '--nodes': 0 is not in the range x>=1."),
    ],
)
def test_2_a_trace_that_cannot_be(
    shell: Program, results: str, tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = shell("trace", results, *arguments)
    assert (done.code, done.out, done.err.splitlines()[-1]) == (2, "", message)
    assert not list(tmp_path.glob("x.*"))


def test_2_what_is_no_result_is_named(program: Program) -> None:
    done = program("trace", "nothing", "-o", "x.json")
    assert done.code == 2
    assert done.err == (
        "error: 'nothing' does not exist; a result is a folder written by `rolloutsim run FILE -o DIR`, or the "
        "records.npz or result.json in it\n"
    )
