"""`rolloutsim init`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path

import click

from rolloutsim import cli, scenario
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import completes

_NAMES = scenario.template_names()
_WIDTH = max(map(len, _NAMES))
_LIST = "\b\nTemplates:\n" + "\n".join(f"  {name:<{_WIDTH}}  {scenario.template_title(name)}" for name in _NAMES)


@click.command(
    epilog=_LIST
    + "\n\n"
    + example(
        "rolloutsim init --template racks -o racks.yaml\n"
        "rolloutsim init --all scenarios\n"
        "rolloutsim init | rolloutsim run -"
    ),
)
@click.option(
    "--template",
    metavar="NAME",
    shell_complete=completes("templates"),
    help=f"Which scenario, of those listed below.  [default: {scenario.DEFAULT_TEMPLATE}]",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Write FILE instead of the standard output.",
)
@click.option(
    "--all",
    "folder",
    metavar="DIR",
    shell_complete=completes("folders"),
    help="Write each of them to DIR, as NAME.yaml.",
)
@click.option("--force", is_flag=True, help="Replace what exists.")
def command(template: str | None, output: str | None, folder: str | None, force: bool) -> int:
    """Print a commented scenario to start from."""
    if folder is not None:
        if template is not None or output is not None:
            raise click.UsageError("--all writes every template, each under its name: leave --template and -o out")
        _write_all(Path(folder), force)
        return ExitCode.OK
    text = scenario.template(scenario.DEFAULT_TEMPLATE if template is None else template)
    if output is None:
        click.echo(text, nl=False)
        return ExitCode.OK
    path = Path(output)
    if not force:
        cli.output.keep_what_exists(path)
    cli.output.write_file(path, text)
    cli.say(f"wrote {output}; {cli.output.run_it(output)}")
    return ExitCode.OK


def _write_all(folder: Path, force: bool) -> None:
    """Write all templates; none where one of them would take the place of a file."""
    paths = {name: folder / f"{name}.yaml" for name in _NAMES}
    if not force:
        for path in paths.values():
            cli.output.keep_what_exists(path)
    with cli.output.Folders("nothing was written; choose another folder") as made:
        made.prepare(folder, [path.name for path in paths.values()])
        for name, path in paths.items():
            cli.output.write_file(path, scenario.template(name))
    cli.say(f"wrote {len(paths)} scenarios to {folder}; {cli.output.run_it(str(paths[scenario.DEFAULT_TEMPLATE]))}")
