"""Names that mean something to what shows them: in every output they are data, and nothing else.

Each output is read by a parser of others for its medium, which must find the names as they are (or as `visible` writes
them), and nothing that they ask for.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt

from rolloutsim.results.numerals import visible
from tests.cli.conftest import Program

NAMES = (
    "a\u202eb\u2066c", "line\u2028::error::two\u2029three\ufffe",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a&lt;b\"'>", "]]><x/>&#0;",
    "| a | `b` **c** | [d](javascript:e) ![f](g)", "_h_ ~~i~~ $j$ $$", "# heading", "- item", "1. one", "> quote",
    "```", "    code", "***",
    "=cmd|' /C calc'!A0", "+1+cmd()", "-1+cmd()", "@SUM(A1)",
    "::error file=x::boo", "::stop-commands::t", "x ##[error]y", "%0A::error::z",
    "a: b", "!!python/x", "*a", "'", '"', "null", "{a", "&a",
    "$(touch hacked)`touch hacked`; touch hacked", '"} 1 x{y="\\', "--set", "a,b;c\td".replace("\t", " "),
    "'; DROP TABLE runs; --",
)  # fmt: skip
SHOWN = [visible(name) for name in NAMES]
# Control characters, those that turn lines around (Unicode Standard Annex 9), and those that begin lines.
TITLE = "::error::=x | <b>\u202e"
SHIPPED = Path(__file__).parents[2] / "scenarios" / "deployment.yaml"
_STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
# What the runner of GitHub Actions takes for a command: its ActionCommand.cs trims lines, and finds `##[` anywhere.
_COMMANDS = re.compile(r"^\s*::[a-z-]+|##\[", re.M | re.I)


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """A scenario in which all that has no pattern is called so."""
    path = tmp_path / "hostile.yaml"
    path.write_text(json.dumps({
        "rolloutsim": 1, "name": TITLE, "replications": 1, "controller_manager": "unlimited",
        "description": f"# {' '.join(NAMES)}\n" + "\n".join(NAMES),
        "nodes": {"web": {"count": 3, "cached": {NAMES[0]: "50%"}}}, "network": "1 Gbit/s",
        "images": {name: {"layers": {f"{name} 1": "5 MB", f"{name} 2": "3 MB"}} for name in NAMES},
        "workloads": {name: {"images": [name], "replicas": 2} for name in NAMES},
        "thresholds": {
            f"rollout_time{{workload={json.dumps(name, ensure_ascii=False)}}}": "max < 1 ms" for name in NAMES
        },
        "variants": {"as-is": {}, "more": {"network": "2 Gbit/s"}},
        "assumed": {"network.rate": "".join(NAMES)},
    }), encoding="utf-8")  # fmt: skip
    return path.name


@pytest.fixture
def cases(scenario: str, tmp_path: Path) -> str:
    """The same with a case for each image."""
    content = json.loads((tmp_path / scenario).read_text(encoding="utf-8"))
    for key in ("workloads", "variants", "controller_manager"):
        del content[key]
    content["thresholds"] = {one.replace("workload=", "image="): check for one, check in content["thresholds"].items()}
    (tmp_path / "cases.yaml").write_text(json.dumps(content), encoding="utf-8")
    return "cases.yaml"


@pytest.fixture
def few(tmp_path: Path) -> str:
    """One of a few, for what is tried many times."""
    images = dict.fromkeys((NAMES[0], "::error::x"), "50 MB")
    text = {"rolloutsim": 1, "name": TITLE, "nodes": 2, "network": "1 Gbit/s", "images": images}
    (tmp_path / "few.yaml").write_text(json.dumps(text), encoding="utf-8")
    return "few.yaml"


def harmless(text: str) -> None:
    """Nothing in a text for people steers a terminal, forges a line or commands GitHub Actions."""
    assert _STEERS.findall(text) == []
    assert _COMMANDS.findall(text) == []


def bare(text: str) -> str:
    """A text without its blanks, which media wrap and cut."""
    return "".join(text.split())


def shown_in(text: str, names: Sequence[str] = SHOWN) -> None:
    """All names are in a text, whatever blanks are between them."""
    assert [name for name in names if bare(name) not in bare(text)] == []


class Page(HTMLParser):
    """What is in a page: its tags, the names of its attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def page_is_harmless(text: str, like: str) -> None:
    """A page has the elements and attributes of one with harmless names, and no scripts more."""
    page, other = Page(text), Page(like)
    assert page.tags["script"] == other.tags["script"]
    assert set(page.tags) <= set(other.tags) | {"td"}
    assert page.attributes <= other.attributes
    harmless(page.text)
    shown_in(page.text)


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BLOCKS = {"html_block", "code_block", "hr", "ordered_list_open", "blockquote_open"}


def elements(text: str) -> set[tuple[str, str]]:
    """The elements in a Markdown text that are neither paragraphs, tables nor lists, and what is in them."""
    found = set()
    for token in MARKDOWN.parse(text):
        found |= {(token.type, token.content)} if token.type in BLOCKS else set()
        found |= {(one.type, one.content) for one in token.children or () if one.type not in ("text", "text_special")}
    return found


def is_option(element: tuple[str, str]) -> bool:
    """Whether it is code that is an option: whatever stands there is text."""
    return element[0] == "code_inline" and element[1].startswith("--set ")


def markdown_is_harmless(text: str, like: str) -> None:
    """No name made an element: those that there are stand in one with harmless names as well."""
    harmless(text)
    made = {one for one in elements(text) if not is_option(one)}
    assert made <= elements(like) | {("softbreak", ""), ("hardbreak", "")}
    shown = "\n".join(one.content for token in MARKDOWN.parse(text) for one in token.children or ())
    shown_in(shown)


def test_the_terminal(shell: Program, scenario: str, cases: str, few: str) -> None:
    for arguments in (
        ("run", scenario), ("run", cases), ("show", scenario), ("validate", scenario),
        ("diff", scenario, cases, "--set", f"name={NAMES[0]}"), ("compare", cases, cases, "--set", f"name={NAMES[0]}"),
        ("explain", few),
    ):  # fmt: skip
        done = shell(*arguments)
        assert done.code in (0, 3), done.err
        harmless(done.err)
        harmless(done.out)
    shown = yaml.safe_load(shell("show", scenario).out)
    assert set(NAMES) == set(shown["images"]) == set(shown["workloads"])


def test_errors(shell: Program, tmp_path: Path) -> None:
    text = {"rolloutsim": 1, "nodes": 1, "network": "1 Gbit/s", "images": {name: {name: 1} for name in NAMES}}
    (tmp_path / "wrong.yaml").write_text(json.dumps(text), encoding="utf-8")
    for form in ("text", "github"):
        done = shell("validate", "wrong.yaml", "--format", form)
        assert done.code == 4
        harmless(re.sub("^::error [^:]*::", "", done.out, flags=re.M) + done.err)
    found = json.loads(shell("validate", "wrong.yaml", "--format", "json").out)
    assert {one["file"] for one in found} == {"wrong.yaml"}
    for name in NAMES:
        harmless(shell("run", name).err)
        harmless(shell("run", "wrong.yaml", "--set", f"{name}=1").err)


def test_csv(shell: Program, cases: str) -> None:
    text = shell("run", cases, "--format", "csv").out
    harmless(text)
    rows = list(csv.reader(StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = [cell for row in rows for cell in row]
    assert [
        one for one in cells if one[:1] in tuple("=@+-") and not re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", one)
    ] == []
    assert {f"'{name}" if name[0] in "=@+-" else name for name in SHOWN} <= set(cells)


def test_json_is_data_as_it_is(shell: Program, scenario: str) -> None:
    texts: set[object] = set()
    waiting = [json.loads(shell("run", scenario, "--variant", "as-is", "--format", "json").out)]
    while waiting:
        one = waiting.pop()
        waiting += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
        texts |= {one} if isinstance(one, str) else set()
    assert set(NAMES) <= texts


def test_junit(shell: Program, cases: str) -> None:
    text = shell("run", cases, "--format", "junit").out
    root = ElementTree.fromstring(text)
    assert {one.tag for one in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
    said = [value for one in root.iter() for value in one.attrib.values()]
    harmless("\n".join(said))
    shown_in(" ".join(said), [one for one in SHOWN if '"' not in one and "\\" not in one])


def test_annotations(shell: Program, cases: str) -> None:
    """What GitHub makes of them: the rules of its runner, and its escapes."""
    lines = shell("run", cases, "--format", "github").out.splitlines()
    said = []
    for line in lines:
        match = re.fullmatch(r"::(error|warning|notice)(?: ([^:]*))?::(.*)", line)
        assert match, line
        assert _COMMANDS.findall(match[3]) == []
        properties = dict(one.split("=", 1) for one in match[2].split(","))
        assert set(properties) <= {"file", "line", "col", "endColumn", "title"}
        assert properties["file"] == cases
        said.append(unquote(match[3]))
    assert len(said) == len(NAMES)
    harmless("\n".join(said))


def test_reports(shell: Program, scenario: str, tmp_path: Path) -> None:
    assert shell("run", scenario, "--variant", "as-is", "-o", "hostile").code == 3
    assert shell("run", SHIPPED, "-o", "plain").code == 0
    page_is_harmless(
        (tmp_path / "hostile" / "report.html").read_text("utf-8"),
        (tmp_path / "plain" / "report.html").read_text("utf-8"),
    )
    markdown_is_harmless(
        (tmp_path / "hostile" / "summary.md").read_text("utf-8"), (tmp_path / "plain" / "summary.md").read_text("utf-8")
    )
    for name in ("hostile", "plain"):
        assert shell("report", name, "-o", f"{name}.md").code == 0
    text = (tmp_path / "hostile.md").read_text("utf-8")
    markdown_is_harmless(text, (tmp_path / "plain.md").read_text("utf-8"))
    _, whole = (token.content for token in MARKDOWN.parse(text) if token.type == "fence")
    assert set(NAMES) == set(json.loads(whole)["images"])  # that the report has escaped it does not change it


def test_exports(shell: Program, cases: str, tmp_path: Path) -> None:
    assert shell("run", cases, "-o", "hostile").code == 3
    otlp = json.loads(shell("export", "otlp", "hostile").out)
    assert otlp["resourceSpans"]
    for one in yaml.safe_load_all(shell("export", "kwok", "hostile").out):
        assert one["kind"] == "Stage"
    for line in shell("export", "prometheus", "hostile").out.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'\w+(\{(\w+="([^"\\]|\\.)*",?)*\})? [0-9.e+-]+', line)
    assert shell("trace", "hostile", "-o", "trace.json").code == 0
    assert json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    assert shell("plot", "hostile", "rollout", "-o", "x.svg").code == 0
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(svg).iter()}.isdisjoint(
        {"script", "a", "image"}
    )
    harmless(svg)


def test_a_sweep_over_what_is_called_so(shell: Program, few: str, tmp_path: Path) -> None:
    path = f"images[{json.dumps('::error::x')}]"
    assert shell("sweep", few, "-p", f"{path}=50 MB,60 MB", "-o", "x.sqlite").code == 0
    for form in ("table", "csv", "md"):
        done = shell("sweep", few, "-p", f"{path}=50 MB,60 MB", "--format", form)
        assert done.code == 0, done.err
        harmless(done.out + done.err)
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as store, store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_is_imported(shell: Program, tmp_path: Path) -> None:
    """Objects, images and files whose names say something else: the scenario's text has them as data."""
    names = [*NAMES, "a\n::error::b", "x\ny: 1", "\x1b[31m", "\x00"]
    items = [
        {
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": name},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": name, "image": name}]}}},
        }
        for name in names for kind in ("Deployment", name)
    ]  # fmt: skip
    for number, one in enumerate([*items, {"apiVersion": "v1", "kind": "List", "items": items}]):
        path = tmp_path / f"{number}; touch hacked.json"
        path.write_text(json.dumps(one), encoding="utf-8")
        done = shell("import", path.name, "-o", f"{number} $(x).yaml")
        assert done.code in (0, 6), done.err
        harmless(done.err)
        if done.code == 0:
            assert f"run it: rolloutsim run '{number} $(x).yaml'" in done.err
            text = (tmp_path / f"{number} $(x).yaml").read_text(encoding="utf-8")
            assert _STEERS.findall(text) == []
            assert yaml.safe_load(text)["rolloutsim"] == 1
            assert shell("validate", f"{number} $(x).yaml").code == 0
