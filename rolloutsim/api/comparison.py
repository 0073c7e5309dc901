"""Results side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim import planning, report, results
from rolloutsim.api.result import Result, read, simulated
from rolloutsim.api.scenarios import Scenario, load
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Side
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.report.blocks import Report
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.scenario.resolved import ResolvedScenario

Comparable = Result | Scenario | str | Path


class Comparison(planning.compare.Comparison):
    """Results side by side, with a report and files of its own."""

    @classmethod
    def of(cls, found: planning.compare.Comparison) -> Comparison:
        """The same comparison, for its users."""
        return cls(*(getattr(found, one.name) for one in fields(found)))

    def report(
        self,
        path: str | Path | None = None,
        changes: Mapping[str, WhatIfs] | None = None,
        inputs: Mapping[str, Sensitivity] | None = None,
    ) -> tuple[Report, ...]:
        """The comparison as a report, then that of each, and with a path their file: `found.report("report.html")`.

        Parameters
        ----------
        path : str or Path, optional
            The file that is written: .html, .pdf or .md.
        changes, inputs : mapping, optional
            By name, as for `Result.report`.

        Raises
        ------
        UsageError
            If the path ends in no form that a report has.
        OutputError
            If the file cannot be written.
        """
        if path is not None:
            report.file.check_form(Path(path))
        made = report_of(self, changes, inputs)
        if path is not None:
            results.files.write_file(Path(path), report.file.rendered(made, Path(path)))
        return made

    def save(
        self,
        directory: str | Path,
        detail: Detail | None = None,
        changes: Mapping[str, WhatIfs] | None = None,
        inputs: Mapping[str, Sensitivity] | None = None,
    ) -> None:
        """Write what `rolloutsim run -o` writes of variants; parameters as for `save`."""
        save(self, directory, detail, changes, inputs)


def compare(*compared: Comparable, names: Sequence[str] = (), fail_if: Sequence[str] = ()) -> Comparison:
    """Compare results with the first of them, case by case: `rs.compare(r, fast)`.

    Parameters
    ----------
    compared : Result, Scenario, str or Path
        Two or more, or one scenario with `variants`, or the folder of theirs, which are set side by side. A path is
        that of a result's folder or of a scenario file, as on the command line. Scenarios are simulated with the same
        seeds, ten times if chance plays a part in them and they say nothing else.
    names : sequence of str, optional
        What they are called; by default as their scenarios are, or as their paths.
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
    for one in compared:
        if not isinstance(one, (Result, Scenario, str, Path)):
            raise UsageError(
                f"compare takes results, scenarios and their paths, and {one!r} is none; load('x.yaml') reads a "
                "scenario, and its run() makes a result"
            )
    if len(compared) == 1 and (found := _variants(compared[0], fail_if)) is not None:
        return found
    if isinstance(names, str) or (names and len(names) != len(compared)):
        raise UsageError(f"names {names!r} are not one for each of the {len(compared)} that are compared")
    there = [_read(one) if isinstance(one, (str, Path)) else one for one in compared]
    given = [one.scenario if isinstance(one, Result) else one.resolve() for one in there]
    count = planning.compare.replications_for(given, None)
    ready = [one if isinstance(one, Result) else simulated(one.resolve(), None, count) for one in there]
    own = [str(one) if isinstance(one, (str, Path)) else s.name for one, s in zip(compared, given, strict=True)]
    called = list(names) or _told_apart(own)
    sides = [planning.compare.Side(name, one.outcome) for name, one in zip(called, ready, strict=True)]
    return Comparison.of(planning.compare.compare(sides, fail_if))


def _read(path: str | Path) -> Result | Scenario:
    """What a path is of."""
    return read(path) if results.store.is_result(path) else load(path)


def _variants(one: Comparable, fail_if: Sequence[str]) -> Comparison | None:
    """The variants of a scenario, or those in a folder, side by side; None: it has none."""
    if isinstance(one, (str, Path)):
        if results.store.side_by_side(one):
            return read_variants(one, fail_if)
        one = _read(one)
    if isinstance(one, Scenario) and (variants := one.draft().side_by_side()):
        return of_variants(variants, fail_if=fail_if)
    return None


def of_variants(
    variants: Mapping[str, ResolvedScenario],
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Callable[[str, float, float], None] | None = None,
    fail_if: Sequence[str] = (),
    on_done: Callable[[Side], None] | None = None,
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
    on_done : callable, optional
        Called with each when it is simulated.
    """
    count = planning.compare.replications_for([*variants.values()], replications)
    sides = []
    for name, scenario in variants.items():
        told = None if progress is None else _named(progress, name)
        outcome = planning.replicate.replicate(scenario, seed, count, jobs, told)
        sides.append(planning.compare.Side(name, outcome))
        if on_done is not None:
            on_done(sides[-1])
    return Comparison.of(planning.compare.compare(sides, fail_if))


def _named(progress: Callable[[str, float, float], None], name: str) -> Callable[[str, float, float], None]:
    return lambda what, time, share: progress(f"{name}: {what}", time, share)


def read_variants(folder: str | Path, fail_if: Sequence[str] = ()) -> Comparison:
    """The comparison of results that `rolloutsim run -o` wrote side by side.

    Parameters
    ----------
    folder : str or Path
        The one that holds a folder for each.
    fail_if : sequence of str
        As for `compare`.

    Raises
    ------
    UsageError
        If a result cannot be read.
    """
    found = results.store.side_by_side(folder)
    sides = [planning.compare.Side(name, results.store.load(path)) for name, path in found.items()]
    return Comparison.of(planning.compare.compare(sides, fail_if))


def report_of(
    comparison: planning.compare.Comparison,
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
    contents = report.comparison_contents
    tried = _tried(comparison, changes)
    pages = [
        Result(side.outcome).report(changes=tried[side.name], inputs=(inputs or {}).get(side.name))
        for side in comparison.sides
    ]
    return (
        contents.report_of_comparison(comparison, tried),
        *(contents.beside(comparison, page) for page in pages),
    )


def _tried(comparison: planning.compare.Comparison, changes: Mapping[str, WhatIfs] | None) -> Mapping[str, WhatIfs]:
    """What would help each, by name: what was tried, or else a few changes."""
    known = changes or {}
    return {
        side.name: known[side.name] if side.name in known else planning.what_if.quick_what_if(side.outcome)
        for side in comparison.sides
    }


def save(
    comparison: planning.compare.Comparison,
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
    folder = Path(directory)
    tried = _tried(comparison, changes)
    contents = (
        results.document.to_text(comparison.to_dict()),
        comparison.to_csv(),
        comparison.to_markdown(),
        report.page.to_html(report_of(comparison, tried, inputs)),
    )
    named = dict(zip(results.files.COMPARISON_FILES, contents, strict=True))
    results.files.forget_result(folder, named)  # it names the folders of others
    for side in comparison.sides:
        Result(side.outcome).save(folder / side.name, detail, tried[side.name], with_report=False)
    results.files.write_result(folder, named)


def _told_apart(names: list[str]) -> list[str]:
    """Names, with a letter behind those that occur more than once."""
    return [
        f"{name} ({chr(ord('A') + number)})" if names.count(name) > 1 else name for number, name in enumerate(names)
    ]
