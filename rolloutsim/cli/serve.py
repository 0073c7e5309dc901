"""`rolloutsim serve`: a page in the browser that answers while one plays."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path

import click

from rolloutsim import cli, serve
from rolloutsim.cli import ExitCode, example
from rolloutsim.errors import UsageError

_NEEDED = ("starlette", "uvicorn")


@click.command(
    epilog=example(
        "rolloutsim serve scenarios/20nodes.yaml\n"
        "rolloutsim serve --open    # a template to play with, and the scenarios of this folder"
    ),
)
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    help="Where it listens, on 127.0.0.1 only.  [default: 8765, or a free one]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(file: str | None, port: int | None, opens: bool) -> int:
    """Serve a page in which one changes a scenario and sees at once what comes of it.

    It shows FILE, or a template, and reads and writes scenarios in FILE's folder, or the working directory, and nowhere
    else. Who has the address can do that: it has a token in it, which is a new one each time. Ctrl-C ends it.

    It needs an extra: pip install 'rolloutsim[serve]'.
    """
    if not all(map(find_spec, _NEEDED)):
        raise UsageError("serve needs two more packages; pip install 'rolloutsim[serve]'")
    folder = serve.files.Folder.of(Path.cwd() if file is None else Path(file).parent)
    name = None
    if file is not None:
        name = folder.name_of(folder.inside(Path(file).name))
        folder.read(name)
    listening = serve.server.listen(port)

    def ready(address: str) -> None:
        click.echo(address)
        cli.say("open it in a browser; Ctrl-C ends it")
        if opens:
            import webbrowser

            webbrowser.open(address)

    ended = serve.server.serve(folder, name, listening, ready)
    return ExitCode.OK if ended in (0, signal.SIGINT) else 128 + ended
