"""`rolloutsim import`: a scenario of what people have: manifests, nodes, workloads."""

from __future__ import annotations

import stat
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import cli, imports
from rolloutsim.cli import ExitCode, example
from rolloutsim.errors import UsageError
from rolloutsim.scenario.loading import read_text

if TYPE_CHECKING:
    from rolloutsim.imports.drafts.assumed import Assumed

_MOST_SHOWN = 12  # of what was assumed (assumed: nobody reads more; all of it stands in the scenario)


@click.command(
    epilog=example(
        "kubectl get nodes -o json > nodes.json\n"
        "kubectl get deployments,daemonsets,pods -A -o json > workloads.json\n"
        "rolloutsim import nodes.json workloads.json -o mine.yaml\n"
        "crane manifest quay.io/team/api:1.2 | rolloutsim import quay.io/team/api:1.2=- --into mine.yaml\n"
        "docker save team/api:1.2 | rolloutsim import -"
    ),
)
@click.argument("what", metavar="WHAT…", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Write FILE instead of the standard output.")
@click.option("--into", metavar="FILE", help="Merge it into the scenario FILE: only what WHAT knows is replaced.")
@click.option(
    "--group",
    "groups",
    metavar="[NAME=]GROUP",
    multiple=True,
    help="With --into: the group of FILE that the nodes NAME are, or all of them. Repeatable.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--platform", metavar="OS/ARCH", default="linux/amd64", show_default=True, help="Of images for several platforms."
)
def command(
    what: tuple[str, ...],
    output: str | None,
    into: str | None,
    groups: tuple[str, ...],
    force: bool,
    platform: str,
) -> int:
    """Make a scenario of files that people have, each value with where it is from.

    WHAT is a file, a folder, or '-' for the standard input, of JSON or YAML: manifests of images as crane, skopeo
    and docker print them, nodes and workloads as kubectl and helm do, ImagePullJobs, and kubelet configurations.
    Images may also be archives (docker save, skopeo, podman, crane; tar or tar.gz) and folders with an OCI layout, or
    their sizes as docker history, docker image inspect, docker images --format json and crictl images -o json tell
    them. NAME=FILE says which image a manifest or archive is of. What nothing tells is assumed, and listed
    with the command that would find it out. Exit code 6 if a file is none of these.

    With --into, FILE keeps all that WHAT does not tell, comments and style included; what is assumed replaces nothing.
    """
    if into is not None:
        if output is not None or force:
            raise click.UsageError("--into changes its FILE in place; leave out -o and --force.")
        return _merge(what, into, groups, platform)
    if groups:
        raise click.UsageError("--group goes with --into: it names groups of that scenario.")
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    made = imports.imported(what, platform)
    if output is None:
        click.echo(made.text, nl=False)
    else:
        cli.output.write_file(Path(output), made.text)
        click.echo(f"wrote {output}: {made.summary}; run it: rolloutsim run {output}", err=True)
    _talk(made.notes, made.assumed)
    return ExitCode.OK


def _merge(what: Sequence[str], into: str, groups: Sequence[str], platform: str) -> int:
    """Merge into a scenario, and say what is different."""
    path = Path(into)
    text = _text(path)
    made = imports.merged(what, text, into, platform, groups)
    if made.text == text:
        click.echo(f"{into}: nothing to change; it says already what was given", err=True)
    else:
        _replace(path, made.text)
        for change in made.changes:
            click.echo(change)
        count = len(made.changes)
        click.echo(f"changed {into}: {count} value{'' if count == 1 else 's'}; run it: rolloutsim run {into}", err=True)
    _talk(made.notes, made.assumed)
    return ExitCode.OK


def _text(path: Path) -> str:
    """A scenario's text with its byte order mark, where it has one."""
    if str(path) == "-":
        raise UsageError("--into -: the standard input cannot be changed in place; name a file")
    text, _ = read_text(path)
    with path.open("rb") as file:
        return ("\ufeff" if file.read(len(BOM_UTF8)) == BOM_UTF8 else "") + text


def _replace(path: Path, text: str) -> None:
    """Put a text in a file's place; what links to it stays, and who may read it."""
    real = path.resolve()
    mode = stat.S_IMODE(real.stat().st_mode)
    cli.output.write_file(real, text)
    real.chmod(mode)


def _talk(notes: Sequence[str], assumed: Sequence[Assumed]) -> None:
    """Say what was taken for what, and what was assumed."""
    for note in notes[:_MOST_SHOWN]:
        click.echo(f"note: {note}", err=True)
    if len(notes) > _MOST_SHOWN:
        click.echo(f"note: and {len(notes) - _MOST_SHOWN} more of this kind", err=True)
    if assumed:
        click.echo("Assumed, the most important first, and what would tell:", err=True)
    for one in assumed[:_MOST_SHOWN]:
        click.echo(f"  {one.key}: {one.value} ({one.why})\n      {one.command}", err=True)
    if len(assumed) > _MOST_SHOWN:
        click.echo(f"  and {len(assumed) - _MOST_SHOWN} more; in the scenario '# assumed' stands behind each", err=True)
