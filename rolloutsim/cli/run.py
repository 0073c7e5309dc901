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
RESULT_FILES = ("result.json", "cases.csv", "summary.md")


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
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of all random numbers.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
@click.option("-o", "--output", "folder", metavar="DIR", help="Write result.json, cases.csv and summary.md to DIR.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    help="How much the JSON holds; by default nodes and pulls up to 1,000 nodes, above that the summary.",
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
    files, -o writes into a folder a file below DIR; --format json and csv show one file only.

    Exit code 3 if a threshold was missed, 5 if a rollout did not finish; results are shown and written first.
    """
    from rolloutsim.cli.output import Folders
    from rolloutsim.cli.scenarios import load_all
    from rolloutsim.errors import ScenarioError

    if detail is not None and form != "json" and folder is None:
        raise click.UsageError("--detail says how much JSON holds: add --format json, or -o DIR")
    if form == "csv" and len(files) > 1:
        raise click.UsageError("--format csv is for one file: its lines name cases, not scenarios; or use -o DIR")
    if form == "json" and len(files) > 1:
        raise click.UsageError("--format json is for one file: several documents are no JSON; or use -o DIR")
    scenarios, diagnostics, unread = load_all(files, overrides)
    if unread is not None:
        if diagnostics:
            click.echo(str(ScenarioError(diagnostics)), err=True)
        raise unread
    if diagnostics:
        raise ScenarioError(diagnostics)
    codes = [ExitCode.OK]
    with Folders() as made:
        folders = _folders(folder, scenarios)
        for each in folders:
            made.prepare(each, RESULT_FILES)
        for number, scenario in enumerate(scenarios):
            result = _simulate(scenario, seed)
            if folders:
                _write(result, folders[number], detail)
            _show(result, form, detail, first=number == 0)
            codes.append(_code(result))
    return max(codes)


def _folders(folder: str | None, scenarios: list[File]) -> list[Path]:
    """A folder for each result."""
    from rolloutsim.cli.scenarios import STDIN

    if folder is None:
        return []
    if len(scenarios) == 1:
        return [Path(folder)]
    folders = [Path(folder, "stdin" if s.name == STDIN else Path(s.name).stem) for s in scenarios]
    if len(set(folders)) < len(folders):
        raise click.UsageError(f"two files of the same name would share a folder in {folder}; run them one by one")
    return folders


def _simulate(scenario: File, seed: int | None) -> Result:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.progress import Progress
    from rolloutsim.simulation import simulate

    with Progress() as progress:
        return Result(simulate(scenario.resolved, seed, progress))


def _write(result: Result, folder: Path, detail: Detail | None) -> None:
    from rolloutsim.cli.output import write_file

    texts = (result.to_json(detail), result.to_csv(), result.to_markdown())
    for name, text in zip(RESULT_FILES, texts, strict=True):
        write_file(folder / name, text)
    *most, last = (f"{folder}/{name}" for name in RESULT_FILES)
    click.echo(f"wrote {', '.join(most)} and {last}", err=True)


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
