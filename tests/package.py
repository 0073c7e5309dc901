"""The wheel and the source distribution as somebody meets them who has nothing else; `make package` runs it.

Both are built twice, from the repository and from what the source distribution holds, and must be the same bytes. Then
the wheel goes into an empty environment. In an empty folder `rolloutsim init --all` writes the scenarios, and what
README.md and the tutorial show is done there, and must print what is shown.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from tests.action import Job

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "tutorial.md")
_BLOCK = re.compile(r"^```(console|sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.yaml)\n")  # what a scenario begins with that later commands read
# `make run`, and what it does where the package is installed.
_RECIPE = re.compile(r"^run:.*\n\t@\$\(BIN\)/(rolloutsim [^|\n]+?) \|\|", re.MULTILINE)
# When all is said to be made; any time will do, as long as it is the same (zip archives begin with 1980).
EPOCH = "1577836800"
SHELL = ("bash", "-o", "pipefail", "-c")
_MISSED = "rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {app: 3 MB}\nthresholds: {rollout_time: max < 1 ms}\n"
# What stands there and needs more than the package: the repository.
_OF_THE_REPOSITORY = re.compile(r"^make ")


class Wrong(Exception):
    """What is not as it must be, in a sentence."""


def build(source: Path, into: Path, engine: str = "pure") -> tuple[Path, Path]:
    """Build both from a folder.

    Parameters
    ----------
    source : path
        Where pyproject.toml lies.
    into : path
        Where they go.
    engine : str
        What ROLLOUTSIM_ENGINE is.

    Returns
    -------
    tuple of path
        The wheel, and the source distribution.
    """
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "ROLLOUTSIM_ENGINE": engine}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(into)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"cannot be built from {source}:\n{done.stderr}")
    (wheel,), (sdist,) = into.glob("*.whl"), into.glob("*.tar.gz")
    return wheel, sdist


def built_alike(into: Path) -> tuple[Path, Path]:
    """Build both into a folder, and once more from the source distribution.

    Raises
    ------
    Wrong
        If that gives other bytes.
    """
    wheel, sdist = build(ROOT, into)
    with TemporaryDirectory() as made:
        with tarfile.open(sdist) as archive:
            archive.extractall(made, filter="data")
        (unpacked,) = Path(made).iterdir()
        for one, again in zip((wheel, sdist), build(unpacked, Path(made, "dist")), strict=True):
            if one.read_bytes() != again.read_bytes():
                raise Wrong(f"{one.name} is another one when it is built from the source distribution")
    return wheel, sdist


def environment_of(folder: Path) -> dict[str, str]:
    """What is set where the package is used: nothing of the environment that it was made in."""
    kept = {key: os.environ[key] for key in ("LANG", "LC_ALL", "TMPDIR") if key in os.environ}
    path = f"{folder / 'venv/bin'}{os.pathsep}{os.defpath}"
    return kept | {"PATH": path, "HOME": str(folder), "NO_COLOR": "1"}


def install(wheel: Path, folder: Path) -> None:
    """Install a wheel, with what sets PDFs and serves pages, in an environment, in the versions of constraints.txt."""
    venv = folder / "venv"
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        [*pip, "install", "--quiet", "-c", str(constraints), f"{wheel}[pdf,serve]"],
        [*pip, "check", "--quiet"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Wrong(f"{shlex.join(command)}:\n{done.stdout}{done.stderr}")


def commands(page: Path, folder: Path) -> Iterator[tuple[str, str | None]]:
    """What a page shows, in order: each command with what it prints, or None where that is not shown.

    Scenarios that it names are written between them.
    """
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        named = _FILE.match(text)
        if language == "console":
            first, _, shown = text.partition("\n")
            yield first.removeprefix("$ "), shown
        elif language == "sh":
            yield from ((line, None) for line in text.splitlines())
        elif named:
            (folder / named[1]).write_text(text, encoding="utf-8")


def shown(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """What a terminal would show of a command, what it says before what it prints; and how it ended."""
    done = subprocess.run([*SHELL, command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr + done.stdout


def play(page: Path, folder: Path, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """Do what a page shows.

    Returns
    -------
    tuple
        How many commands were right, and those that were left out.

    Raises
    ------
    Wrong
        At the first that is not.
    """
    right, left = 0, []
    (run,) = _RECIPE.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    for command, expected in commands(page, folder):
        if command.split("#")[0].split() == ["make", "run"]:
            command = run
            expected = None if expected is None else expected.partition("exit code 3: ")[0]
        if _OF_THE_REPOSITORY.search(command):
            left.append(command)
            continue
        code, found = shown(command, folder, environment)
        if expected is None and code not in (0, 3):
            raise Wrong(f"{command} ends with exit code {code}:\n{found}")
        if expected not in (None, found):
            lines = difflib.unified_diff(
                str(expected).splitlines(), found.splitlines(), page.name, "found", lineterm=""
            )
            raise Wrong("\n".join((f"{command} shows something else (exit code {code}):", *lines)))
        right += 1
    return right, left


def serve(folder: Path, environment: Mapping[str, str]) -> None:
    """Open the page of `rolloutsim serve`, with all that it is made of."""
    command = ["rolloutsim", "serve", "scenarios/20nodes.yaml", "--port", "0"]
    program = subprocess.Popen(
        [shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]],
        cwd=folder, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stdout is not None
    address = program.stdout.readline().strip()
    try:
        page = _got(address)
        for part in re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', page):
            _got(address + part)
        if "20 nodes" not in _got(f"{address}api/start"):
            raise Wrong("the page of rolloutsim serve does not have the scenario")
    except (OSError, ValueError) as error:
        raise Wrong(f"rolloutsim serve, {address or 'without an address'}: {error}") from None
    finally:
        program.send_signal(signal.SIGINT)
        _, said = program.communicate()
    if program.returncode or "Traceback" in said:
        raise Wrong(f"rolloutsim serve ends with exit code {program.returncode}: {said}")


def _got(address: str) -> str:
    with urlopen(address) as answer:
        return str(answer.read().decode("utf-8"))


def action(folder: Path) -> None:
    """Run the action of GitHub with the program that is installed."""
    (folder / "job").mkdir()
    job = Job(folder / "job", f'#!/bin/sh\nexec "{folder}/venv/bin/rolloutsim" "$@"\n')
    (job.work / "a b.yaml").write_text(_MISSED, encoding="utf-8")
    (job.work / "base.yaml").write_text(_MISSED.replace("3 MB", "2 MB"), encoding="utf-8")
    code = job.run(scenarios="a*.yaml", set="nodes=3", baseline="base.yaml", fail_if="rollout_time > +10%")
    summary = job.summary.read_text(encoding="utf-8")
    report = job.work / "rolloutsim-results" / "report.html"
    if (
        code != 3 or "::error file=a b.yaml,line=5," not in job.said or not report.is_file()
        or "slower" not in summary or "| app" not in summary
    ):  # fmt: skip
        raise Wrong(f"the action ends with exit code {code}, and says:\n{job.said}\nits summary:\n{summary}")


def installed(folder: Path, environment: Mapping[str, str]) -> None:
    """Look at what else a package brings: licences, the manual, no file where it does not belong."""
    code, found = shown("rolloutsim --version --verbose", folder, environment)
    if code or "pure Python" not in found or "~/venv/" not in found:
        raise Wrong(f"rolloutsim --version --verbose (exit code {code}):\n{found}")
    venv = folder / "venv"
    (site,) = venv.glob("lib/python*/site-packages")
    vendored = {path.name for path in (ROOT / "rolloutsim").rglob("*LICENSE*")}
    there = {path.name for path in site.glob("rolloutsim-*.dist-info/licenses/**/*") if path.is_file()}
    if there != vendored | {"LICENSE"}:
        raise Wrong(f"licences in the wheel: {sorted(there)}; in the repository: {sorted(vendored)} and LICENSE")
    for path in (venv / "share/man/man1/rolloutsim.1", site / "rolloutsim/py.typed"):
        if not path.is_file():
            raise Wrong(f"the wheel brings no {path.relative_to(venv)}")
    for name in ("tests", "scenarios", "docs"):
        if (site / name).exists():
            raise Wrong(f"the wheel puts {name} beside other packages")
    asked = "_ROLLOUTSIM_COMPLETE=bash_complete COMP_LINE='rolloutsim run mine.yaml --set model=' rolloutsim"
    if (completed := shown(asked, folder, environment)) != (0, "plain,real\nplain,ideal\n"):
        raise Wrong(f"completion offers {completed}")
    code, found = shown("rolloutsim validate scenarios/*.yaml", folder, environment)
    if code:
        raise Wrong(f"scenarios of rolloutsim init --all:\n{found}")


def main() -> None:
    """Build both into a folder, and try the wheel."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("-d", "--directory", type=Path, default=ROOT / "dist", help="where they go; dist by default")
    directory = parser.parse_args().directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    for old in (*directory.glob("rolloutsim-*.whl"), *directory.glob("rolloutsim-*.tar.gz")):
        old.unlink()
    try:
        both = built_alike(directory)
        for path in both:
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}, {path.stat().st_size / 1e6:.1f} MB")
        with TemporaryDirectory() as made:
            folder = Path(made).resolve()
            environment = environment_of(folder)
            install(both[0], folder)
            code, found = shown("rolloutsim init --all scenarios", folder, environment)
            if code:
                raise Wrong(found)
            installed(folder, environment)
            played = {page.name: play(page, folder, environment) for page in PAGES}
            serve(folder, environment)
            action(folder)
    except Wrong as error:
        sys.exit(f"package: {error}")
    print("the same bytes twice; in an empty environment:")
    for name, (right, left) in played.items():
        print(f"  {right} commands of {name} are right; of the repository, and left out: {', '.join(left) or 'none'}")


if __name__ == "__main__":
    main()
