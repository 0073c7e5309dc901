"""`rolloutsim compare`: scenarios, variants or results side by side, with verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import cli, planning, results
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import JOBS, OfSides, Placed, completes, of_a_side
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.cli.options import Side as Named
    from rolloutsim.planning.compare import Comparison, Side
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.resolved import ResolvedScenario

FORMATS = ("table", "json", "csv", "md", "junit", "github")


@click.command(
    cls=OfSides,
    epilog=example(
        "rolloutsim compare scenarios/20nodes.yaml scenarios/20nodes-10g.yaml\n"
        "rolloutsim compare scenarios/20nodes.yaml --set 'network=10 Gbit/s'\n"
        "rolloutsim compare a.yaml --set nodes=50 b.yaml --set nodes=50 --set 'network=10 Gbit/s'\n"
        "rolloutsim compare main-result/ mine.yaml --fail-if 'rollout_time > +10%' --format github\n"
        "rolloutsim compare old.yaml new.yaml --replications 30 --jobs -1 --format md >> pull-request.md"
    ),
)
@click.argument("names", metavar="A B…", shell_complete=completes("files"), nargs=-1, required=True)
@click.option(
    "--fail-if",
    "fail_if",
    metavar="CONDITION",
    shell_complete=completes("metrics"),
    multiple=True,
    help="Exit with 3 if a case meets it: 'rollout_time > +10%', 'pull_time{image=app} p95 > +3 s', "
    "'bytes_on_wire > 5 GB'. A sign makes it a difference to A. Repeatable.",
)
@of_a_side
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of all scenarios; by default A's.")
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(1),
    help="How often each scenario is simulated; by default what the scenarios say, or 10 if they are random.",
)
@JOBS
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
def command(
    names: tuple[str, ...],
    fail_if: tuple[str, ...],
    overrides: Placed,
    variants: Placed,
    overlays: Placed,
    seed: int | None,
    replications: int | None,
    jobs: int,
    form: str,
) -> int:
    """Compare the rollout times of scenarios or results with those of the first, A: case by case, and within a case
    workload by workload and node group by node group.

    Each is a scenario file, which is simulated, or a result: a folder written by 'rolloutsim run -o', or its
    records.npz. --set, --variant and -f belong to the file that they stand behind; those behind the only file are
    compared with that file itself. A file with variants, or a folder of theirs, stands for all of them where it is
    alone. Scenarios are simulated with the same seeds, so that they differ by what they are and not by luck; a result
    stays as it is. Verdicts are 'faster', 'slower' and 'no difference seen'; where nothing is random, differences are
    exact. What differs in the resolved scenarios is shown first ('rolloutsim diff' shows only that).

    Exit code 3 if --fail-if is met, 5 if a rollout did not finish; the comparison is shown first.
    """
    planning.jobs.check_jobs(jobs)
    sides = cli.options.sides_of(names, overrides, variants, overlays)
    for text in fail_if:
        planning.differences.parse_fail_if(text)
    comparison = planning.compare.compare(_outcomes(sides, seed, replications, jobs), fail_if)
    _show(comparison, form)
    if not comparison.finished:
        return ExitCode.UNFINISHED
    return ExitCode.THRESHOLD_MISSED if comparison.met else ExitCode.OK


def _outcomes(sides: Sequence[Named], seed: int | None, replications: int | None, jobs: int) -> list[Side]:
    """Read the results, then the scenarios with all their errors, then simulate these."""
    known: dict[str, Outcome] = {}
    scenarios = [side for side in sides if not results.store.is_result(side.name)]
    _refuse_on_results(sides, scenarios, seed, replications)
    order: dict[str, None] = {}
    labels = cli.options.told_apart(sides)
    for label, side in zip(labels, sides, strict=True):
        if side in scenarios:
            order[label] = None
            continue
        several = results.store.side_by_side(side.name)
        found = {name if len(sides) == 1 else str(path): path for name, path in several.items()} or {
            label: Path(side.name)
        }
        for name, path in found.items():
            known[name] = results.store.load(path)
            order[name] = None
    files: dict[str, ResolvedScenario] = {}
    read = cli.scenarios.load_sides(scenarios)
    for side, file in zip(scenarios, read, strict=True):
        label = labels[sides.index(side)]
        if len(sides) == 1 and (variants := file.draft.side_by_side()):
            files, order = variants, dict.fromkeys(variants)
        else:
            files[label] = file.resolved
    if len(order) < 2:
        raise UsageError(
            "compare takes two or more scenarios or results, or one and what is changed in it: rolloutsim compare A B, "
            "or rolloutsim compare A --set 'network=10 Gbit/s'"
        )
    all_scenarios = [*files.values(), *(one.run.scenario for one in known.values())]
    count = planning.compare.replications_for(all_scenarios, replications)
    if known and replications is None:
        count = max(len(one) for one in known.values())  # as many as there are to be compared with
    first = next(iter(order))
    if seed is None:
        seed = known[first].run.seed if first in known else files[first].seed
    with cli.progress.Progress() as progress:
        for name, scenario in files.items():
            known[name] = planning.replicate.replicate(scenario, seed, count, jobs, progress)
    return [planning.compare.Side(name, known[name]) for name in order]


def _refuse_on_results(
    sides: Sequence[Named], scenarios: Sequence[Named], seed: int | None, replications: int | None
) -> None:
    """Refuse options that say how to simulate, where nothing is simulated."""
    changed = [side for side in sides if side not in scenarios and (side.overrides or side.overlays or side.variant)]
    if not scenarios:
        options = {
            "--set": any(side.overrides for side in changed), "--variant": any(side.variant for side in changed),
            "-f": any(side.overlays for side in changed), "--seed": seed is not None,
            "--replications": replications is not None,
        }  # fmt: skip
        _refuse([option for option, given in options.items() if given])
    elif own := [side for side in changed if side.changes]:
        raise UsageError(
            f"{own[0].changes} stands behind '{own[0].name}', a result, which is there already; put it behind the "
            "scenario file that it is for"
        )


def _refuse(given: Sequence[str]) -> None:
    if given:
        what = f"{', '.join(given)} {'say' if len(given) > 1 else 'says'}"
        raise UsageError(
            f"{what} how scenarios are simulated, and all that is compared are results, which are there already; leave "
            f"{'them' if len(given) > 1 else 'it'} out, or name a scenario file"
        )


def _show(comparison: Comparison, form: str) -> None:
    tables = planning.compare_tables
    if form == "json":
        click.echo(results.document.to_text(comparison.to_dict()), nl=False)
    elif form == "csv":
        click.echo(comparison.to_csv(), nl=False)
    elif form == "md":
        click.echo(comparison.to_markdown(), nl=False)
    elif form == "junit":
        click.echo(tables.to_junit(comparison), nl=False)
    elif form == "github":
        for line in tables.comparison_annotations(comparison):
            click.echo(line)
    else:
        cli.view.show_comparison(comparison)
