"""What comes out: metrics, causes, and columns of records, from where each is declared."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from rolloutsim.planning import cheapest, compare
from rolloutsim.results import parts
from rolloutsim.results.contract.schema import UNITS
from rolloutsim.results.facts import records, supplied
from rolloutsim.results.pods import groups
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.chance import PURPOSES
from rolloutsim.scenario.metrics import METRICS, Metric
from rolloutsim.scenario.resources import RESOURCES


def metrics() -> Iterator[str]:
    """What conditions can be about."""
    yield from ("| metric | in JSON | unit | of | meaning |", "|---|---|---|---|---|")
    for name, metric in METRICS.items():
        labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
        meaning = f"{metric.description}{_more(metric)}"
        path = f"`{'.'.join(metric.path)}`" if metric.path else "only in `thresholds`"
        yield f"| `{name}{labels}` | {path} | {UNITS[metric.kind]} | {metric.of or ''} | {meaning} |"


def _more(metric: Metric) -> str:
    return f"; {', '.join(metric.statistics)}" if metric.needs_statistic else ""


def causes() -> Iterator[str]:
    """What a second is spent on."""
    yield from ("| cause | time goes to |", "|---|---|")
    yield from (f"| `{name}` | {cause.noun} |" for name, cause in CAUSES.items())


def resources() -> Iterator[str]:
    """What a node has for itself."""
    yield from ("| link | as a cause |", "|---|---|")
    yield from (f"| `<node>.{one.part}` | `{one.cause.name}` |" for one in RESOURCES)


def purposes() -> Iterator[str]:
    """What random numbers are drawn for."""
    yield from ("| random are | with the key |", "|---|---|")
    yield from (f"| {one.words} | `{one.key}` |" for one in PURPOSES)


def side_by_side() -> Iterator[str]:
    """What stands in a comparison."""
    yield from (f"| in `{compare.SCHEMA}` | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in compare.KEYS.items())
    yield from ("", "With several node groups a case of `rolloutsim.run/1` has a row for each in `groups`:")
    yield from ("", "| column | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in _comments(groups.GroupSummary))


def _comments(kind: type) -> Iterator[tuple[str, str]]:
    """The fields of a dataclass with what stands behind them."""
    for line in inspect.getsource(kind).splitlines():
        if found := re.match(r"    (\w+): [^#]+?(?:  # (.+))?$", line):
            yield found[1], found[2] or "its name" if found[1] == "group" else found[2] or "how many"


def to_buy() -> Iterator[str]:
    """What stands in a purchase."""
    yield from (f"| in `{cheapest.SCHEMA}` | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in cheapest.KEYS.items())


def of_records() -> Iterator[str]:
    """What is known of each fetch, pull, pod and link."""
    yield from (*_classes(records), *_classes(supplied))
    yield from ("", "Of several replications each has its parts, `replications/<number>/parts/<case>/<column>.npy`:")
    yield from _classes(parts)


def _classes(module: ModuleType) -> Iterator[str]:
    """The columns of a module's records."""
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        columns = [one for one in getattr(node, "body", ()) if isinstance(one, ast.AnnAssign)]
        if not isinstance(node, ast.ClassDef) or not columns or node.name in ("Run", "CaseRecords", "Orchestration"):
            continue
        yield from (
            "",
            f"## {node.name}",
            "",
            ast.get_docstring(node) or "",
            "",
            "| column | type | |",
            "|---|---|---|",
        )
        for one in columns:
            assert isinstance(one.target, ast.Name)
            yield f"| `{one.target.id}` | `{ast.unparse(one.annotation)}` | {_comment(lines, one)} |"


def _comment(lines: list[str], column: ast.AnnAssign) -> str:
    """What is said of a column behind it, or in the lines above."""
    _, found, behind = lines[(column.end_lineno or column.lineno) - 1].partition("  # ")
    if found:
        return behind
    above = []
    for line in reversed(lines[: column.lineno - 1]):
        if not re.match(r"    # ", line):
            break
        above.insert(0, line.removeprefix("    # "))
    return " ".join(above)
