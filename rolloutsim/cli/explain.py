"""`rolloutsim explain`: what a key or a metric means; or, of a result, why it lasted so long and what would help."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rolloutsim import api, cli, planning, results, scenario
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS, VARIANT, completes
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.planning.trials import Start

_ENDINGS = (".yaml", ".yml", ".npz", ".json")  # no key of the format ends so
_STDIN = "-"


@click.command(
    epilog=example(
        "rolloutsim explain network.latency\n"
        "rolloutsim explain thresholds\n"
        "rolloutsim explain --all > keys.md\n"
        "rolloutsim run scenarios/20nodes.yaml -o results && rolloutsim explain results\n"
        "rolloutsim explain scenarios/20nodes.yaml --case golang:1.8-alpine --sensitivity"
    ),
)
@click.argument("what", metavar="KEY|RESULT|FILE", shell_complete=completes("explained"), required=False)
@click.option("--all", "everything", is_flag=True, help="Every key of a scenario, as a reference in Markdown.")
@OVERLAYS
@VARIANT
@click.option(
    "--case",
    metavar="NAME",
    shell_complete=completes("cases"),
    help="The case to look at; by default the slowest, or that of a target which is missed.",
)
@click.option(
    "--sensitivity", is_flag=True, help="How the rollout time changes with each input, 10% less and 10% more of it."
)
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="What is shown."
)
@click.option(
    "--jobs",
    metavar="N",
    type=int,
    default=-1,
    show_default=True,
    help="Processes; -1: one a core; fewer where all together would take more than 600 MB.",
)
@click.option(
    "--budget",
    metavar="TIME",
    callback=cli.options.time_of,
    help="Computing time on one core, and time on the clock, the simulation and all changes together.  "
    "[default: 60 s; with --sensitivity 2m]",
)
@click.pass_context
def command(
    context: click.Context,
    what: str | None,
    everything: bool,
    overlays: tuple[str, ...],
    variant: str,
    case: str | None,
    sensitivity: bool,
    form: str,
    jobs: int,
    budget: float | None,
) -> int:
    """Show what a KEY of a scenario file means: type, unit, default, the default's source, an example. A metric of its
    thresholds and a cause that time goes to are explained, too: 'explain thresholds' and 'explain causes' list all;
    --all is a reference of all keys.

    Of a RESULT (a folder written by `run -o`, or a file in it), or a scenario FILE, which is simulated first: why the
    rollout took as long as it did, cause by cause, and what would make it faster. Each change is simulated, alone,
    and shown with the --set that makes it.
    """
    if everything:
        _refuse_options(context, "--all")
        if what is not None:
            raise click.UsageError(f"--all is about every key, and '{what}' about one; leave one of them out")
        click.echo(scenario.key_reference(), nl=False)
        return ExitCode.OK
    if what is None:
        raise click.UsageError("say what to explain: a key, a result or a scenario file; --all is all keys")
    if not _is_file(what):
        _refuse_options(context, what)
        click.echo(scenario.explain(what))
        return ExitCode.OK
    planning.jobs.check_jobs(jobs)
    since = planning.trials.Start.now()
    result = _result(what, overlays, variant)
    case = _checked(result, case, sensitivity)
    if sensitivity:
        _sensitivity(result, case, form, jobs, 2 * planning.what_if.BUDGET if budget is None else budget, since)
    else:
        _reasons(result, case, form, jobs, planning.what_if.BUDGET if budget is None else budget, since)
    return ExitCode.OK if result.finished else ExitCode.UNFINISHED


def _refuse_options(context: click.Context, what: str) -> None:
    """A key takes no options, and neither do all of them."""
    about = "keys have none" if what == "--all" else f"'{what}' is a key"
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if isinstance(parameter, click.Option) and source is ParameterSource.COMMANDLINE and parameter.opts != [what]:
            raise click.UsageError(f"{parameter.opts[0]} is for a result or a scenario file, and {about}")


def _is_file(what: str) -> bool:
    """Whether a scenario or a result is meant, and not a key."""
    return what == _STDIN or what.endswith(_ENDINGS) or "/" in what or os.path.exists(what)


def _result(what: str, overlays: Sequence[str], variant: str) -> Result:
    """A result that was written, or that of a scenario file, simulated now."""
    if what != _STDIN and results.store.is_result(what):
        if overlays or variant:
            raise UsageError(f"'{what}' is a result, which is of one scenario: leave -f and --variant out")
        return api.result.read(what)
    resolved = cli.scenarios.load_file(what, (), overlays, variant).resolved
    with cli.progress.Progress() as progress:
        return api.result.simulated(resolved, progress=progress)


def _checked(result: Result, case: str | None, sensitivity: bool) -> str:
    """The case that is looked at."""
    if case is None:
        slowest = result.summary.slowest.case
        return slowest if sensitivity else planning.targets.judged_case(result.outcome)
    if case not in result.cases:
        raise UsageError(f"--case {case}: no case is named so; cases: {', '.join(result.cases)}")
    return case


def _reasons(result: Result, case: str, form: str, jobs: int, budget: float, since: Start) -> None:
    plan = planning.what_if.Plan.of(result.outcome, case, budget)
    with cli.progress.TrialsProgress("what-if") as progress:
        changes = plan.carry_out(jobs, progress, since)
    if form == "json":
        document = _head(result, "explain", case) | _why(result, case) | changes.to_document()
        click.echo(results.document.to_text(document), nl=False)
    else:
        cli.reasons.show_reasons(result, case, changes)


def _sensitivity(result: Result, case: str, form: str, jobs: int, budget: float, since: Start) -> None:
    plan = planning.sensitivity.Plan.of(result.outcome, case, budget)
    with cli.progress.TrialsProgress("sensitivity") as progress:
        found = plan.carry_out(jobs, progress, since)
    if form == "json":
        document = _head(result, "sensitivity", case) | found.to_document()
        click.echo(results.document.to_text(document), nl=False)
    else:
        cli.reasons.show_sensitivity(result, case, found)


def _head(result: Result, what: str, case: str) -> dict[str, Any]:
    return {
        "schema": f"rolloutsim.{what}/1",
        "version": result.run.provenance.get("rolloutsim"),
        "scenario": {"name": result.scenario.name, "sha256": result.scenario.sha256},
        "seed": result.run.seed,
        "case": case,
    }


def _why(result: Result, case: str) -> dict[str, Any]:
    from dataclasses import asdict

    records, figures = result.outcome.records(case), result.outcome.first.cases[case]
    return {
        "rollout_time_s": figures.rollout_time_s,
        "why": [asdict(cause) for cause in results.why.critical.causes(records, figures)],
    }
