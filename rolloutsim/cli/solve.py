"""`rolloutsim solve`: the smallest or largest value with which a condition holds, or the cheapest of several keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from rolloutsim import cli, planning
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS, SEED, SET, VARIANT, completes

if TYPE_CHECKING:
    from rolloutsim.planning.solve import Solution
    from rolloutsim.scenario.loading import Draft

FORMATS = ("table", "json", "md")
_SPEEDS = "1, 2.5, 10, 25, 40, 100 and 400"


@click.command(
    epilog=example(
        "rolloutsim solve scenarios/20nodes.yaml --find network --such-that 'rollout_time < 30 s'\n"
        "rolloutsim solve scenarios/20nodes.yaml network --such-that 'rollout_time < 30 s' --case builder\n"
        "rolloutsim solve mine.yaml --find nodes --largest --such-that 'pull_time p95 < 2m' --between 10 2000\n"
        "rolloutsim solve mine.yaml --find rollout.max_unavailable --such-that 'rollout_time < 5m' --replications 30\n"
        "rolloutsim solve mine.yaml registry.uplink --standard --such-that 'pull_time p95 < 20 s'\n"
        "rolloutsim solve mine.yaml --price 'network=10 Gbit/s=4000' --price 'network=25 Gbit/s=9000' \\\n"
        "  --price 'registry.uplink=10 Gbit/s=1500' --price nodes=40=20000    # the cheapest that meets all thresholds"
    ),
)
@click.argument("file", metavar="FILE", shell_complete=completes("files"))
@click.argument("key", metavar="[K]", shell_complete=completes("keys"), required=False)
@click.option(
    "--find", metavar="K", shell_complete=completes("keys"), help="Path of the number that is looked for, as in --set."
)
@click.option(
    "--such-that",
    "conditions",
    metavar="CONDITION",
    shell_complete=completes("metrics"),
    multiple=True,
    help="'rollout_time < 30 s', as in thresholds. With --price repeatable; without it all thresholds of the file.",
)
@click.option(
    "--standard",
    is_flag=True,
    help=f"Find only what can be bought: of links {_SPEEDS} Gbit/s, all of which are tried; whole percentages.",
)
@click.option(
    "--price",
    "prices",
    metavar="K=V=PRICE",
    shell_complete=completes("varied"),
    multiple=True,
    help="A value that can be bought for a key, as in --set, and what it costs in all: 'network=10 Gbit/s=4000'. What "
    "the file has comes into question as well, for nothing unless it has a price. Repeatable, for several values and "
    "keys; 'variants=NAME=PRICE' prices a variant.",
)
@click.option(
    "--tries",
    metavar="N",
    type=click.IntRange(1),
    help="With --price: how many combinations are simulated at most, cheapest first; 1,000 by default.",
)
@click.option(
    "--between",
    metavar="A B",
    nargs=2,
    help="The smallest and the largest value that come into question; by default as far as it takes.",
)
@click.option(
    "--case",
    metavar="NAME",
    shell_complete=completes("cases"),
    help="The only case that has to meet the condition; all by default.",
)
@click.option("--largest", is_flag=True, help="Find the largest value, not the smallest.")
@OVERLAYS
@VARIANT
@SET
@SEED
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
    help="Processes; -1: one a core. For the replications, 1 by default; with --price for all runs, -1 by default.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
def command(
    file: str,
    key: str | None,
    find: str | None,
    conditions: tuple[str, ...],
    standard: bool,
    prices: tuple[str, ...],
    tries: int | None,
    between: tuple[str, str] | None,
    case: str | None,
    largest: bool,
    overlays: tuple[str, ...],
    variant: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int | None,
    form: str,
) -> int:
    """Find the smallest value of a number in a scenario with which a condition holds, to 0.02 %; a count exactly.

    The bracket is found or checked, then bisected; numbers on both sides are tried as well, and if the outcome is
    not monotone, that is said. Everything that was tried is shown. Shares of pods are whole percentages; --standard
    keeps to what can be bought.

    With --price, several keys: find the cheapest combination with which all thresholds hold. Each is a simulation,
    cheapest first, until one will do and all others of its price are tried; the rest costs more, so that nothing
    is assumed of it. Several combinations that will do at one price are all named.

    Exit code 3 if no value or combination that was tried will do.
    """
    planning.jobs.check_jobs(1 if jobs is None else jobs)
    if prices:
        _refuse({"--find": find or key, "--between": between, "--case": case, "--largest": largest,
                 "--standard": standard}, "--price says what comes into question")  # fmt: skip
        draft = cli.scenarios.read(file, overrides, overlays, variant)
        return _buy(draft, prices, conditions, tries, seed, replications, -1 if jobs is None else jobs, form)
    if (find is None) == (key is None):
        raise click.UsageError(
            "say once what to find: --find K, or K behind the file, for example 'network'; or several with --price"
        )
    if len(conditions) != 1:
        raise click.UsageError("--find takes one --such-that CONDITION, for example 'rollout_time < 30 s'")
    _refuse({"--tries": tries}, "a search for one value ends by itself")
    draft = cli.scenarios.read(file, overrides, overlays, variant)
    (such_that,) = conditions
    with cli.progress.TriesProgress() as progress:
        solution = planning.solve.solve(
            draft, find or key or "", such_that, between or None, case, largest, seed, replications, jobs or 1,
            progress, standard,
        )  # fmt: skip
    _show(solution, form)
    return ExitCode.THRESHOLD_MISSED if solution.status == "none" else ExitCode.OK


def _refuse(given: Mapping[str, object], because: str) -> None:
    if found := [option for option, value in given.items() if value]:
        raise click.UsageError(f"{found[0]}: {because}; leave it out")


def _buy(
    draft: Draft,
    prices: Sequence[str],
    conditions: Sequence[str],
    tries: int | None,
    seed: int | None,
    replications: int | None,
    jobs: int,
    form: str,
) -> int:
    """Find and show the cheapest combination."""
    cheapest, tables = planning.cheapest, planning.cheapest_tables
    who = planning.sweep.workers.workers(jobs)
    with cli.progress.RunsProgress("solve") as progress:
        found = cheapest.cheapest(
            draft, cheapest.offers_of(prices), conditions, tries or cheapest.TRIES, seed, replications, who, progress
        )
    if form == "json":
        _print(found.to_dict())
    elif form == "md":
        click.echo(tables.purchase_markdown(found), nl=False)
    else:
        title, notes = tables.purchase_title(found), tables.purchase_notes(found)
        cli.page.show_table(title, tables.purchase_table(found), notes)
    return ExitCode.THRESHOLD_MISSED if found.best is None else ExitCode.OK


def _print(document: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))


def _show(solution: Solution, form: str) -> None:
    if form == "json":
        _print(solution.to_dict())
    elif form == "md":
        click.echo(planning.solve.solution_markdown(solution), nl=False)
    else:
        solve = planning.solve
        notes = solve.solution_notes(solution)
        cli.page.show_table(solve.solution_title(solution), solve.solution_table(solution), notes)
