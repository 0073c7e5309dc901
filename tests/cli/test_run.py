"""What `run` prints and writes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import rolloutsim
from rolloutsim.cli import output
from rolloutsim.cli.progress import Progress
from rolloutsim.cli.view import render, show
from rolloutsim.errors import OutputError
from rolloutsim.planning.tried import WhatIfs
from rolloutsim.planning.what_if import quick_what_if
from tests.cli.conftest import HELD, MISSED, QUICK, ROOT, Program

# Ideal, by hand: n pulls of S bytes over 1 Gbit/s take n S / 125 MB/s, alone S / 125 MB/s.
TABLE = """\
two nodes · 2 cases · ideal model

  image     size   on the wire   rollout time      alone   slowdown   vs smallest
 ─────────────────────────────────────────────────────────────────────────────────
  small    10 MB         20 MB        0.160 s   0.0800 s      2.00×         1.00×
  large   100 MB        200 MB         1.60 s    0.800 s      2.00×         10.0×
"""
THRESHOLDS = """\
 Thresholds
  ✓ rollout_time{image=small}   max < 1 s   0.160 s   84 % left
  ✗ rollout_time{image=large}   max < 1 s    1.60 s   60 % over

"""
FOOTNOTE = (
    " alone (the same pull on an idle system) and slowdown (pull time / alone) are means over the pulls.\n"
    " Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.\n"
)


def test_the_table_is_plain_text_where_nobody_looks(program: Program) -> None:
    done = program("run", "-", stdin=MISSED)
    assert done.err == ""
    assert done.out.startswith(TABLE)
    assert done.out.endswith(THRESHOLDS + FOOTNOTE)
    assert "\x1b" not in done.out
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_why_and_what_would_are_shown(shell: Program) -> None:
    done = shell("run", "-", stdin=QUICK)
    why = "registry uplink 100 % busy for the whole rollout; node NICs 50 % busy (500 of 1000 Mbit/s)."
    assert f"\n Why    {why}\n        " in done.out
    assert "        What would (large, simulated):\n" in done.out
    assert re.search(r"^          small instead of large +1\.60 s → 0\.160 s$", done.out, re.MULTILINE)
    assert re.search(r"^          registry uplink 10 Gbit/s +1\.60 s → 0\.800 s$", done.out, re.MULTILINE)


def test_long_names_are_not_cut(program: Program) -> None:
    name = "registry.example.com/some/very/long/path/to/an/image/that/nobody/would/want/to/type/twice:2026.11.24-abcdef"
    assert name in program("run", "-", stdin=QUICK.replace("small", name), COLUMNS="40").out


def test_colours_change_nothing_but_colours() -> None:
    result = rolloutsim.loads(MISSED).run()
    changes = quick_what_if(result.outcome)
    coloured = render(result, changes, width=120, coloured=True)
    assert "\x1b[31m\x1b[1m✗\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(result, changes, width=120)


def test_colours_are_for_terminals_and_no_color_switches_them_off(monkeypatch: pytest.MonkeyPatch) -> None:
    result = rolloutsim.loads(QUICK).run()
    shown = {}
    for name, stream, no_color in (("terminal", Terminal, ""), ("no color", Terminal, "1"), ("pipe", io.StringIO, "")):
        monkeypatch.setenv("NO_COLOR", no_color)
        monkeypatch.setattr(sys, "stdout", stream())
        show(result, WhatIfs())
        shown[name] = sys.stdout.getvalue()  # type: ignore[attr-defined]
    assert {name for name, text in shown.items() if "\x1b[" in text} == {"terminal"}


def test_text_is_wrapped_to_the_terminal_and_wide_characters_count_twice() -> None:
    result = rolloutsim.loads(QUICK.replace("small", "画像")).run()
    lines = render(result, WhatIfs(), width=50).splitlines()
    assert "  画像     10 MB         20 MB        0.160 s   0.0800 s      2.00×         1.00×" in lines
    assert max(len(line) for line in lines[lines.index(" Why    registry uplink 100 % busy for the whole") :]) <= 50


def test_json_is_the_contract_and_nothing_else(program: Program) -> None:
    done = program("run", "-", "--format", "json", "--seed", "7", stdin=QUICK)
    result = json.loads(done.out)
    assert (result["schema"], result["seed"], result["model"]) == ("rolloutsim.run/1", 7, "ideal")
    assert {"nodes", "pulls"} <= result["cases"][0].keys()
    summary = json.loads(program("run", "-", "--format", "json", "--detail", "summary", stdin=QUICK).out)
    assert {"nodes", "pulls"}.isdisjoint(summary["cases"][0])


def test_csv_has_a_line_a_case(shell: Program) -> None:
    rows = list(csv.DictReader(io.StringIO(shell("run", "-", "--format", "csv", stdin=QUICK).out)))
    assert [(row["case"], float(row["rollout_time_s"])) for row in rows] == [
        ("small", pytest.approx(0.16)),
        ("large", pytest.approx(1.6)),
    ]


def test_markdown_is_a_section_a_file(shell: Program, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(QUICK.replace("two nodes", name))
    done = shell("run", "a.yaml", "b.yaml", "--format", "md")
    assert re.findall(r"^# .*$", done.out, re.MULTILINE) == ["# a", "# b"]


def test_an_unfinished_case_has_no_statistics(shell: Program) -> None:
    """Images held already are there at once; the others never come."""
    stuck = QUICK.replace("model: ideal", "model: real").replace(
        "nodes: 2", "nodes: {web: {count: 2, nic: 1 Gbit/s, cached: {small: 50%}}}"
    )
    done = shell("run", "-", stdin=stuck + "registry: {uplink: 1 Gbit/s, max_connections: 0}\n")
    small = next(line for line in done.out.splitlines() if line.startswith("  small "))
    assert small.split()[5] == "–"
    assert small.split()[-2:] == ["–", "–"]


def test_an_override_changes_the_scenario(shell: Program) -> None:
    done = shell(
        "run", "-", "--set", "network=10 Gbit/s", "--set", "images.small=50 MB", "--format", "csv", stdin=QUICK
    )
    times = [float(row["rollout_time_s"]) for row in csv.DictReader(io.StringIO(done.out))]
    assert times == pytest.approx([0.08, 0.16])


def test_the_files_are_those_that_stdout_shows(program: Program, tmp_path: Path) -> None:
    shown = {form: program("run", "-", "--format", form, stdin=HELD).out for form in ("json", "csv", "md")}
    done = program("run", "-", "-o", "deep/er", stdin=HELD)
    assert done.err == (
        "wrote deep/er/result.json, deep/er/cases.csv, deep/er/summary.md, deep/er/records.npz "
        "and deep/er/report.html\n"
    )
    for form, name in (("json", "result.json"), ("csv", "cases.csv"), ("md", "summary.md")):
        assert (tmp_path / "deep/er" / name).read_text(encoding="utf-8") == shown[form]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError) as caught:
        output.write_file(path, "new")
    assert str(caught.value) == f"cannot write {path}: no space left on device"
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("result.json", "old")]


def test_rich_is_loaded_only_for_a_bar() -> None:
    code = (
        "import sys\n"
        "from rolloutsim.cli import main\n"
        "try: main(['run', sys.argv[1]])\n"
        "finally: print('rich' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "scenarios/20nodes.yaml"], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_a_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    output.write_file(tmp_path / "a", "text")
    (tmp_path / "b").write_text("text")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)


def test_an_output_that_cannot_say_it_says_a_question_mark() -> None:
    program = Path(sys.executable).with_name("rolloutsim")
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([program, "run", "-"], input=QUICK.encode(), env=latin, stdout=subprocess.PIPE, check=True)
    assert "\n ????????" in done.stdout.decode("latin-1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress_on(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, times: list[float]) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    clock = iter(times)
    monkeypatch.setattr("rolloutsim.cli.progress.monotonic", lambda: next(clock))
    with Progress() as progress:
        for share in (0.1, 0.25, 0.5):
            progress("builder", 100 * share, share)
    return stream.getvalue()


def test_progress_is_shown_past_one_second_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It claims no time that is left: the last tenth of the pulls may be a tenth of the work, or nearly all of it."""
    shown = progress_on(Terminal(), monkeypatch, [0.0, 0.5, 2.0, 4.0])
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[━╸╺]", "", shown)
    assert list(dict.fromkeys(" ".join(line.split()) for line in seen.split("\r") if line.strip())) == [
        "builder 25% of the pulls done, 25.0 s simulated in 2 s",
        "builder 50% of the pulls done, 50.0 s simulated in 4 s",
    ]
    assert shown.endswith("\r\x1b[1A\x1b[2K")  # to the line of the bar, and that line erased


def test_progress_is_silent_within_a_second_and_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress_on(Terminal(), monkeypatch, [0.0, 0.1, 0.2, 0.9]) == ""
    assert progress_on(io.StringIO(), monkeypatch, [0.0, 1.0, 20.0, 90.0]) == ""


def test_the_shipped_scenario_misses_its_threshold_in_the_real_model_only(shell: Program) -> None:
    scenario = ROOT / "scenarios/20nodes.yaml"
    assert shell("run", scenario).code == 3
    assert shell("run", scenario, "--set", "model=ideal").code == 0
