"""Results side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim import planning, report, results
from rolloutsim.api.result import Result, simulated
from rolloutsim.api.scenarios import Scenario
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.what_if import WhatIfs
    from rolloutsim.report.blocks import Report
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.scenario.resolved import ResolvedScenario

Comparable = Result | Scenario


def compare(*results: Comparable, names: Sequence[str] = (), fail_if: Sequence[str] = ()) -> Comparison:
    """Compare results with the first of them, case by case: `rs.compare(r, fast)`.

    Parameters
    ----------
    results : Result or Scenario
        Two or more, or one scenario with `variants`, which are set side by side. Scenarios are simulated with the same
        seeds, ten times if chance plays a part in them and they say nothing else.
    names : sequence of str, optional
        What they are called; by default as their scenarios are.
    fail_if : sequence of str
        Conditions such as `rollout_time > +10%`; those that are met are in `met`.

    Returns
    -------
    Comparison
        Differences with intervals and verdicts; a table in Jupyter.

    Raises
    ------
    UsageError
        If there are fewer than two, or something else is among them, or not as many names as there are of them; if
        they have no case in common, or a condition cannot be read.
    """
    for one in results:
        if not isinstance(one, (Result, Scenario)):
            raise UsageError(
                f"compare takes results and scenarios, and {one!r} is neither; load('x.yaml') reads a scenario, and "
                "its run() makes a result"
            )
    if len(results) == 1 and isinstance(results[0], Scenario) and (variants := results[0].draft().side_by_side()):
        return of_variants(variants, fail_if=fail_if)
    if isinstance(names, str) or (names and len(names) != len(results)):
        raise UsageError(f"names {names!r} are not one for each of the {len(results)} that are compared")
    given = [one.scenario if isinstance(one, Result) else one.resolve() for one in results]
    count = planning.compare.replications_for(given, None)
    ready = [one if isinstance(one, Result) else simulated(one.resolve(), None, count) for one in results]
    called = list(names) or _told_apart([scenario.name for scenario in given])
    sides = [planning.compare.Side(name, one.outcome) for name, one in zip(called, ready, strict=True)]
    return planning.compare.compare(sides, fail_if)


def of_variants(
    variants: Mapping[str, ResolvedScenario],
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Callable[[str, float, float], None] | None = None,
    fail_if: Sequence[str] = (),
) -> Comparison:
    """Simulate the variants of a scenario with the same seeds, and compare them with the first.

    Parameters
    ----------
    variants : mapping of str to ResolvedScenario
        By name.
    seed, replications, jobs, progress
        As for `planning.replicate.replicate`; the scenario's own seed by default, and as many replications as
        `planning.compare.replications_for` says.
    fail_if : sequence of str
        As for `compare`.
    """
    count = planning.compare.replications_for([*variants.values()], replications)
    sides = []
    for name, scenario in variants.items():
        told = None if progress is None else _named(progress, name)
        outcome = planning.replicate.replicate(scenario, seed, count, jobs, told)
        sides.append(planning.compare.Side(name, outcome))
    return planning.compare.compare(sides, fail_if)


def _named(progress: Callable[[str, float, float], None], name: str) -> Callable[[str, float, float], None]:
    return lambda what, time, share: progress(f"{name}: {what}", time, share)


def loaded(folder: str | Path) -> Comparison:
    """The comparison of results that `rolloutsim run -o` wrote side by side.

    Raises
    ------
    UsageError
        If a result cannot be read.
    """
    found = results.store.side_by_side(folder)
    return planning.compare.compare(
        [planning.compare.Side(name, results.store.load(path)) for name, path in found.items()]
    )


def report_of(
    comparison: Comparison,
    changes: Mapping[str, WhatIfs] | None = None,
    inputs: Mapping[str, Sensitivity] | None = None,
) -> tuple[Report, ...]:
    """The report of a comparison, and those of what is compared.

    Parameters
    ----------
    comparison : Comparison
        Of results or variants.
    changes, inputs : mapping, optional
        By name, as for `Result.report`.
    """
    pages = [
        Result(side.outcome).report((changes or {}).get(side.name), (inputs or {}).get(side.name))
        for side in comparison.sides
    ]
    return (report.comparison_contents.report_of_comparison(comparison), *pages)


def save(
    comparison: Comparison,
    directory: str | Path,
    detail: Detail | None = None,
    changes: Mapping[str, WhatIfs] | None = None,
    inputs: Mapping[str, Sensitivity] | None = None,
) -> None:
    """Write what `rolloutsim run -o` writes of variants: a folder for each, the comparison, and one report of all.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    directory : str or Path
        The folder; it is made if it is not there.
    detail : str, optional
        As for `Result.to_json`.
    changes, inputs : mapping, optional
        By name, as for `Result.report`.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    folder = results.files.make_folder(Path(directory))
    tried = {side.name: planning.what_if.quick_what_if(side.outcome) for side in comparison.sides if not changes}
    tried |= changes or {}
    for side in comparison.sides:
        Result(side.outcome).save(folder / side.name, detail, tried[side.name], with_report=False)
    contents = (
        results.document.to_text(comparison.to_dict()),
        comparison.to_csv(),
        comparison.to_markdown(),
        report.page.to_html(report_of(comparison, tried, inputs)),
    )
    for name, content in zip(results.files.COMPARISON_FILES, contents, strict=True):
        results.files.write_file(folder / name, content)


def _told_apart(names: list[str]) -> list[str]:
    """Names, with a letter behind those that occur more than once."""
    return [
        f"{name} ({chr(ord('A') + number)})" if names.count(name) > 1 else name for number, name in enumerate(names)
    ]
