"""`rolloutsim solve`: the smallest or largest value with which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rolloutsim import cli, planning
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS, VARIANT

if TYPE_CHECKING:
    from rolloutsim.planning.solve import Solution

FORMATS = ("table", "json", "md")


@click.command(
    epilog=example(
        "rolloutsim solve scenarios/20nodes.yaml --find network --such-that 'rollout_time < 30 s'\n"
        "rolloutsim solve scenarios/20nodes.yaml network --such-that 'rollout_time < 30 s' --case builder\n"
        "rolloutsim solve mine.yaml --find nodes --largest --such-that 'pull_time p95 < 2m' --between 10 2000\n"
        "rolloutsim solve mine.yaml --find rollout.max_unavailable --such-that 'rollout_time < 5m' --replications 30"
    ),
)
@click.argument("file", metavar="FILE")
@click.argument("key", metavar="[K]", required=False)
@click.option("--find", metavar="K", help="Path of the number that is looked for, as in --set.")
@click.option("--such-that", metavar="CONDITION", required=True, help="'rollout_time < 30 s', as in thresholds.")
@click.option(
    "--between",
    metavar="A B",
    nargs=2,
    help="The smallest and the largest value that come into question; by default as far as it takes.",
)
@click.option("--case", metavar="NAME", help="The only case that has to meet the condition; all by default.")
@click.option("--largest", is_flag=True, help="Find the largest value, not the smallest.")
@OVERLAYS
@VARIANT
@click.option("--set", "overrides", metavar="K=V", multiple=True, help="Change a value of the scenario; repeatable.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of all random numbers.")
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(1),
    help="How often each value is simulated; the condition must hold at the end of the 95 % interval (min and max, "
    "which have none, are compared as they are).",
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
    file: str,
    key: str | None,
    find: str | None,
    such_that: str,
    between: tuple[str, str] | None,
    case: str | None,
    largest: bool,
    overlays: tuple[str, ...],
    variant: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int,
    form: str,
) -> int:
    """Find the smallest value of a number in a scenario with which a condition holds, to 0.02 %; a count exactly.

    The bracket is found or checked, then bisected; numbers on both sides are tried as well, and if the outcome is
    not monotone, that is said. Everything that was tried is shown.

    Exit code 3 if no value that was tried will do.
    """
    if (find is None) == (key is None):
        raise click.UsageError("say once what to find: --find K, or K behind the file, for example 'network'")
    planning.jobs.check_jobs(jobs)
    draft = cli.scenarios.read(file, overrides, overlays, variant)
    with cli.progress.TriesProgress() as progress:
        solution = planning.solve.solve(
            draft, find or key or "", such_that, between or None, case, largest, seed, replications, jobs, progress
        )
    _show(solution, form)
    return ExitCode.THRESHOLD_MISSED if solution.status == "none" else ExitCode.OK


def _show(solution: Solution, form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(solution.to_dict(), indent=1, ensure_ascii=False, allow_nan=False))
    elif form == "md":
        click.echo(planning.solve.solution_markdown(solution), nl=False)
    else:
        solve = planning.solve
        notes = solve.solution_notes(solution)
        cli.page.show_table(solve.solution_title(solution), solve.solution_table(solution), notes)
