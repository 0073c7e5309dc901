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
        "crane manifest quay.io/team/api:1.2 | rolloutsim import quay.io/team/api:1.2=-\n"
        "rolloutsim import registry.example/team/api:1.2 docker://nginx:1.27 workloads.json -o mine.yaml"
    ),
)
@click.argument("what", metavar="WHAT…", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Write FILE instead of the standard output.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--platform", metavar="OS/ARCH", default="linux/amd64", show_default=True, help="Of images for several platforms."
)
@click.option(
    "--credentials",
    type=click.Choice(imports.CREDENTIALS),
    default="none",
    show_default=True,
    help="For registries: 'docker' takes the entry of that host from docker's config.json, 'helper' runs the "
    "credential helper that it names, 'env' takes ROLLOUTSIM_REGISTRY_USER and ROLLOUTSIM_REGISTRY_PASSWORD.",
)
@click.option(
    "--allow-realm", "realms", metavar="HOST", multiple=True,
    help="A host that may be asked for tokens, and sent the login, beside a registry's own. Repeatable.",
)  # fmt: skip
@click.option(
    "--allow-redirect", "redirects", metavar="HOST", multiple=True,
    help="A host without a public address to which a registry may send on. Repeatable.",
)  # fmt: skip
@click.option(
    "--plain-http", metavar="HOST", multiple=True, help="A host that is asked without TLS: localhost:5000. Repeatable."
)
def command(
    what: tuple[str, ...],
    output: str | None,
    force: bool,
    platform: str,
    credentials: str,
    realms: tuple[str, ...],
    redirects: tuple[str, ...],
    plain_http: tuple[str, ...],
) -> int:
    """Make a scenario of files that people have, each value with where it is from.

    WHAT is a file, a folder, or '-' for the standard input, of JSON or YAML: manifests of images as crane, skopeo
    and docker print them, nodes and workloads as kubectl and helm do, ImagePullJobs, and kubelet configurations.
    NAME=FILE says which image a manifest is of. What nothing tells is assumed, and listed with the command that
    would find it out. Exit code 6 if a file is none of these, or a registry does not answer as it should.

    WHAT is also an image: HOST/REPOSITORY:TAG, or docker://IMAGE. Its registry is asked for the image's manifest (and a
    token for it, and its configuration), never for layers; no file that is imported makes rolloutsim ask anyone.
    """
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    allowed = imports.Allowed(plain_http, realms, redirects, credentials)
    made = imports.imported(what, platform, allowed)
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
