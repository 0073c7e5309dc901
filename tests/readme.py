"""README.md's blocks and what they show; `python -m tests.readme` writes the shown outputs anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def shown_by(command: str) -> str:
    """What a terminal would show: stdout and stderr of a command in the root of the repository."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    if command.startswith("make "):  # its recipe with the environment that runs the tests, not one made anew
        command = f"make --no-print-directory --assume-old=.venv/runs BIN={BIN} {command.removeprefix('make ')}"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode("utf-8")


def current() -> str:
    """README.md with every shown output as it is now."""

    def renew(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        command = match[2].splitlines()[0].removeprefix("$ ")
        return f"```console\n$ {command}\n{shown_by(command)}```"

    return _BLOCK.sub(renew, README.read_text(encoding="utf-8"))


if __name__ == "__main__":
    README.write_text(current(), encoding="utf-8")
