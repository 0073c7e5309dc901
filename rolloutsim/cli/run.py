"""`rolloutsim run`: simulate scenario files, show the results, check the thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim.cli import ExitCode, example

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.scenarios import File
    from rolloutsim.results.contract import Detail

FORMATS = ("table", "json", "csv", "md")
DETAILS = ("summary", "nodes", "full")


@click.command(
    short_help="Simulate, show the table, check the thresholds.",
    epilog=example(
        "rolloutsim run scenarios/20nodes.yaml\n"
        "rolloutsim run scenarios/20nodes.yaml --set 'network=10 Gbit/s' --set nodes=50\n"
        "rolloutsim run scenarios/20nodes.yaml --set 'images[\"golang:1.8-alpine\"]=200 MB' --format json\n"
        "rolloutsim run scenarios/*.yaml --format md -o results"
    ),
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--set", "overrides", metavar="K=V", multiple=True, help="Change a value of the scenario; repeatable.")
@click.option("--seed", metavar="N", type=click.IntRange(min=0), help="Seed of all random numbers.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
@click.option("-o", "--output", "folder", metavar="DIR", help="Write result.json, cases.csv and summary.md to DIR.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    help="How much the JSON holds; without it nodes and pulls up to 1,000 nodes.",
)
def command(
    files: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: int | None,
    form: str,
    folder: str | None,
    detail: Detail | None,
) -> int:
    """Simulate scenario files and show how long the rollout takes, what congests, and why.

    FILE may be '-' for the standard input. All files are checked before the first is simulated. With several
    files, -o writes into a folder a file below DIR.

    Exit code 3 if a threshold was missed, 5 if a rollout did not finish; results are shown and written first.
    """
    from rolloutsim.cli.scenarios import load_all
    from rolloutsim.errors import ScenarioError

    if detail is not None and form != "json" and folder is None:
        raise click.UsageError("--detail says how much JSON holds: add --format json, or -o DIR")
    if form == "csv" and len(files) > 1:
        raise click.UsageError("--format csv is for one file: its lines name cases, not scenarios; or use -o DIR")
    scenarios, diagnostics = load_all(files, overrides)
    if diagnostics:
        raise ScenarioError(diagnostics)
    folders = _folders(folder, scenarios)
    codes = [ExitCode.OK]
    for number, scenario in enumerate(scenarios):
        result = _simulate(scenario, seed)
        if folders:
            _write(result, folders[number], detail)
        _show(result, form, detail, first=number == 0)
        codes.append(_code(result))
    return max(codes)


def _folders(folder: str | None, scenarios: list[File]) -> list[Path]:
    """Make sure, before anything is simulated, that each result has a folder that can be written to."""
    from rolloutsim.cli.output import prepare_folder
    from rolloutsim.cli.scenarios import STDIN

    if folder is None:
        return []
    if len(scenarios) == 1:
        folders = [Path(folder)]
    else:
        folders = [Path(folder, "stdin" if s.name == STDIN else Path(s.name).stem) for s in scenarios]
        if len(set(folders)) < len(folders):
            raise click.UsageError(f"two files of the same name would share a folder in {folder}; run them one by one")
    for each in folders:
        prepare_folder(each)
    return folders


def _simulate(scenario: File, seed: int | None) -> Result:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.progress import Progress
    from rolloutsim.simulation import simulate

    with Progress() as progress:
        return Result(simulate(scenario.resolved, seed, progress))


def _write(result: Result, folder: Path, detail: Detail | None) -> None:
    from rolloutsim.cli.output import write_file

    write_file(folder / "result.json", result.to_json(detail))
    write_file(folder / "cases.csv", result.to_csv())
    write_file(folder / "summary.md", result.to_markdown())
    click.echo(f"wrote {folder}/result.json, {folder}/cases.csv and {folder}/summary.md", err=True)


def _show(result: Result, form: str, detail: Detail | None, first: bool) -> None:
    if form == "json":
        click.echo(result.to_json(detail), nl=False)
    elif form == "csv":
        click.echo(result.to_csv(), nl=False)
    elif form == "md":
        click.echo(("" if first else "\n") + result.to_markdown(), nl=False)
    else:
        from rolloutsim.cli.view import show
        from rolloutsim.planning.what_if import what_if

        show(result, what_if(result.scenario, result.run, summary=result.summary), first)


def _code(result: Result) -> ExitCode:
    from rolloutsim.results.thresholds import missed

    if not result.finished:
        return ExitCode.UNFINISHED
    return ExitCode.THRESHOLD_MISSED if missed(result.thresholds) else ExitCode.OK
