"""`rolloutsim plot`: a file appears, or an error says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.report.plots import FIGURES, names
from rolloutsim.results.facts.records import Run
from rolloutsim.results.files import write_file
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.store import to_bytes
from tests.cli.conftest import QUICK, STUCK, Program
from tests.test_package import HEAVY, modules_loaded_by


@pytest.fixture(scope="module")
def run() -> Run:
    return rs.loads(QUICK).run().run


@pytest.fixture
def results(run: Run, tmp_path: Path) -> str:
    """A folder as `run -o` writes it, by its name."""
    (tmp_path / "results").mkdir()
    write_file(tmp_path / "results" / "records.npz", to_bytes(Outcome(run)))
    (tmp_path / "results" / "result.json").write_text("{}")
    return "results"


def test_plot_draws_what_run_wrote(program: Program, tmp_path: Path) -> None:
    assert program("run", "-", "-o", "mine", stdin=QUICK).code == 0
    done = program("plot", "mine/result.json", "timeline", "--case", "small", "-o", "x.png")
    assert (done.code, done.err) == (0, "wrote x.png: All 2 nodes are ready after 0.160 s: 0.160 s fetching\n")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_plot_writes_the_figure_and_says_its_answer(shell: Program, results: str, tmp_path: Path) -> None:
    done = shell("plot", results, "utilisation", "-o", "x.svg")
    assert (done.code, done.out) == (0, "")
    assert done.err == "wrote x.svg: registry uplink full from 0.00 to 1.60 s\n"
    assert (tmp_path / "x.svg").read_text().startswith("<?xml")


def test_plot_draws_a_sweep(shell: Program, tmp_path: Path) -> None:
    assert shell("sweep", "-", "-p", "nodes=2,4", "--jobs", "1", "-o", "s.sqlite", stdin=QUICK).code == 0
    done = shell("plot", "s.sqlite", "sweep_lines", "--case", "large", "-o", "x.svg")
    assert (done.code, done.err) == (0, "wrote x.svg: large: 1.60 s at 2, 3.20 s at 4\n")


def test_a_tornado_of_what_did_not_finish_says_so(shell: Program) -> None:
    assert shell("run", "-", "-o", "stuck", stdin=STUCK).code == 5
    done = shell("plot", "stuck", "tornado", "-o", "x.svg")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "error: the rollout did not finish, so that there is no rollout time for an input to change; `rolloutsim "
        "explain` says what it waits for\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("results", "tornado", "--case", "larg", "-o", "x.svg"), "error: no case 'larg'; cases: small, large\n"),
        (("results", "timelime", "-o", "x.svg"),
         f"error: no figure 'timelime' (did you mean 'timeline'?); figures: {', '.join(names())}\n"),
        (("nowhere", "timeline", "-o", "x.svg"),
         "error: 'nowhere' does not exist; a result is a folder written by `rolloutsim run FILE -o DIR`, "
         "or the records.npz or result.json in it\n"),
        (("results", "timeline", "--case", "larg", "-o", "x.svg"), "error: no case 'larg'; cases: small, large\n"),
        (("results", "sweep_lines", "-o", "x.svg"),
         "error: sweep_lines is no figure of a result, which 'results' is; its figures: "
         f"{', '.join(names('run', 'case', 'sensitivity'))}\n"),
        (("s.sqlite", "timeline", "-o", "x.svg"),
         "error: timeline is no figure of a sweep, which 's.sqlite' is; its figures: sweep_lines, sweep_heatmap\n"),
        (("results", "racks", "-o", "x.svg"),
         "error: the scenario 'two nodes' has no racks; give a node group some, such as "
         "nodes: {web: {count: 40, racks: [r1, r2]}}, and their links a capacity, such as "
         "network: {racks: {oversubscription: 4}}\n"),
    ],
)  # fmt: skip
def test_an_error_says_what_there_is_and_writes_nothing(
    shell: Program, results: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = shell("plot", *arguments)
    assert (done.code, done.out, done.err) == (2, "", message)
    assert not (tmp_path / "x.svg").exists()


def test_a_picture_is_svg_or_png(shell: Program, results: str) -> None:
    done = shell("plot", results, "rollout", "-o", "x.pdf")
    assert done.code == 2
    assert "Error: -o x.pdf: a picture is .svg or .png; name it for example rollout.svg" in done.err


def test_a_folder_that_does_not_exist_is_an_error(shell: Program, results: str) -> None:
    done = shell("plot", results, "rollout", "-o", "nowhere/x.svg")
    assert (done.code, done.err) == (1, "error: cannot write nowhere/x.svg: no such file or directory\n")


def test_help_lists_every_figure_with_its_question(shell: Program) -> None:
    text = shell("plot", "-h").out
    assert all(f"{entry.name} " in text and entry.question in text for entry in FIGURES)


def test_help_loads_no_heavy_module() -> None:
    assert modules_loaded_by("import rolloutsim.cli; rolloutsim.cli.main(['plot', '--help'])").isdisjoint(HEAVY)
