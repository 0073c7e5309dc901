"""`rolloutsim import`: a scenario of what people have: manifests, nodes, workloads."""

from __future__ import annotations

from pathlib import Path

import click

from rolloutsim import cli, imports
from rolloutsim.cli import ExitCode, example

_MOST_SHOWN = 12  # of what was assumed (assumed: nobody reads more; all of it stands in the scenario)


@click.command(
    epilog=example(
        "kubectl get nodes -o json > nodes.json\n"
        "kubectl get deployments,daemonsets -A -o json > workloads.json\n"
        "rolloutsim import nodes.json workloads.json -o mine.yaml\n"
        "crane manifest quay.io/team/api:1.2 | rolloutsim import quay.io/team/api:1.2=-"
    ),
)
@click.argument("what", metavar="WHAT…", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Write FILE instead of the standard output.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--platform", metavar="OS/ARCH", default="linux/amd64", show_default=True, help="Of images for several platforms."
)
def command(what: tuple[str, ...], output: str | None, force: bool, platform: str) -> int:
    """Make a scenario of files that people have, each value with where it is from.

    WHAT is a file, a folder, or '-' for the standard input, of JSON, YAML or TOML: manifests of images as crane,
    skopeo and docker print them, nodes and workloads as kubectl and helm do, ImagePullJobs, and configurations of the
    kubelet, containerd (config.toml, hosts.toml) and the SOCI snapshotter.
    NAME=FILE says which image a manifest is of. What nothing tells is assumed, and listed with the command that
    would find it out. Exit code 6 if a file is none of these.
    """
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    made = imports.imported(what, platform)
    if output is None:
        click.echo(made.text, nl=False)
    else:
        cli.output.write_file(Path(output), made.text)
        click.echo(f"wrote {output}: {made.summary}; run it: rolloutsim run {output}", err=True)
    for note in made.notes[:_MOST_SHOWN]:
        click.echo(f"note: {note}", err=True)
    if len(made.notes) > _MOST_SHOWN:
        click.echo(f"note: and {len(made.notes) - _MOST_SHOWN} more of this kind", err=True)
    click.echo("Assumed, the most important first, and what would tell:", err=True)
    for one in made.assumed[:_MOST_SHOWN]:
        click.echo(f"  {one.key}: {one.value} ({one.why})\n      {one.command}", err=True)
    if len(made.assumed) > _MOST_SHOWN:
        click.echo(
            f"  and {len(made.assumed) - _MOST_SHOWN} more; in the scenario '# assumed' stands behind each", err=True
        )
    return ExitCode.OK
