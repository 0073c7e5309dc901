"""Processes that have imported rolloutsim already: each is forked off one that has.

What a test wants of a process of its own is that it reads, writes, is killed and ends as a program does. Importing
takes half a second of it, and is the same for all. What is about starting Python, or about what is imported, starts it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

# The program, as its entry point has it.
PROGRAM = "from rolloutsim.__main__ import main; main()"

_PARENT = """\
import json, os, sys
from importlib import import_module
from rolloutsim import loads
from rolloutsim.cli import COMMANDS
for name in COMMANDS:
    import_module(f"rolloutsim.cli.{name}")
result = loads("{rolloutsim: 1, nodes: 1, network: 1 Gbit/s, images: {a: 1 MB}}").run()
result.to_json()
if sys.argv[1:] == ["draws"]:
    result.to_html()
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.chdir(asked["folder"])
os.environ.clear()
os.environ.update(asked["environment"])
for number, path in enumerate(asked["streams"]):
    os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY), number)
sys.stdin = open(0, encoding="utf-8", closefd=False)
sys.argv = asked["arguments"]
exec(asked["code"], {"__name__": "__main__"})
"""


class Forks:
    """What processes are forked off.

    Parameters
    ----------
    hash_seed : str
        By which their sets and dicts hash.
    draws : bool
        Whether what draws has been imported as well.
    """

    def __init__(self, hash_seed: str = "random", draws: bool = False) -> None:
        # Threads of linear algebra would be there, and not in what is forked.
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _PARENT, *(["draws"] if draws else [])]
        self._parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate()

    def run(
        self,
        code: str,
        *arguments: str | Path,
        folder: str | Path,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run Python code, as `python -c` does.

        Parameters
        ----------
        code : str
            The code, for example `PROGRAM`.
        arguments : str or path
            What the command line would have behind it.
        folder : path
            Where it runs.
        stdin : bytes
            What it can read.
        environment : mapping, optional
            What differs from the environment of this process.
        """
        given = [str(one) for one in arguments]
        # Files of its own: what it leaves running may write to them later.
        with TemporaryDirectory() as made:
            streams = [Path(made, name) for name in ("stdin", "stdout", "stderr")]
            for path, content in zip(streams, (stdin, b"", b""), strict=True):
                path.write_bytes(content)
            asked = {
                "code": code,
                "arguments": ["rolloutsim", *given],
                "folder": str(folder),
                "streams": [str(path) for path in streams],
                "environment": {**os.environ, **(environment or {})},
            }
            ended = self._ask(json.dumps(asked))
            return subprocess.CompletedProcess(given, int(ended), streams[1].read_bytes(), streams[2].read_bytes())

    def _ask(self, text: str) -> str:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{text}\n")
        self._parent.stdin.flush()
        return self._parent.stdout.readline()
