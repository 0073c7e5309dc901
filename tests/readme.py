"""README.md's blocks and what they show; `python -m tests.readme` writes the shown outputs anew."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.forks import PROGRAM, Forks

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BIN = Path(sys.executable).parent

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str


def blocks(language: str) -> Iterator[Block]:
    """The blocks of one language, in order."""
    for match in _BLOCK.finditer(README.read_text(encoding="utf-8")):
        if match[1] == language:
            yield Block(match[1], match[2])


def shown_by(command: str, forks: Forks) -> str:
    """What a terminal would show: stderr and stdout of a command in the root of the repository."""
    plain = {"NO_COLOR": "1"}
    said = b""
    if command.startswith("rolloutsim "):
        command, _, reader = command.partition(" | ")
        done = forks.run(PROGRAM, *shlex.split(command)[1:], folder=ROOT, environment=plain)
        said, content, command = done.stderr, done.stdout, reader or "cat"
    else:  # a recipe of make with the environment that runs the tests, not one made anew
        content = b""
        command = f"make --no-print-directory --assume-old=.venv/runs BIN={BIN} {command.removeprefix('make ')}"
    shown = subprocess.run(
        command, shell=True, cwd=ROOT, env={**os.environ, **plain}, input=content, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return (said + shown.stdout).decode("utf-8")


def current(forks: Forks) -> str:
    """README.md with every shown output as it is now."""

    def renew(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        command = match[2].splitlines()[0].removeprefix("$ ")
        return f"```console\n$ {command}\n{shown_by(command, forks)}```"

    return _BLOCK.sub(renew, README.read_text(encoding="utf-8"))


if __name__ == "__main__":
    with Forks() as known:
        README.write_text(current(known), encoding="utf-8")
