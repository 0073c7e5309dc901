"""README.md and the pages of docs/ tell the truth: what they show is what happens."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from docs.made import MARK, PARTS, keys
from rolloutsim.cli import COMMANDS, EPILOG, ExitCode, main
from rolloutsim.report.contents import LIMITS, MEASURED, Measured
from rolloutsim.scenario.explanation import explain
from rolloutsim.scenario.reference import tops
from tests import site
from tests.forks import Forks
from tests.pages import BLOCK, DOCS, README, ROOT, current, name_of, pages, pictures, prose

STORIES = (README, DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md")))
GUIDES = [path for path in STORIES if path.parent.name == "how-to" and path.name != "index.md"]
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_CODE = re.compile(r"`([^`\n]+)`")
_QUANTITY = re.compile(
    r"(?<![\w.,/])(\d[\d,]*(?:\.\d+)?) ?(%|(?:ms|s|min|h|[kMGT]?B|[MG]iB|[kMG]bit/s|[kMG]B/s|×(?! ?\d))(?![\w/]))"
)
# Quantities of prose that no block of their page shows, and where each is from.
_FROM_ELSEWHERE = {
    "README.md": {"2.2 %", "10.7 %", "55.4 s"},  # tests/data/measured-accuracy.md, tested below; the ideal model's
    "docs/how-to/network-speed.md": {"400 Gbit/s"},  # rolloutsim.planning.standards
    "docs/how-to/max-unavailable.md": {"10 %"},  # the field: prometheus-operator/kube-prometheus#661
    "docs/how-to/what-would-help.md": {"10 %"},  # rolloutsim.planning.sensitivity
    "docs/how-to/luck.md": {"95 %"},  # a convention
    "docs/how-to/calibrate.md": {"90 %"},  # of the intervals; the heading of the table says so
    "docs/how-to/serial-pulls.md": {"10 s"},  # the kubelet's back-off
}


def each(paths: tuple[Path, ...] | list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", paths, ids=name_of)


@each([page for page in pages() if BLOCK.search(page.read_text(encoding="utf-8"))])
def test_every_output_shown_is_the_real_one(page: Path, forks: Forks) -> None:
    """If this fails after an intended change: make shown."""
    assert page.read_text(encoding="utf-8") == current(page, forks)


def test_the_first_screen_runs_and_tests_with_one_command_each() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    commands = [line.split(" #")[0].rstrip() for line in lines[: lines.index("```console")]]
    assert commands.index("make run") < commands.index("make test") < 15
    assert len(lines) < 100  # two screens


def test_the_picture_is_what_the_program_draws() -> None:
    """If this fails after an intended change: make shown. Another matplotlib puts the same words elsewhere."""
    pinned = f"matplotlib=={version('matplotlib')}" in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    for path, drawn in pictures().items():
        shown = path.read_text(encoding="utf-8")
        assert shown == drawn if pinned else _words(shown) == _words(drawn) != []


def _words(picture: str) -> list[str]:
    return re.findall(r"<!-- (.+?) -->", picture)


@each(GUIDES)
def test_a_guide_is_a_question_that_runs_is_read_and_changed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# .+\?\n", text)
    assert re.findall(r"^## (.+)$", BLOCK.sub("", text), re.MULTILINE) == ["Run it", "Read it", "Change it"]
    assert re.search(r"^```(?:console|python|sh)$", text, re.MULTILINE)
    assert re.search(rf"^{page.stem}$", (page.parent / "index.md").read_text(encoding="utf-8"), re.MULTILINE)


@each(STORIES)
def test_every_quantity_in_prose_stands_in_what_the_page_shows(page: Path) -> None:
    text = prose(page)
    blocks = [match[2] for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]
    shown = _quantities("\n".join([*blocks, *_CODE.findall(text)]))
    said = _quantities(_LINK.sub("]", _CODE.sub("", text)))
    assert said - shown - _FROM_ELSEWHERE.get(name_of(page), set()) == set()


def _quantities(text: str) -> set[str]:
    return {f"{number} {unit}".replace(",", "") for number, unit in _QUANTITY.findall(" ".join(text.split()))}


def _inline() -> Iterator[tuple[str, str]]:
    """The commands in prose, each with its page."""
    for page in pages():
        for code in _CODE.findall(" ".join(prose(page).split())):
            if code.startswith("rolloutsim "):
                yield name_of(page), code


@cache
def _options(name: str) -> frozenset[str]:
    with main.make_context("rolloutsim", [], resilient_parsing=True) as context:
        command = main.get_command(context, name)
        assert isinstance(command, click.Command), name
        return frozenset(option for one in command.params for option in one.opts) | {"-h", "--help"}


@pytest.mark.parametrize(("page", "code"), sorted(set(_inline())))
def test_every_command_in_prose_exists_with_its_options(page: str, code: str) -> None:
    _, name, *arguments = shlex.split(code)
    if name.startswith("-") or name == "COMMAND":
        return
    known = _options(name)
    assert {one.partition("=")[0] for one in arguments if one.startswith("-") and len(one) > 1} <= known
    if name == "explain" and arguments and re.fullmatch(r"[a-z_.]+", arguments[0]):
        assert explain(arguments[0]).description


def test_every_key_that_prose_sets_exists() -> None:
    for page in pages():
        for key in re.findall(r"--set '?([\w.<>-]+)=", prose(page)):
            assert explain(key).description, name_of(page)


def test_every_file_that_is_linked_is_there() -> None:
    """Anchors are looked at where the site is built (`make docs`), which has those of what is made from the code."""
    for page in pages():
        for pair in _LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
            address = next(filter(None, pair)).partition("#")[0]
            if address and ":" not in address:
                assert (page.parent / address).exists(), f"{page}: {address}"


def test_every_part_that_a_page_asks_for_is_made_and_every_one_that_is_made_is_asked_for() -> None:
    asked = [mark for page in pages() for mark in MARK.findall(page.read_text(encoding="utf-8"))]
    assert {name for name, _ in asked} == set(PARTS)
    begun = sum(len(re.findall(r"^```\{made\}", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in pages())
    assert begun == len(asked)


def test_every_key_is_on_one_page() -> None:
    assert Counter(top for page in keys.PAGES.values() for top in page) == Counter(tops())
    for name in keys.PAGES:
        page = DOCS / "reference" / "keys" / f"{name}.md"
        assert f"```{{made}} keys {name}\n" in page.read_text(encoding="utf-8")


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^  (\d+) ", EPILOG, re.MULTILINE)}
    assert {int(code) for code in ExitCode} <= told
    assert set(COMMANDS) == set(main.list_commands(click.Context(main)))


def test_readme_and_reports_say_what_the_table_of_measured_pulls_says() -> None:
    table = " ".join((ROOT / "tests" / "data" / "measured-accuracy.md").read_text(encoding="utf-8").split())
    found = re.search(
        r"Defaults: median absolute error ([\d.]+)%, largest ([\d.]+)% \(.*?\), mean -([\d.]+)%; "
        r"(\d+) of (\d+) are below",
        table,
    )
    assert found is not None
    median, largest, mean, _, cases = found.groups()
    assert Measured(cases=int(cases), mean_error=float(mean), largest_error=float(largest)) == MEASURED
    assert f"{mean} % too short in the mean" in LIMITS[0]
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert f"of {cases} measured cases are predicted with an error of {median} % in the median and {largest} %" in text


def test_links_that_lead_nowhere_and_what_is_loaded_from_elsewhere_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "_build" / "html"
    folder.mkdir(parents=True)
    for name in ("index", "forgotten"):
        (tmp_path / "docs" / f"{name}.md").write_text("# A page\n", encoding="utf-8")
    (folder / "searchindex.js").write_text('{"docnames":["index"]}', encoding="utf-8")
    (folder / "own.css").write_text("@import 'https://fonts.example/a.css'; a { b: url(own.svg) }", encoding="utf-8")
    (folder / "index.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="#there">2</a><a href="gone.html#x">3</a>'
        '<a href="https://elsewhere.example">4</a><script src="https://cdn.example/a.js"></script></p>',
        encoding="utf-8",
    )
    assert sorted(site.faults(folder)) == [
        "forgotten is not in the index",
        "index.html: loads https://cdn.example/a.js from elsewhere",
        "index.html: nothing is at gone.html#x",
        "index.html: nothing is named so: #there",
        "own.css: loads @import 'https://fonts.example/a.css from elsewhere",
    ]
