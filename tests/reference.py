"""OUTPUT.md, the reference of what comes out, from where it is declared: `python -m tests.reference` writes it anew."""

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
from rolloutsim.scenario.metrics import METRICS, Metric
from rolloutsim.scenario.resources import RESOURCES

FILE = Path(__file__).parents[1] / "OUTPUT.md"


def text() -> str:
    """The whole file."""
    parts = (_head(), _metrics(), _causes(), _resources(), _side_by_side(), _to_buy(), _records())
    return "\n".join(line for part in parts for line in part) + "\n"


def _head() -> Iterator[str]:
    yield "# What comes out"
    yield ""
    yield "Made by `python -m tests.reference` from where each thing is declared; `rolloutsim explain METRIC` says"
    yield "the same of one metric. Which keys stand where in the JSON, and what there, says"
    yield "[`rolloutsim.results.schema.json`](rolloutsim.results.schema.json), the JSON Schema of result.json,"
    yield "comparison.json and what `--format json` prints (but for `calibrate`): `rolloutsim schema --of results`"
    yield "prints it. A document says by its `schema` which it is."


def _metrics() -> Iterator[str]:
    yield from ("", "## Metrics", "")
    yield "What thresholds, `--fail-if`, `solve` and sweeps can be about, and where it stands in a case of the JSON"
    yield "(`rolloutsim.run/1`). A word in braces is a label; `{statistic}` is one of those listed. A metric of pulls"
    yield "or pods can be narrowed to those of a `workload`, `image`, `group` or `rack`, one of nodes to those of a"
    yield "group or rack: `pull_time{group=web,rack=r1}`. `image` and `case` choose among the cases for every metric."
    yield "How long a `workload` takes (`rollout_time`, `pods_ready`, `nodes_ready`) counts from its own start, as in"
    yield "all tables and in `compare`; moments such as `ready` count from the rollout's."
    yield from ("", "| metric | in JSON | unit | of | meaning |", "|---|---|---|---|---|")
    for name, metric in METRICS.items():
        labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
        meaning = f"{metric.description}{_more(metric)}"
        path = f"`{'.'.join(metric.path)}`" if metric.path else "only in `thresholds`"
        yield f"| `{name}{labels}` | {path} | {UNITS[metric.kind]} | {metric.of or ''} | {meaning} |"


def _more(metric: Metric) -> str:
    return f"; {', '.join(metric.statistics)}" if metric.needs_statistic else ""


def _causes() -> Iterator[str]:
    yield from ("", "## Causes", "")
    yield "What a second of a pull or pod is spent on, beside the names of shared links: keys of `time_split_s`, and"
    yield "`why[].cause`."
    yield from ("", "| cause | time goes to |", "|---|---|")
    yield from (f"| `{name}` | {cause.noun} |" for name, cause in CAUSES.items())


def _resources() -> Iterator[str]:
    yield from ("", "## Links of a node", "", "| link | as a cause |", "|---|---|")
    yield from (f"| `<node>.{one.part}` | `{one.cause.name}` |" for one in RESOURCES)


def _side_by_side() -> Iterator[str]:
    yield from ("", "## Side by side", "")
    yield "`compare --format json`, and `run --format json` of a file with variants, which adds `results`: the document"
    yield "of each (`rolloutsim.run/1`, whose `scenario` has its `variant`). Differences are to the first; times in s."
    yield from ("", f"| in `{compare.SCHEMA}` | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in compare.KEYS.items())
    yield ""
    yield "With several node groups a case of `rolloutsim.run/1` has a row for each in `groups`:"
    yield from ("", "| column | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in _comments(groups.GroupSummary))


def _comments(kind: type) -> Iterator[tuple[str, str]]:
    """The fields of a dataclass with what stands behind them."""
    for line in inspect.getsource(kind).splitlines():
        if found := re.match(r"    (\w+): [^#]+?(?:  # (.+))?$", line):
            yield found[1], found[2] or "its name" if found[1] == "group" else found[2] or "how many"


def _to_buy() -> Iterator[str]:
    yield from ("", "## What to buy", "")
    yield "`solve --price … --format json`; prices are in the currency that they were given in."
    yield from ("", f"| in `{cheapest.SCHEMA}` | meaning |", "|---|---|")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in cheapest.KEYS.items())


def _records() -> Iterator[str]:
    yield from ("", "## Columns of records.npz", "")
    yield "One array each, `cases/<number>/<record>/<column>.npy`; times are seconds since the rollout's start, NaN for"
    yield "what did not happen, sizes bytes. `Times` are float64, `Ids` int32, `Shorts` int16, `Flags` booleans,"
    yield "`Counts` int64, `Codes` int16, or int32 where a number is larger than 32,767."
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
            f"### {node.name}",
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


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
