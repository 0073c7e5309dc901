"""`rolloutsim compare`: scenarios or results side by side, with verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from rolloutsim import cli, planning, results
from rolloutsim.cli import ExitCode, example
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison, Side
    from rolloutsim.results.outcome import Outcome

FORMATS = ("table", "json", "md", "junit", "github")


@click.command(
    epilog=example(
        "rolloutsim compare scenarios/20nodes.yaml scenarios/20nodes-10g.yaml\n"
        "rolloutsim compare main-result/ mine.yaml --fail-if 'rollout_time > +10%' --format github\n"
        "rolloutsim compare old.yaml new.yaml --replications 30 --jobs -1 --format md >> pull-request.md"
    ),
)
@click.argument("names", metavar="A B…", nargs=-1, required=True)
@click.option(
    "--fail-if",
    "fail_if",
    metavar="CONDITION",
    multiple=True,
    help="Exit with 3 if a case meets it: 'rollout_time > +10%', 'pull_time{image=app} p95 > +3 s', "
    "'bytes_on_wire > 5 GB'. A sign makes it a difference to A. Repeatable.",
)
@click.option("--set", "overrides", metavar="K=V", multiple=True, help="Change a value in each scenario; repeatable.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of all scenarios; by default A's.")
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(1),
    help="How often each scenario is simulated; by default what the scenarios say, or 10 if they are random.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=int,
    default=1,
    show_default=True,
    help="Processes for the replications; -1: one a core.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
def command(
    names: tuple[str, ...],
    fail_if: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int,
    form: str,
) -> int:
    """Compare the rollout times of scenarios or results, case by case, with those of the first, A.

    Each is a scenario file, which is simulated, or a result: a folder written by 'rolloutsim run -o', or its
    records.npz. Scenarios are simulated with the same seeds, so that they differ by what they are and not by luck;
    --set, --seed and --replications are for them, a result stays as it is. Verdicts are 'faster', 'slower' and 'no
    difference seen'; where nothing is random, differences are exact.

    Exit code 3 if --fail-if is met, 5 if a rollout did not finish; the comparison is shown first.
    """
    planning.jobs.check_jobs(jobs)
    if len(names) < 2:
        raise UsageError("compare takes two or more scenarios or results: rolloutsim compare A B")
    for text in fail_if:
        planning.differences.parse_fail_if(text)
    comparison = planning.compare.compare(_sides(names, overrides, seed, replications, jobs), fail_if)
    _show(comparison, form)
    if not comparison.finished:
        return ExitCode.UNFINISHED
    return ExitCode.THRESHOLD_MISSED if comparison.met else ExitCode.OK


def _sides(
    names: Sequence[str], overrides: Sequence[str], seed: int | None, replications: int | None, jobs: int
) -> list[Side]:
    """Read the results, then the scenarios with all their errors, then simulate these."""
    known: dict[str, Outcome] = {}
    for name in names:
        if results.store.is_result(name):
            known[name] = results.store.load(name)
    if len(known) == len({*names}):
        _refuse({"--set": overrides, "--seed": seed, "--replications": replications})
    read = cli.scenarios.load_valid([name for name in names if name not in known], overrides)
    files = {file.name: file.resolved for file in read}
    all_scenarios = [*files.values(), *(one.run.scenario for one in known.values())]
    count = planning.compare.replications_for(all_scenarios, replications)
    if known and replications is None:
        count = max(len(one) for one in known.values())  # as many as there are to be compared with
    if seed is None:
        first = names[0]
        seed = known[first].run.seed if first in known else files[first].seed
    with cli.progress.Progress() as progress:
        for name, scenario in files.items():
            known[name] = planning.replicate.replicate(scenario, seed, count, jobs, progress)
    return [planning.compare.Side(name, known[name]) for name in names]


def _refuse(options: Mapping[str, object]) -> None:
    """Refuse options that say how to simulate, where nothing is simulated."""
    given = [option for option, value in options.items() if value not in (None, ())]
    if given:
        what = f"{', '.join(given)} {'say' if len(given) > 1 else 'says'}"
        raise UsageError(
            f"{what} how scenarios are simulated, and all that is compared are results, which are there already; leave "
            f"{'them' if len(given) > 1 else 'it'} out, or name a scenario file"
        )


def _show(comparison: Comparison, form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(comparison.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    elif form == "md":
        click.echo(comparison.to_markdown(), nl=False)
    elif form == "junit":
        click.echo(planning.compare.comparison_junit(comparison), nl=False)
    elif form == "github":
        for line in planning.compare.comparison_annotations(comparison):
            click.echo(line)
    else:
        compare = planning.compare
        notes = [*compare.met_lines(comparison), *comparison.notes]
        cli.page.show_table(compare.comparison_title(comparison), compare.comparison_table(comparison), notes)
