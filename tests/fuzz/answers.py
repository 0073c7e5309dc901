"""What commands and reports say of results, of those of unfinished rollouts, too.

A scenario is drawn and simulated, often one that cannot finish, and some questions are asked about it, as a user would
on the command line or in Python. Each ends with an answer or with an error that is documented, JSON is valid under the
published schema, no text shows what is no number, and the same question gets the same bytes.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import click
import jsonschema
from click.testing import CliRunner

import rolloutsim as rs
from rolloutsim.cli import main
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.contract import json_schema
from rolloutsim.planning.ladder import is_numeric
from rolloutsim.report.plots import names
from rolloutsim.results.store import to_bytes
from rolloutsim.scenario import settings
from rolloutsim.scenario.metrics import METRICS, TYPICAL
from tests.fuzz.valid import refused, valid

ODD = 0.003  # how often a number is odd; those of `odd` are for that
QUESTIONS = 3  # of a scenario
MOST_EVENTS = 10_000  # of what is simulated more than once (assumed: a tenth of a second)
TITLES = (
    "one",
    '<i>a</i> & "b"',
    "=1+1 | `x` [y](z) *w*",
    "::error::x%0A",
    "ü → \u202e",
    "]]> <!-- ${x} {{y}} ``` ~~~",
)
_NO_NUMBER = re.compile(r"(?<![\w.\"'/<-])(?:nan|NaN|-?inf|-?Infinity|None(?! of))(?![\w.\"'/(=-])")
_VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr"}


def check(number: int) -> None:
    """A scenario, and some questions about it."""
    random = Random(f"answers {number}")
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(random, scenario(random), Path(folder))
        events = sum(case.events for case in asked.result.run.cases) * len(asked.result.outcome)
        for question in random.sample(QUESTIONED if events < MOST_EVENTS else OF_A_RESULT, QUESTIONS):
            question(asked)


def scenario(random: Random) -> dict[str, Any]:
    """A valid scenario, often one whose rollout cannot finish."""
    data = valid(random, ODD)
    data["name"] = random.choice(TITLES)
    changes = [
        {"failures": {"outage": {random.choice(("registry", "mirror", "cache")): _any_of(random, data)}}},
        {"failures": {"crash": {"group": next(iter(data["nodes"])) if isinstance(data["nodes"], dict) else "node"}}},
        {
            "images": {"huge": "20 GB"},
            "nodes": {"tiny": {"count": 2, "disk": {"rate": "100 MB/s", "capacity": "1 GB"}}},
        },
        {"thresholds": {_metric(random): _bound(random) for _ in range(random.randint(1, 3))}},
        {"replications": random.choice((2, 3))},
        {"prices": {"ssd": 0.1}},
        {"variants": {"as-is": {}, "other": {"network": "3 Gbit/s"}}},
        {"registry": {"rate_limit": {"pulls": 1, "per": "6h"}}},
        {"push": {"image": next(iter(data["images"]))}},
        {"rollout": {"strategy": random.choice(("rolling", "daemonset", "statefulset", "waves"))}},
    ]
    for change in changes:
        if random.random() < 0.25:
            changed = data | {
                key: {**data[key], **value} if isinstance(value, dict) and isinstance(data.get(key), dict) else value
                for key, value in change.items()
            }
            with suppress(RolloutsimError):
                data = data if refused(changed) else changed
    return data


def _any_of(random: Random, data: dict[str, Any]) -> str:
    names = [*data.get("registries", ()), *data.get("mirrors", ()), *data.get("caches", ()), "registry"]
    return str(random.choice(names))


def _metric(random: Random) -> str:
    name = random.choice(list(METRICS))
    metric = METRICS[name]
    labels = [one for one in metric.labels if one in TYPICAL or random.random() < 0.3]
    inside = ", ".join(f"{one}={TYPICAL.get(one, 'app')}" for one in labels)
    return f"{name}{{{inside}}}" if inside else name


def _bound(random: Random) -> str:
    statistic = random.choice(("", "", "max ", "p95 ", "mean "))
    limit = random.choice(("1 s", "0.5", "1 GB", "10%", "3", "1 Mbit/s"))
    return f"{statistic}{random.choice(('<', '>', '<=', '>='))} {limit}"


class Asked:
    """A scenario to ask about, and its result."""

    def __init__(self, random: Random, data: dict[str, Any], folder: Path) -> None:
        self.random, self.data, self.folder = random, data, folder
        self.file = folder / "scenario.yaml"
        self.file.write_text(json.dumps(data), encoding="utf-8")

    @cached_property
    def scenario(self) -> rs.Scenario:
        return rs.load(self.file)

    @cached_property
    def result(self) -> rs.Result:
        return self.scenario.run()

    @cached_property
    def saved(self) -> str:
        """The folder of the result."""
        folder = self.folder / "result"
        self.result.save(folder, with_report=False, changes=rs.planning.tried.WhatIfs())
        return str(folder)

    def ask(self, *words: str, form: str = "text", twice: bool = True) -> str | None:
        """What a command prints; None where it ends with an error. Some are asked twice, unless they keep a file."""
        answer = self._answer(words)
        if answer is not None and form:
            CHECKS[form](answer, words)
        if twice and self.random.random() < 0.2:
            again = self._answer(words)
            assert again == answer, f"other bytes the second time: {' '.join(words)}"
        return answer

    def _answer(self, words: tuple[str, ...]) -> str | None:
        try:
            done = CliRunner().invoke(main, words, standalone_mode=False, catch_exceptions=False)
        except (RolloutsimError, click.ClickException) as error:
            text = error.format_message() if isinstance(error, click.ClickException) else str(error)
            assert text, f"an error without words: {' '.join(words)}"
            _no_numbers(text, words)
            return None
        _no_numbers(done.stderr, words)
        return done.stdout


def run(asked: Asked) -> None:
    """The result in one of its forms."""
    form = asked.random.choice(("table", "json", "csv", "md", "junit", "github"))
    more = asked.random.choice(((), (), ("--detail", "full"), ("--detail", "summary"), ("--what-if",)))
    with_detail = form == "json" or "--detail" not in more
    asked.ask("run", str(asked.file), "--format", form, *(more if with_detail else ()), form=form)


def run_into(asked: Asked) -> None:
    """All that is written of a result."""
    folder = asked.folder / "out"
    asked.ask("run", str(asked.file), "-o", str(folder))
    for file in folder.rglob("*"):
        if file.suffix in (".json", ".csv", ".md", ".html"):
            CHECKS[file.suffix[1:]](file.read_text(encoding="utf-8"), ("run -o", file.name))


def explain(asked: Asked) -> None:
    """Why, and what would help."""
    form = asked.random.choice(("table", "json"))
    more = ("--sensitivity",) if asked.random.random() < 0.4 else ()
    words = ("explain", str(asked.file), "--jobs", "1", "--budget", "1 s", "--format", form, *more)
    asked.ask(*words, form=form, twice=False)  # how much is tried in a second is not the same twice


def report(asked: Asked) -> None:
    """The report to forward."""
    suffix = asked.random.choice(("html", "md"))
    file = asked.folder / f"report.{suffix}"
    if asked.ask("report", asked.saved, "-o", str(file)) is not None:
        CHECKS[suffix](file.read_text(encoding="utf-8"), ("report", suffix))


def plot(asked: Asked) -> None:
    """Two figures."""
    for name in asked.random.sample(sorted({*names("run", "case")}), 2):
        file = asked.folder / f"{name}.svg"
        if asked.ask("plot", asked.saved, name, "-o", str(file)) is not None:
            CHECKS["svg"](file.read_text(encoding="utf-8"), ("plot", name))


def trace(asked: Asked) -> None:
    """The timeline."""
    file = asked.folder / "trace.json"
    if asked.ask("trace", asked.saved, "-o", str(file)) is not None:
        document = _json(file.read_text(encoding="utf-8"), ("trace",))
        assert all(event.get("dur", 0) >= 0 for event in document["traceEvents"]), "a slice of the trace ends too early"


def export(asked: Asked) -> None:
    """The result for another tool."""
    form = asked.random.choice(("kwok", "simkube", "prometheus", "otlp"))
    text = asked.ask("export", form, asked.saved, form="otlp" if form == "otlp" else "")
    if text is not None and form == "prometheus":
        assert not re.search(r" (nan|-inf)\b", text, re.IGNORECASE), f"export {form}: no number: {text}"
    elif text is not None:
        _no_numbers(text, ("export", form))


def compare(asked: Asked) -> None:
    """With something else in it, or the result itself, or its variants."""
    form = asked.random.choice(("table", "json", "csv", "md", "junit", "github"))
    change = asked.random.choice(("network=2 Gbit/s", "nodes=2", "seed=9", "model=ideal", "registry.uplink=1 Mbit/s"))
    other = (("--set", change), (asked.saved,), ())[asked.random.randrange(3)]
    metric = asked.random.choice(("rollout_time", "pull_time mean", "bytes_on_wire"))
    gate = asked.random.choice(((), ("--fail-if", f"{metric} > +10%"), ("--fail-if", f"{metric} < 0%")))
    asked.ask("compare", str(asked.file), *other, *gate, "--replications", "2", "--format", form, form=form)


def diff(asked: Asked) -> None:
    """What differs."""
    form = asked.random.choice(("table", "json", "md"))
    change = asked.random.choice(("network=2 Gbit/s", "nodes=2", "model=ideal", "runtime=cri-o"))
    asked.ask("diff", str(asked.file), "--set", change, "--format", form, form=form)


def show(asked: Asked) -> None:
    """The resolved scenario, which says the same when it is read again."""
    text = asked.ask("show", str(asked.file))
    assert text is not None, "a valid scenario is not shown"
    again = rs.loads(text, "shown.yaml")
    shown = settings.show(again.resolve())
    assert shown == text, f"a resolved scenario is another one when it is read again: {_first_difference(text, shown)}"


def validate(asked: Asked) -> None:
    """Nothing, or where it is wrong."""
    broken = {**asked.data, asked.random.choice(("nodes", "images", "oops")): asked.random.choice((-1, "x", {}, []))}
    asked.file.with_name("broken.yaml").write_text(json.dumps(broken), encoding="utf-8")
    form = asked.random.choice(("text", "json", "github"))
    asked.ask("validate", str(asked.file.with_name("broken.yaml")), "--format", form, form=form)


def solve(asked: Asked) -> None:
    """The smallest or largest value of something."""
    random = asked.random
    numbers = [one.key for one in settings.settings(asked.scenario.resolve()) if is_numeric(one.path)]
    key = random.choice(("network", "nodes", "registry.uplink", random.choice(numbers), random.choice(numbers)))
    times = [case.rollout_time for case in asked.result if case.rollout_time]
    time = f"{max(times, default=10.0) * random.choice((0.1, 0.5, 0.9, 1.0, 1.1, 2.0)):.6g} s"
    condition = random.choice(
        (
            f"rollout_time < {time}",
            f"pull_time max <= {time}",
            f"rollout_time > {time}",
            _metric(random) + " " + _bound(random),
        )
    )
    form = random.choice(("table", "json", "md"))
    more = [*random.choice(((), ("--largest",), ("--standard",)))]
    more += random.choice(((), (), ("--between", "1", "5"), ("--between", "10 Mbit/s", "1 Gbit/s")))
    asked.ask("solve", str(asked.file), key, "--such-that", condition, "--format", form, *more, form=form)


def buy(asked: Asked) -> None:
    """The cheapest of several values."""
    form = asked.random.choice(("table", "json", "md"))
    prices = ("--price", "network=2 Gbit/s=10", "--price", "network=5 Gbit/s=20", "--price", "model=ideal=5")
    condition = asked.random.choice(("rollout_time < 1 s", "rollout_time < 1000 s", _metric(asked.random) + " < 1"))
    asked.ask("solve", str(asked.file), *prices, "--such-that", condition, "--jobs", "1", "--format", form, form=form)


def sweep(asked: Asked) -> None:
    """A few points; their figures and report."""
    random = asked.random
    form = random.choice(("table", "json", "csv", "md"))
    values = random.choice(("network=1 Gbit/s,2 Gbit/s", "nodes=1,2,3", "seed=1,2", "model=ideal,real"))
    show = random.choice(((), (), ("--show", _metric(random))))
    file = asked.folder / "sweep.sqlite"
    words = ("sweep", str(asked.file), "-p", values, "--jobs", "1", "--format", form, *show)
    if asked.ask(*words, form=form) is None or random.random() < 0.6:
        return
    asked.ask(*words, "-o", str(file), form=form, twice=False)
    for name in names("sweep"):
        picture = asked.folder / f"{name}.svg"
        if asked.ask("plot", str(file), name, "-o", str(picture)) is not None:
            CHECKS["svg"](picture.read_text(encoding="utf-8"), ("plot", name))
    page = asked.folder / "sweep.html"
    if asked.ask("report", str(file), "-o", str(page)) is not None:
        CHECKS["html"](page.read_text(encoding="utf-8"), ("report", "sweep"))


def python(asked: Asked) -> None:
    """What Python and Jupyter see."""
    result = asked.result
    for thing in (result, *result, *_attributes(result), *(one for case in result for one in _attributes(case))):
        shown = repr(thing)
        if isinstance(thing, rs.Result):
            _no_numbers(shown, ("repr",))
        if hasattr(thing, "_repr_html_"):
            CHECKS["html"](thing._repr_html_(), ("_repr_html_", type(thing).__name__))
        if isinstance(thing, rs.api.table.Table):
            assert len(thing.to_pandas()) == len(thing) == len(list(thing)), "a DataFrame of another length"
    _no_numbers(result.why(), ("why",))
    CHECKS["json"](result.to_json("full"), ("to_json",))
    CHECKS["csv"](result.to_csv(), ("to_csv",))
    CHECKS["md"](result.to_markdown(), ("to_markdown",))


def read_again(asked: Asked) -> None:
    """What was written says the same."""
    again = rs.read(asked.saved)
    assert again.to_json("full") == asked.result.to_json("full"), "a result that is read again has other JSON"
    assert to_bytes(again.outcome) == to_bytes(asked.result.outcome), "a result that is read again has other records"


OF_A_RESULT: tuple[Callable[[Asked], None], ...] = (report, plot, trace, export, python, read_again)
QUESTIONED: tuple[Callable[[Asked], None], ...] = (
    *OF_A_RESULT, run, run, run, run_into, explain, plot, compare, diff, show, validate, solve, buy, sweep,
)  # fmt: skip


def _attributes(thing: Any) -> Iterator[Any]:
    """What its properties give."""
    for name in dir(type(thing)):
        if not name.startswith("_") and not callable(getattr(type(thing), name, None)):
            yield getattr(thing, name)


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(json_schema())


def _json(text: str, words: tuple[str, ...]) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"no JSON: {constant} in {' '.join(words)}")

    return json.loads(text, parse_constant=refuse)


def _results_json(text: str, words: tuple[str, ...]) -> None:
    found = next(_validator().iter_errors(_json(text, words)), None)
    if found is not None:
        place = re.sub(r"\[\d+\]", "[]", found.json_path)
        raise AssertionError(f"invalid under the schema at {place}: {found.message[:300]}; {' '.join(words)}")
    _no_numbers(text.replace('"None"', ""), words)


def _no_numbers(text: str, words: tuple[str, ...]) -> None:
    found = _NO_NUMBER.search(text)
    if found is not None:
        around = text[max(0, found.start() - 80) : found.end() + 40]
        raise AssertionError(f"{found[0]} in what {words[0]} says: …{around}…; {' '.join(words)}")


class _Page(HTMLParser):
    """Checks that what is opened is closed, and that no text of a user's became an element."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__()
        self.words, self.open, self.text = words, list[str](), StringIO()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "i", f"a title is not escaped in HTML: {' '.join(self.words)}"
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"HTML closes {tag} in {self.open[-3:]}: {' '.join(self.words)}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.write(data + " ")


def _html(text: str, words: tuple[str, ...]) -> None:
    page = _Page(words)
    page.feed(text)
    page.close()
    assert not page.open, f"HTML leaves {page.open[-3:]} open: {' '.join(words)}"
    _no_numbers(page.text.getvalue(), words)


def _svg(text: str, words: tuple[str, ...]) -> None:
    drawn = ElementTree.fromstring(text)
    shown = " ".join(filter(None, (part.text for part in drawn.iter() if part.tag.endswith(("text", "title", "desc")))))
    _no_numbers(shown, words)
    for part in drawn.iter():
        path = part.get("d", "")
        assert not re.search(r"nan|inf", path), f"no number in a path of {words[-1]}: {path[:100]}"


def _junit(text: str, words: tuple[str, ...]) -> None:
    suites = ElementTree.fromstring(text)
    for suite in suites.iter("testsuite"):
        tests = list(suite.iter("testcase"))
        failures = sum(test.find("failure") is not None for test in tests)
        assert int(suite.get("tests", -1)) == len(tests), f"JUnit counts other tests: {text}"
        assert int(suite.get("failures", -1)) == failures, f"JUnit counts other failures: {text}"
    _no_numbers(text, words)


def _csv(text: str, words: tuple[str, ...]) -> None:
    import csv

    rows = list(csv.reader(StringIO(text)))
    assert len({len(row) for row in rows}) <= 1, f"CSV with rows of several lengths: {' '.join(words)}"
    for cell in (cell for row in rows for cell in row):
        is_number = re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell)
        assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"CSV with a formula: {cell}"
    _no_numbers(text, words)


def _markdown(text: str, words: tuple[str, ...]) -> None:
    columns = None
    text = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)  # what is fenced is shown as it is
    for line in text.splitlines():
        pipes = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert columns is None or pipes is None or pipes == columns, f"a Markdown row of other cells: {line}"
        columns = pipes
    assert not re.search(r"(?<!\\)<i>", text), f"a title is not escaped in Markdown: {' '.join(words)}"
    _no_numbers(text, words)


def _github(text: str, words: tuple[str, ...]) -> None:
    for line in text.splitlines():
        assert re.match(r"::(error|warning|notice)( [^:]*)?::.", line), f"no annotation: {line}"
    _no_numbers(text, words)


CHECKS: dict[str, Callable[[str, tuple[str, ...]], None]] = {
    "text": _no_numbers, "table": _no_numbers, "json": _results_json, "csv": _csv, "md": _markdown, "html": _html,
    "svg": _svg, "junit": _junit, "github": _github, "otlp": lambda text, words: _json(text, words) and None,
}  # fmt: skip


def _first_difference(text: str, other: str) -> str:
    pairs = zip(text.splitlines(), other.splitlines(), strict=False)
    return next((f"{one!r}, then {two!r}" for one, two in pairs if one != two), "one of them is longer")
