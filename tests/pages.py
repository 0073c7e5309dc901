"""What README.md, CONTRIBUTING.md and the pages of docs/ show; `python -m tests.pages [PAGE…]` writes outputs anew.

A page is a story: its blocks happen from top to bottom, in a folder of the page's own in which `scenarios` and `tests`
are those of the repository.

================  ======================================================================================================
block             what happens
================  ======================================================================================================
`console`         what stands behind `$` is run, and the rest of the block is what a terminal shows then
`sh`              each line is run, and has to succeed, or to miss a threshold
`yaml`            a scenario, which is simulated; one that begins with `# FILE` becomes that file, for what follows
`python`          is executed; names last to the end of the page
`text`            right behind a `python` block: what that printed
================  ======================================================================================================
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import yaml

import rolloutsim
from rolloutsim.cli import main
from rolloutsim.report.images import svg
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.colours import GRID, INK, MUTED, PAPER
from tests.forks import PROGRAM, Forks

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent
PICTURES = DOCS / "pictures"
CLUSTER = ROOT / "tests" / "data" / "imports" / "cluster"
# Plain text; and no more processes: starting one takes longer than what these sweeps simulate.
ENVIRONMENT = {"NO_COLOR": "1", "LOKY_MAX_CPU_COUNT": "1"}
MISSED = 3  # the exit code of a run that misses a threshold

BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Ink and paper of a page in dark mode (those of the reports' style sheet), by those that figures have.
_DARK = {INK: "#e6edf3", MUTED: "#9198a1", GRID: "#3d444d", PAPER: "#0d1117"}


def pages() -> tuple[Path, ...]:
    """README.md, CONTRIBUTING.md, and the site's pages."""
    inside = (path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
    return (README, ROOT / "CONTRIBUTING.md", *sorted(inside))


def name_of(page: Path) -> str:
    """A page as one names it in the repository."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """The blocks of some languages, in order."""
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match[1] in languages:
            yield Block(match[1], match[2])


def prose(page: Path) -> str:
    """What stands between the blocks."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


@dataclass
class Story:
    """The folder in which the blocks of a page happen, and the names of its Python."""

    folder: Path
    forks: Forks
    printed: str | None = None

    def __post_init__(self) -> None:
        self.names: dict[str, Any] = {}
        for name in ("scenarios", "tests"):
            (self.folder / name).symlink_to(ROOT / name)

    def renewed(self, match: re.Match[str]) -> str:
        """A block with what it shows as it is now."""
        language, text = match[1], match[2]
        printed, self.printed = self.printed, None
        match language:
            case "console":
                command = text.splitlines()[0].removeprefix("$ ")
                return f"```console\n$ {command}\n{self.shown_by(command)}```"
            case "sh":
                for line in text.splitlines():
                    self.run(line)
            case "yaml":
                self.scenario(text)
            case "python":
                said = StringIO()
                with chdir(self.folder), redirect_stdout(said), patch.dict(os.environ, ENVIRONMENT):
                    exec(text, self.names)
                self.printed = said.getvalue()
            case "text" if printed:
                return f"```text\n{printed}```"
        return match[0]

    def scenario(self, text: str) -> None:
        """What a scenario that is shown is for."""
        named = re.match(r"# (\S+\.yaml)\n", text)
        if named:
            (self.folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / named[1]).write_text(text, encoding="utf-8")
        else:
            assert rolloutsim.loads(text).run().finished

    def run(self, line: str) -> None:
        """A line of a shell: ours is run, others are looked at."""
        program, *arguments = shlex.split(line, comments=True) or ["#"]
        environment = dict(ENVIRONMENT)
        while setting := re.fullmatch(r"([A-Z_]+)=(.*)", program):
            environment[setting[1]] = setting[2]
            program, *arguments = arguments
        if program == "rolloutsim" and arguments[0] in _UNTIL_INTERRUPTED:
            _understood(self.folder, arguments)
        elif program == "rolloutsim":
            ended, _, into = " ".join(map(shlex.quote, arguments)).partition(" '>' ")
            done = self.forks.run(PROGRAM, *shlex.split(ended), folder=self.folder, environment=environment)
            assert done.returncode in (0, MISSED), (line, done.stderr.decode())
            if into:
                (self.folder / into).write_bytes(done.stdout)
        elif program in PRINTED:
            content = json.dumps(PRINTED[program](arguments))
            (self.folder / arguments[-1]).write_text(content, encoding="utf-8")
        else:
            LOOKED_AT[program](arguments)

    def shown_by(self, command: str) -> str:
        """What a terminal would show: stderr and stdout of a command."""
        said = b""
        if command.startswith("rolloutsim "):
            command, _, reader = command.partition(" | ")
            done = self.forks.run(PROGRAM, *shlex.split(command)[1:], folder=self.folder, environment=ENVIRONMENT)
            said, content, command = done.stderr, done.stdout, reader or "cat"
        else:  # a recipe of make with the environment that runs the tests, not one made anew
            content = b""
            command = (
                f"make -C {ROOT} --no-print-directory --assume-old=.venv/runs BIN={BIN} {command.removeprefix('make ')}"
            )
        shown = subprocess.run(
            command, shell=True, cwd=self.folder, env={**os.environ, **ENVIRONMENT}, input=content,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return (said + shown.stdout).decode("utf-8")


def current(page: Path, forks: Forks) -> str:
    """A page with every shown output as it is now."""
    with TemporaryDirectory() as made:
        return BLOCK.sub(Story(Path(made), forks).renewed, page.read_text(encoding="utf-8"))


def pictures() -> dict[Path, str]:
    """README's picture, for light and for dark pages."""
    drawn = svg(figure("variants")(rolloutsim.compare(ROOT / "scenarios/deployment-variants.yaml")))
    dark = re.sub("|".join(_DARK), lambda colour: _DARK[colour[0]], drawn)
    return {PICTURES / "variants-light.svg": drawn, PICTURES / "variants-dark.svg": dark}


_UNTIL_INTERRUPTED = ("serve", "watch")  # commands that do not end by themselves


def _understood(folder: Path, arguments: list[str]) -> None:
    """That a command takes its options and finds its files, without doing it."""
    name, *rest = arguments
    with main.make_context("rolloutsim", [], resilient_parsing=True) as above:
        command = main.get_command(above, name)
        assert command is not None
        with command.make_context(name, rest, parent=above) as context:
            assert (folder / context.params["file"]).is_file()


def _of_kubectl(arguments: list[str]) -> Any:
    assert (arguments[0], arguments[-3:-1]) == ("get", ["json", ">"])
    if arguments[1] == "nodes":
        return json.loads((CLUSTER / "nodes.json").read_text(encoding="utf-8"))
    if arguments[1] == "events":
        return json.loads((ROOT / "tests/data/calibration/events.json").read_text(encoding="utf-8"))
    items = [one for one in yaml.safe_load_all((CLUSTER / "workloads.yaml").read_text(encoding="utf-8")) if one]
    return {"apiVersion": "v1", "kind": "List", "items": [one for one in items if one["kind"] != "Service"]}


def _of_crane(arguments: list[str]) -> Any:
    assert (arguments[0], arguments[-2]) == ("manifest", ">")
    return json.loads((CLUSTER / "api.json").read_text(encoding="utf-8"))


# What other programs that are shown print, of a cluster that is not there.
PRINTED: dict[str, Callable[[list[str]], Any]] = {"kubectl": _of_kubectl, "crane": _of_crane}


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _extras() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return frozenset(project["optional-dependencies"])


def _of_make(arguments: list[str]) -> None:
    assert set(arguments) <= _targets(), arguments


def _of_pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    for extras in re.findall(r"\[(.*?)\]", " ".join(arguments)):
        assert set(extras.split(",")) <= _extras(), arguments


def _nothing(arguments: list[str]) -> None:
    """A line that has nothing of this repository in it."""


# Programs that are not run: what of their lines can be checked. Each line of a block begins with one.
LOOKED_AT: dict[str, Callable[[list[str]], None]] = {
    "make": _of_make, ".venv/bin/pip": _of_pip, "~/rolloutsim/bin/pip": _of_pip, "pip": _of_pip, "source": _nothing,
    "dask": _nothing, "python3": _nothing, "podman": _nothing, "~/rolloutsim/bin/rolloutsim": _nothing, "#": _nothing,
}  # fmt: skip


if __name__ == "__main__":
    asked = [Path(one).resolve() for one in sys.argv[1:]] or pages()
    for path, drawn in pictures().items() if README in asked else ():
        path.write_text(drawn, encoding="utf-8")
    with Forks(draws=True) as known:
        for page in asked:
            page.write_text(current(page, known), encoding="utf-8")
