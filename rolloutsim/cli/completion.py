"""What a shell offers for options and arguments: the format's keys, and what the files that are named hold.

It runs at each TAB. So it imports neither the models of the format nor numpy, reads no file that takes long, says
nothing, and where something is wrong it offers nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from rolloutsim import report, scenario
from rolloutsim.errors import STEERING

_LARGEST = 1_000_000  # bytes of a file that is read (assumed: 0.1 s of YAML)
_TABLE = Path(__file__).parent / "keys.tsv"  # made by `make keys`
_DONE = re.compile(r"\.?([^.\[\]=]+)(?=[.\[])|\[([^\[\]]*)\]")  # a step of a path that is complete
_PLAIN = re.compile(r"[^\s.\[\]{}=\"',]+")  # a name that needs no brackets in a path
_UNNAMED = "node"  # the group of `nodes: 20`

Offers = Iterator[CompletionItem]


def offered(what: str, context: click.Context, incomplete: str) -> list[CompletionItem]:
    """What a shell offers.

    Parameters
    ----------
    what : str
        A name in `KINDS`.
    context : click.Context
        What stands on the command line before it.
    incomplete : str
        What is typed of it.
    """
    try:
        found = list(KINDS[what](context, incomplete))
    except Exception:  # a file that is no YAML, a folder that cannot be read: there is nobody to tell
        return []
    return [one for one in found if not STEERING.search(f"{one.value}{one.help or ''}")]


@dataclass
class Key:
    """A key of the format: whether a value may be given (`=`) and keys follow (`.`), its words, its meaning."""

    form: str = "=."
    words: tuple[str, ...] = ()
    meaning: str | None = None
    inner: dict[str, Key] = field(default_factory=dict)

    def at(self, name: str) -> Key | None:
        """The key within it; a name of the user's stands for any."""
        return self.inner.get(name) or next((key for own, key in self.inner.items() if own.startswith("<")), None)


@cache
def _format() -> Key:
    """All keys."""
    root = Key()
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        path, form, words, meaning = line.split("\t")
        *before, last = path.split(".")
        key = root
        for step in before:
            key = key.inner.setdefault(step, Key())
        key.inner[last] = Key(form, tuple(words.split()), meaning)
    return root


class _Files:
    """What the scenario files on the command line say."""

    def __init__(self, context: click.Context) -> None:
        self.every = list(filter(None, map(_read, _named(context))))

    def names(self, *path: str) -> list[str]:
        """The names in a map, of all files."""
        found: dict[str, None] = {}
        for data in self.every:
            part: Any = data
            for step in path:
                part = part.get(step) if isinstance(part, Mapping) else None
            if isinstance(part, Mapping):
                found |= dict.fromkeys(str(name) for name in part)
            elif path == ("nodes",) and isinstance(part, int):
                found[_UNNAMED] = None
        return list(found)

    def cases(self) -> list[str]:
        """The cases that they are simulated in."""
        return ["all"] if any(map(_is_together, self.every)) else self.names("images")


def _is_together(data: Mapping[str, Any]) -> bool:
    """Whether all images of a scenario are in one case."""
    rollout = data.get("rollout")
    strategy = rollout.get("strategy") if isinstance(rollout, Mapping) else rollout
    return bool(data.get("workloads")) or strategy == "schedule"


def _named(context: click.Context) -> Iterator[str]:
    """What stands on the command line and may be a file."""
    # Before an option whose value is typed, click leaves arguments where they are.
    for value in (*context.params.values(), tuple(context.args)):
        for one in value if isinstance(value, tuple) else (value,):
            text = one[-1] if isinstance(one, tuple) and one else one  # of an option that belongs to a file
            if isinstance(text, str) and text:
                yield text


def _read(name: str) -> Mapping[str, Any] | None:
    """A scenario file; None if it is something else."""
    if not name.endswith((".yaml", ".yml", ".json")) or not os.path.isfile(name) or os.path.getsize(name) > _LARGEST:
        return None
    import yaml

    try:
        data = yaml.load(Path(name).read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, OSError, ValueError):
        return None
    return data if isinstance(data, Mapping) else None


def _files(context: click.Context, incomplete: str) -> Offers:
    yield CompletionItem(incomplete, type="file")


def _folders(context: click.Context, incomplete: str) -> Offers:
    yield CompletionItem(incomplete, type="dir")


def _some(names: Mapping[str, str | None], incomplete: str, before: str = "", behind: str = "") -> Offers:
    """Names with what they mean, as far as they go on with what is typed."""
    for name, meaning in names.items():
        value = f"{before}{name}{behind}"
        if value.startswith(incomplete):
            yield CompletionItem(value, help=meaning)


def _unexplained(names: list[str]) -> dict[str, str | None]:
    return dict.fromkeys(names)


def _keys(context: click.Context, incomplete: str) -> Offers:
    """Paths of keys."""
    return _paths(context, incomplete, "")


def _assignments(context: click.Context, incomplete: str) -> Offers:
    """Paths with a value, `K=V`; a list of values ends with the one that is typed."""
    path, equals, value = _assigned(incomplete)
    if not equals:
        yield from _paths(context, incomplete, "=")
        return
    key = _along(_whole(path))
    before = f"{path}=" + value[: value.rfind(",") + 1]
    yield from _some(_unexplained([*(key.words if key else ())]), incomplete, before)


def _varied(context: click.Context, incomplete: str) -> Offers:
    """What can take several values: keys, and the file's variants."""
    if incomplete.startswith("variants="):
        value = incomplete.partition("=")[2]
        before = "variants=" + value[: value.rfind(",") + 1]
        yield from _some(_unexplained(_Files(context).names("variants")), incomplete, before)
        return
    yield from _assignments(context, incomplete)


def _assigned(text: str) -> tuple[str, str, str]:
    """The path, `=` if it is there, and the value."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if sign == "=" and not depth:
            return text[:at], "=", text[at + 1 :]
    return text, "", ""


def _steps(text: str) -> tuple[list[str], int]:
    """The steps of a path that are complete, and where what is typed of the next one begins."""
    steps, at = [], 0
    while found := _DONE.match(text, at):
        steps.append(found[1] or found[2].strip("\"'"))
        at = found.end()
    return steps, at


def _whole(text: str) -> list[str]:
    """The steps of a path to which nothing is to come."""
    steps, at = _steps(text)
    return [*steps, *filter(None, [text[at:].strip(".")])]


def _along(steps: list[str]) -> Key | None:
    """The key at the end of a path; None if there is none."""
    key: Key | None = _format()
    for step in steps:
        key = key.at(step) if key else None
    return key


def _paths(context: click.Context, incomplete: str, end: str) -> Offers:
    """The next step of a path: with `end` where a value may stand, with a dot where keys follow."""
    files = _Files(context)
    steps, at = _steps(incomplete)
    lead = incomplete[:at]
    key = _along(steps)
    if key is None:
        return
    for step, inner in key.inner.items():
        own = step.startswith("<")
        names = list(dict.fromkeys(_own_names(files, step, steps))) if own else [step]
        for name in names:
            plain = _PLAIN.fullmatch(name) is not None
            whole = f"{lead}{'.' if lead and plain else ''}{name if plain else f'[{name}]'}"
            brackets = _in_brackets(files, inner, [*steps, name])
            for value in _forms(whole, inner, end, brackets):
                if value.startswith(incomplete):
                    yield CompletionItem(value, help=inner.meaning)


def _own_names(files: _Files, step: str, path: list[str]) -> list[str]:
    return [*files.names(*path), *(files.names("images") if step == "<image>" and path != ["images"] else ())]


def _in_brackets(files: _Files, key: Key, path: list[str]) -> bool:
    """Whether there are names within a key that need brackets."""
    own = [step for step in key.inner if step.startswith("<")]
    return any(_PLAIN.fullmatch(name) is None for step in own for name in _own_names(files, step, path))


def _forms(whole: str, key: Key, end: str, brackets: bool) -> Iterator[str]:
    if "=" in key.form:
        yield f"{whole}{end}"
    if "." in key.form and key.inner:
        yield f"{whole}."
    if brackets:
        yield f"{whole}["


def _variants(context: click.Context, incomplete: str) -> Offers:
    return _some(_unexplained(_Files(context).names("variants")), incomplete)


def _cases(context: click.Context, incomplete: str) -> Offers:
    """Cases of results, and those that scenarios will be simulated in."""
    names = _Files(context).cases()
    for name in _named(context):
        table = Path(name if os.path.isdir(name) else os.path.dirname(name) or ".", "cases.csv")
        if os.path.isfile(table) and os.path.getsize(table) <= _LARGEST:
            import csv

            with table.open(encoding="utf-8", newline="") as rows:
                names += [row["case"] for row in csv.DictReader(rows)]
    return _some(_unexplained(list(dict.fromkeys(names))), incomplete)


def _groups(context: click.Context, incomplete: str) -> Offers:
    """Groups of nodes, behind the name of what is to be one."""
    before = incomplete[: incomplete.rfind("=") + 1]
    return _some(_unexplained(_Files(context).names("nodes")), incomplete, before)


def _patterns(context: click.Context, incomplete: str) -> Offers:
    """Groups of nodes, for which a pattern is to come."""
    return _some(_unexplained(_Files(context).names("nodes")), incomplete, behind="=")


def _metrics(context: click.Context, incomplete: str) -> Offers:
    """Metrics as conditions have them: the name, labels in braces, a statistic."""
    metrics = scenario.metrics
    name, brace, inside = incomplete.partition("{")
    if not brace and not incomplete.strip().partition(" ")[2] and " " not in incomplete:
        for known, metric in metrics.METRICS.items():
            if known == name:
                yield CompletionItem(f"{known}{{", help=metric.description)
            if known.startswith(name):
                yield CompletionItem(known + "{" * bool(metric.needed), help=metric.description)
        return
    metric = metrics.METRICS[name.strip().partition(" ")[0]]
    before, space, _ = incomplete.rpartition(" ")
    if space and ("}" in before or not brace):
        yield from _some(_unexplained(list(metric.statistics)), incomplete, f"{before} ")
        return
    given, _, typed = inside.rpartition(",")
    label, equals, _ = typed.partition("=")
    lead = f"{name}{{{given}{',' * bool(given)}"
    if equals:
        yield from _some(_unexplained(_values(context, label)), incomplete, f"{lead}{label}=", "}")
    else:
        left = [one for one in metric.known if one not in metrics.labels(given)]
        yield from _some(_unexplained(left), incomplete, lead, "=")


def _values(context: click.Context, label: str) -> list[str]:
    """What a label of a metric can be."""
    files = _Files(context)
    maps = {"group": "nodes", "image": "images", "workload": "workloads", "registry": "registries"}
    if label == "case":
        return files.cases()
    return list(scenario.metrics.VALUES.get(label, ())) or files.names(maps.get(label, f"{label}s"))


def _templates(context: click.Context, incomplete: str) -> Offers:
    return _some({name: scenario.template_title(name) for name in scenario.template_names()}, incomplete)


def _figures(context: click.Context, incomplete: str) -> Offers:
    return _some({figure.name: figure.question for figure in report.plots.FIGURES}, incomplete)


def _explained(context: click.Context, incomplete: str) -> Offers:
    """What `explain` takes: keys, metrics, causes, results and files."""
    yield from _keys(context, incomplete)
    yield from _some({name: metric.description for name, metric in scenario.metrics.METRICS.items()}, incomplete)
    yield from _some({cause.name: cause.noun for cause in scenario.causes.CAUSES.values()}, incomplete)
    yield from _some({"causes": "what time goes to", "thresholds": "what there is to check"}, incomplete)
    yield from _files(context, incomplete)


KINDS: Mapping[str, Callable[[click.Context, str], Offers]] = {
    "files": _files,
    "folders": _folders,
    "keys": _keys,
    "assignments": _assignments,
    "varied": _varied,
    "variants": _variants,
    "cases": _cases,
    "groups": _groups,
    "patterns": _patterns,
    "metrics": _metrics,
    "templates": _templates,
    "figures": _figures,
    "explained": _explained,
}
