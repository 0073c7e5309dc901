"""Options that are shown can be pasted into a shell, whatever the names in them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.forks import PROGRAM, Forks

# 5 x 400 MB over 1 Gbit/s are 16 s, 5 x 40 MB are 1.6 s.
TEXT = """\
rolloutsim: 1
model: ideal
nodes: {office: {count: 5, nic: 1 Gbit/s}}
registry: {uplink: 1 Gbit/s}
images: {"ann's": {layers: [400 MB]}, small: {layers: [40 MB]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "quote.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


Paste = Callable[[str], str]


@pytest.fixture
def pasted(forks: Forks, tmp_path: Path) -> Paste:
    """The rollout time of `ann's` in a run whose options a shell read [s]."""

    def run(options: str) -> str:
        line = f"printf '%s\\n' run quote.yaml {options} --format csv"
        read = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.splitlines()
        done = forks.run(PROGRAM, *read, folder=tmp_path)
        assert done.returncode == 0
        (row,) = [row.split(",") for row in done.stdout.decode().splitlines() if row.startswith("ann's,")]
        return f"{float(row[4]):.3g}"

    return run


def smaller_image(lines: list[str]) -> str:
    (line,) = [line for line in lines if "small instead of ann's" in line and "--set" in line]
    return line[line.index("--set") :].strip()


def test_the_change_that_explain_shows(shell: Program, file: Path, pasted: Paste) -> None:
    assert pasted(smaller_image(shell("explain", file).out.splitlines())) == "1.6"


def test_the_change_that_a_report_shows(shell: Program, file: Path, pasted: Paste) -> None:
    assert shell("run", file, "-o", "out").code == 0
    for form in ("md", "html"):
        assert shell("report", "out", "--what-if", "-o", f"report.{form}").code == 0
    text = (file.parent / "report.md").read_text(encoding="utf-8")
    (cell,) = [
        line.split(" | ")[-1] for line in text.splitlines() if "small instead of ann's" in line and "--set" in line
    ]
    fence = re.match("`+", cell)
    assert fence is not None
    assert pasted(cell.removesuffix(" |").strip(fence[0])) == "1.6"  # as it stands in the file
    page = (file.parent / "report.html").read_text(encoding="utf-8")
    cells = unescape(page.replace("</tr>", "\n").replace("</td>", "")).splitlines()
    assert pasted(smaller_image(cells)) == "1.6"


def test_a_report_says_how_many_changes_its_budget_had_room_for(shell: Program, file: Path) -> None:
    assert shell("run", file, "-o", "out").code == 0
    for budget, said in (("0 s", True), ("60 s", False)):
        assert shell("report", "out", "--what-if", "--budget", budget, "-o", "report.md").code == 0
        text = (file.parent / "report.md").read_text(encoding="utf-8")
        assert (re.search(r"Changes tried: 0 of [1-9][0-9]* changes, as many as fit", text) is not None) == said
        assert ("Not known: of all hardware most waiting is for the registry uplink" in text) == said
        assert "Not simulated with this report: rolloutsim report" not in text
        assert "Nothing: no faster hardware" not in text
    done = shell("report", "out", "--budget", "5 s", "-o", "report.md")
    assert done.code == 2
    assert "--budget is for the changes of --what-if" in done.err


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_value_that_solve_finds(shell: Program, file: Path, pasted: Paste, form: str) -> None:
    find = ("--find", 'images["ann\'s"]', "--such-that", "rollout_time < 10 s", "--between", "100 MB", "400 MB")
    done = shell("solve", file, *find, "--largest", "--case", "ann's", "--format", form)
    assert done.code == 0
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", done.out)
    (line,) = [line for line in shown.splitlines() if "Try it: " in line]
    assert pasted(line.partition("Try it: ")[2]) == "10"
