"""`rolloutsim run`: simulate scenario files or their variants, show the results, check the thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolloutsim import api, cli, planning, results
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS_ALONE, WHAT_IF, completes, of_simulations
from rolloutsim.errors import ScenarioError

if TYPE_CHECKING:
    from rolloutsim.api.comparison import Comparison
    from rolloutsim.api.result import Result
    from rolloutsim.cli.scenarios import File
    from rolloutsim.planning.compare import Side
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.results.shown.junit import Checked

FORMATS = ("table", "json", "csv", "md", "junit", "github")
DETAILS = ("summary", "nodes", "full")
_WITH_CHANGES = ("table", "json")  # forms that show what would help


@click.command(
    epilog=example(
        "rolloutsim run scenarios/20nodes.yaml\n"
        "rolloutsim run scenarios/20nodes.yaml --set 'network=10 Gbit/s' --set nodes=50\n"
        "rolloutsim run scenarios/20nodes.yaml --set 'images[\"golang:1.8-alpine\"]=200 MB' --format json\n"
        "rolloutsim run scenarios/*.yaml --format md -o results\n"
        "rolloutsim run -f base.yaml -f prod.yaml\n"
        "rolloutsim run mine.yaml --variant cache    # one of the file's variants; all without\n"
        "rolloutsim run scenarios/*.yaml --format junit > thresholds.xml"
    ),
)
@click.argument("files", metavar="FILE…", shell_complete=completes("files"), nargs=-1)
@OVERLAYS_ALONE
@of_simulations
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    shell_complete=completes("folders"),
    help="Write report.html, result.json, cases.csv and summary.md to DIR, and records.npz for other commands.",
)
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    help="How much the JSON holds; by default nodes and pulls up to 1,000 nodes, above that the summary.",
)
@WHAT_IF
def command(
    files: tuple[str, ...],
    overlays: tuple[str, ...],
    variant: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int,
    form: str,
    folder: str | None,
    detail: Detail | None,
    thorough: bool,
) -> int:
    """Simulate scenario files and show how long the rollout takes, what congests, and why.

    FILE may be '-' for the standard input. All files are checked before the first is simulated. With several
    files, -o writes into a folder a file below DIR; --format json and csv show one file only. For CI, 'junit'
    shows the thresholds as JUnit XML, 'github' as annotations for GitHub Actions.

    A file with 'variants' is simulated once for each, with the same seeds (ten times where it is random and nobody
    says how often), and they are set side by side: differences to the first, verdicts, thresholds of each. -o
    writes a folder for each below DIR, and one report of all. --set wins over what a variant says.

    Where something is random, nobody says how often, and 9 more draws come to no more than 50,000 events (about a
    second), the means of 10 draws stand beside the first one, which all else is about; --replications 1 turns that off.

    Exit code 3 if a threshold was missed, 5 if a rollout did not finish; results are shown and written first.
    """
    planning.jobs.check_jobs(jobs)
    if folder == "":
        raise click.UsageError("-o is empty: name a folder, for example results, or . for this one")
    if detail is not None and form != "json" and folder is None:
        raise click.UsageError("--detail says how much JSON holds: add --format json, or -o DIR")
    if thorough and form not in _WITH_CHANGES and folder is None:
        raise click.UsageError("--what-if is shown by --format table and json, and written with -o DIR")
    if form == "csv" and len(files) > 1:
        raise click.UsageError("--format csv is for one file: its lines name cases, not scenarios; or use -o DIR")
    if form == "json" and len(files) > 1:
        raise click.UsageError("--format json is for one file: several documents are no JSON; or use -o DIR")
    files, overlays = cli.options.with_base(files, overlays)
    try:
        scenarios = cli.scenarios.load_valid(files, overrides, overlays, variant)
    except ScenarioError as error:
        if form == "github":
            for diagnostic in error.diagnostics:
                click.echo(results.shown.annotations.of_diagnostic(diagnostic))
        raise
    codes = [ExitCode.OK]
    gates: list[Checked] = []
    with _folders(folder, scenarios) as folders:
        for number, scenario in enumerate(scenarios):
            if scenario.draft.variants:
                into = folders[number] if folders else None
                comparison, tried = _compared(scenario, seed, replications, jobs, into, detail, thorough)
                if form in ("junit", "github"):
                    several = [api.result.Result(side.outcome) for side in comparison.sides]
                    gates += [cli.gates.checked(one, scenario.name) for one in several]
                    _show_gates(gates, len(several), form, number + 1 == len(scenarios))
                else:
                    _show_variants(comparison, tried if thorough else {}, form, detail, first=number == 0)
                codes.append(_code_of(comparison))
                continue
            result = cli.simulations.simulate(scenario, seed, replications, jobs)
            try:
                changes = cli.simulations.tried(result, bool(folders) or form in _WITH_CHANGES, thorough, jobs)
            except KeyboardInterrupt:
                if folders:  # the simulation itself was finished
                    _save(result, folders[number], detail, cli.simulations.tried(result, False, False, jobs))
                raise
            if folders:
                _save(
                    result, folders[number], detail, changes, cli.simulations.inputs(result, jobs) if thorough else None
                )
            if form in ("junit", "github"):
                gates.append(cli.gates.checked(result, scenario.name))
                _show_gates(gates, 1, form, number + 1 == len(scenarios))
            else:
                _show(result, changes, form, detail, first=number == 0)
            codes.append(_code(result))
    return max(codes)


@contextmanager
def _folders(folder: str | None, scenarios: list[File]) -> Iterator[list[Path]]:
    """A folder for each result, made and tried; none if nothing is to be written."""
    if folder is None:
        yield []
        return
    folders = [Path(folder)]
    if len(scenarios) > 1:
        folders = [Path(folder, "stdin" if s.name == cli.scenarios.STDIN else Path(s.name).stem) for s in scenarios]
    if len(set(folders)) < len(folders):
        raise click.UsageError(f"two files of the same name would share a folder in {folder}; run them one by one")
    with cli.output.Folders() as made:
        for each, scenario in zip(folders, scenarios, strict=True):
            several = scenario.draft.beside
            made.prepare(each, results.files.COMPARISON_FILES if several else results.files.RESULT_FILES)
            for name in several:
                made.prepare(each / name, results.files.RESULT_FILES)
        yield folders


def _compared(
    scenario: File,
    seed: int | None,
    replications: int | None,
    jobs: int,
    folder: Path | None,
    detail: Detail | None,
    thorough: bool,
) -> tuple[Comparison, dict[str, WhatIfs]]:
    """The variants of a file side by side, written to a folder if there is one; and what would help each."""
    done: list[Side] = []
    resolved = scenario.draft.side_by_side()
    try:
        with cli.progress.Progress() as progress:
            comparison = api.comparison.of_variants(resolved, seed, replications, jobs, progress, on_done=done.append)
        several = {side.name: api.result.Result(side.outcome) for side in comparison.sides}
        changes = {
            name: cli.simulations.tried(one, folder is not None or thorough, thorough, jobs)
            for name, one in several.items()
        }
        inputs = (
            {name: cli.simulations.inputs(one, jobs) for name, one in several.items()} if thorough and folder else None
        )
    except KeyboardInterrupt:
        _keep(done, list(resolved), folder, detail)
        raise
    if folder is not None:
        comparison.save(folder, detail, changes, inputs)
        *most, last = (f"{folder}/{name}" for name in results.files.COMPARISON_FILES)
        cli.say(f"wrote {', '.join(most)} and {last}, and a folder for each of {', '.join(several)}")
    return comparison, changes


def _keep(done: list[Side], names: list[str], folder: Path | None, detail: Detail | None) -> None:
    """After an interruption, write the results of the variants that are simulated, and say which these are."""
    finished = [side.name for side in done]
    said = f"{len(finished)} of {len(names)} variants are simulated{': ' if finished else ''}{', '.join(finished)}"
    if folder is None:
        cli.say(f"{said}; nothing is kept without -o DIR")
        return
    if done:
        results.files.forget_result(folder, {})  # of another run, whose folders are written now
    for side in done:
        api.result.Result(side.outcome).save(folder / side.name, detail, planning.tried.WhatIfs(), with_report=False)
    kept = f"; each has its folder in {folder}, and 'rolloutsim compare' takes these" if finished else ""
    cli.say(f"{said}{kept}")


def _show_variants(
    comparison: Comparison, changes: Mapping[str, WhatIfs], form: str, detail: Detail | None, first: bool
) -> None:
    if form == "json":
        each = [_document(side, changes.get(side.name), detail) for side in comparison.sides]
        click.echo(results.document.to_text(comparison.to_dict() | {"results": each}), nl=False)
    elif form == "csv":
        click.echo(comparison.to_csv(), nl=False)
    elif form == "md":
        click.echo(("" if first else "\n") + comparison.to_markdown(), nl=False)
    else:
        cli.view.show_comparison(comparison, first, changes)


def _document(side: Side, changes: WhatIfs | None, detail: Detail | None) -> dict[str, Any]:
    """The JSON contract of a variant, with what was tried."""
    return side.outcome.to_dict(detail) | (
        {"what_if": changes.to_rows()} if changes is not None and changes.tried else {}
    )


def _show_gates(gates: list[Checked], new: int, form: str, last: bool) -> None:
    """The checked thresholds of the last results: line by line, or all together at the end."""
    if form == "github":
        for one in gates[-new:]:
            cli.gates.annotate(one)
    elif last:
        cli.gates.print_junit(gates)


def _code_of(comparison: Comparison) -> ExitCode:
    if not comparison.finished:
        return ExitCode.UNFINISHED
    return ExitCode.THRESHOLD_MISSED if comparison.missed else ExitCode.OK


def _save(
    result: Result, folder: Path, detail: Detail | None, changes: WhatIfs, inputs: Sensitivity | None = None
) -> None:
    result.save(folder, detail, changes, inputs)
    *most, last = (f"{folder}/{name}" for name in results.files.RESULT_FILES)
    cli.say(f"wrote {', '.join(most)} and {last}")


def _show(result: Result, changes: WhatIfs, form: str, detail: Detail | None, first: bool) -> None:
    if form == "json":
        click.echo(result.to_json(detail, changes), nl=False)
    elif form == "csv":
        click.echo(result.to_csv(), nl=False)
    elif form == "md":
        click.echo(("" if first else "\n") + result.to_markdown(), nl=False)
    else:
        cli.view.show(result, changes, first)


def _code(result: Result) -> ExitCode:
    if not result.finished:
        return ExitCode.UNFINISHED
    return ExitCode.THRESHOLD_MISSED if results.thresholds.missed(result.thresholds) else ExitCode.OK
