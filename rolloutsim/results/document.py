"""A run as JSON: the contract `rolloutsim.run/1` with programs that read results.

New keys are a minor change, anything else a major one. Times are seconds since the rollout's start, sizes
bytes; what never happened is null, and so are statistics over pulls of which one did not finish. The same run
gives the same bytes.

Parts that only cases with workloads, kubelets, faults, pushes or prices have are listed in
`rolloutsim.results.contract.case`; `background` is there where the scenario has one. A case's `why` holds the
causes of its rollout time, the largest first: `seconds` and `share` on the path of its last pod, where they add up to
the rollout time, and `over_all_s` summed over all pods. `what_if` holds the changes that were tried on the slowest
case, those first that change what is named as the cause, then the largest gain, each with the `set` that makes it;
it is missing if none was tried. Where a threshold is missed they are tried on its case, and judged by it: what meets it
comes first, and `thresholds` has the value of each condition of the case, and whether it is `passed`, before and after,
that which the change is judged by first.

A latency in `background` is null where so many requests get no answer, and where it is not known: `unknown_requests`
has the share of those that waited in a queue of which nobody gave the length, `unknown_queues` the links, and a note
the key that would tell. `pushed` is there where something is pushed before the rollout.

A case's `links` holds every shared link, and for each node group one row for each kind of its private links
(`web.nic.in`): means over its `nodes`, the largest values in `max`.

With several `replications` every number of a case is the mean of theirs (a percentile: their median);
`rollout_time_ci_s` is the 95 % interval of the rollout time, and `ci` holds those of all other numbers by the same keys
(rows of a list by their names), without the few that have none; see `rolloutsim.results.facts.intervals`. A checked
threshold has its own `ci`. Rows of nodes and pulls are those of the first replication.

Where something is random and nobody says how often, `rolloutsim run` simulates more draws if they are quick: a case's
`draws` has their `number`, and the mean rollout time and workloads' `ready_s` over them with 95 % intervals; all else
is about the first one. A checked threshold's `draws` says how many of them hold it; it is missing where nothing is
random.

`detail` says how much there is:

=========  ==========================================================================================
detail     besides the figures of each case
=========  ==========================================================================================
summary    nothing
nodes      `nodes`, and `pulls` without their layers
full       `nodes`, `pulls` with their layers, and a row in `links` for each private link
(default)  as full without the private links up to 1,000 nodes, above that as summary
=========  ==========================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rolloutsim.results.caveats import about_chance, caveats
from rolloutsim.results.contract.case import MANY_NODES, Detail, case_figures
from rolloutsim.results.thresholds import ThresholdResult, rows_of
from rolloutsim.results.why.sizes import about_sizes

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run
    from rolloutsim.results.metrics import RunSummary

SCHEMA = "rolloutsim.run/1"

# What JSON lets stand in a string but could steer a terminal.
_CONTROLS = re.compile("[\x7f-\x9f]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_A_LINE_EACH = (0, 2)  # depths of objects whose keys have a line each


def to_text(document: Mapping[str, Any]) -> str:
    """The text of nested dicts and lists, ending in a line feed."""
    return "".join(_lines(document, 0)) + "\n"


def to_dict(
    run: Run,
    summary: RunSummary,
    results: Sequence[ThresholdResult],
    detail: Detail | None = None,
    draws: int = 1,
) -> dict[str, Any]:
    """A run as the contract's nested dicts and lists: its records, figures and checked thresholds.

    `detail` is `summary`, `nodes` or `full`; see the module for the default. `draws` is how often it was simulated.
    """
    scenario = run.scenario
    return {
        "schema": SCHEMA,
        "version": run.provenance.get("rolloutsim"),
        "scenario": {"name": scenario.name, "sha256": scenario.sha256}
        | ({"variant": scenario.variant} if scenario.variant else {}),
        "model": scenario.model,
        "seed": run.seed,
        "replications": 1,
        "notes": [*scenario.notes, *caveats(run), *about_chance(run, draws), *_left_out(run, detail)],
        "cases": [
            case_figures(case, summary.cases[case.name], detail) | {"thresholds": rows_of(results, case.name)}
            for case in run.cases
        ],
    }


def _left_out(run: Run, detail: Detail | None) -> Iterator[str]:
    yield from about_sizes(run)
    nodes = max((len(case.node_names) for case in run.cases), default=0)
    if detail is None and nodes > MANY_NODES:
        yield (
            f"nodes and pulls are left out, since there are more than {MANY_NODES:,} nodes; "
            "--detail nodes or --detail full shows them"
        )


def _lines(value: Any, depth: int) -> Iterator[str]:
    """JSON with a line for each key of the run and its cases, and for each row of their lists."""
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, Mapping) and depth in _A_LINE_EACH and value:
        yield "{\n"
        for i, (key, item) in enumerate(value.items()):
            yield f"{inner}{json.dumps(key)}: "
            yield from _lines(item, depth + 1)
            yield ",\n" if i + 1 < len(value) else "\n"
        yield f"{outer}}}"
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield "[\n"
        is_long = depth + 1 in _A_LINE_EACH
        for i, item in enumerate(value):
            text = "".join(_lines(item, depth + 1)) if is_long else _line(item)
            yield f"{inner}{text},\n" if i + 1 < len(value) else f"{inner}{text}\n"
        yield f"{outer}]"
    else:
        yield _line(value)


def _line(value: Any) -> str:
    return _CONTROLS.sub(_escaped, _ENCODER.encode(value))


def _escaped(control: re.Match[str]) -> str:
    return f"\\u{ord(control[0]):04x}"
