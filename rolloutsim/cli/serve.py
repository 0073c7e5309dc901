"""`rolloutsim serve`: a page in the browser that answers while one plays."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import click

from rolloutsim import cli, serve
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import completes
from rolloutsim.errors import UsageError

_NEEDED = ("starlette", "uvicorn")


@click.command(
    epilog=example(
        "rolloutsim serve scenarios/20nodes.yaml\n"
        "rolloutsim serve --open    # a template to play with, and the scenarios of this folder"
    ),
)
@click.argument("file", metavar="[FILE]", shell_complete=completes("files"), required=False)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    help="Where it listens, on 127.0.0.1 only.  [default: 8765, or a free one]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(file: str | None, port: int | None, opens: bool) -> int:
    """Serve a page in which one changes a scenario and sees at once what comes of it.

    It shows FILE, or a template, and reads and writes in FILE's folder and nowhere else; without FILE that is the
    working directory, and FILE may be a folder. Who has the address can do that: it has a token in it, which is a new
    one each time. Ctrl-C ends it.

    It needs an extra: pip install 'rolloutsim[serve]'.
    """
    if not all(map(find_spec, _NEEDED)):
        raise UsageError("serve needs two more packages; pip install 'rolloutsim[serve]'")
    given = Path(os.path.realpath(file or "."))  # of a link what it leads to, and that one's folder
    if not given.exists():
        raise UsageError(f"'{file}' cannot be read: no such file or directory")
    folder = serve.files.Folder.of(given if given.is_dir() else given.parent)
    name = None if given.is_dir() else folder.name_of(folder.inside(given.name))
    if name is not None:
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
