"""How a wheel is built: with the shipped scenarios, and the engine compiled to C where that can be done.

Where it cannot, the engine stays pure Python.

The environment variable `ROLLOUTSIM_ENGINE` says what is wanted: `compiled` (an error where that fails), `pure`, or, if
it is not set, `compiled` if possible. An editable installation is always pure. Both give the same results.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "ROLLOUTSIM_ENGINE"

# What a simulation does most of the time, by mypyc: modules that are plain enough; see CONTRIBUTING.md.
COMPILED = (
    "network/clocks.py", "network/filling.py", "network/fluid.py", "network/guards.py",
    "network/heaps.py", "network/levels.py", "network/links.py", "network/regimes.py", "network/sharing.py",
    "network/states.py", "fleet/buckets.py", "fleet/disk.py", "fleet/fairness.py", "fleet/hosts.py",
    "fleet/latency.py", "fleet/ledger.py", "fleet/losses.py", "fleet/node.py", "fleet/pulls.py", "fleet/queues.py",
    "fleet/recipes.py", "fleet/store.py", "fleet/writing.py",
)  # fmt: skip
# Other packages are nothing but objects to it: to read their types would take three times as long as our own.
MYPY = ("--config-file=", "--follow-imports=silent", "--ignore-missing-imports", "--no-site-packages")
# Two thirds of the time that 2 takes to compile, and 3 % more instructions to execute.
OPTIMISED = "1"

# C as it stands.
WRITTEN = "network/_heaps.c"

# Where rolloutsim/scenario/templates/__init__.py looks for them.
TEMPLATES = "rolloutsim/scenario/templates"

NEEDED = ("mypy[mypyc]>=2.4,<3", "setuptools>=77")


class NotCompiled(Exception):
    """Why there is no compiled engine, in half a sentence."""


class Engine(BuildHookInterface[Any]):
    """Puts the scenarios among the templates of `rolloutsim init`, and the compiled modules beside their sources."""

    def dependencies(self) -> list[str]:
        """What has to be installed to build."""
        return [] if _wanted() == "pure" or _hindrance() else list(NEEDED)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before files are collected."""
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        if version == "editable":
            return  # which reads both where they are edited
        build_data["force_include"].update(_scenarios(Path(self.root)))
        if _wanted() == "pure":
            return
        self.folder = tempfile.TemporaryDirectory(prefix="rolloutsim-engine-")
        try:
            libraries = _compiled(Path(self.root), Path(self.folder.name))
        except NotCompiled as reason:
            if _wanted() == "compiled":
                raise SystemExit(f"rolloutsim: {VARIABLE}=compiled, but {reason}") from None
            print(f"rolloutsim: pure Python, as {reason}; same results, half as fast", file=sys.stderr, flush=True)
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update({str(path): name for name, path in libraries.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up, now that the wheel is written."""
        if self.folder is not None:
            self.folder.cleanup()


def _scenarios(root: Path) -> dict[str, str]:
    """The shipped scenarios, with their places in the wheel."""
    return {str(path): f"{TEMPLATES}/{path.name}" for path in sorted(root.glob("scenarios/*.yaml"))}


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "pure", "compiled"):
        raise SystemExit(f"rolloutsim: {VARIABLE} is {wanted!r}; allowed: pure, compiled, or not set")
    return wanted


def _hindrance() -> str:
    """Why there is no point in trying; empty if there is."""
    if sys.implementation.name != "cpython":
        return f"mypyc compiles for CPython, and this is {sys.implementation.name}"
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "")
    if command and shutil.which(command[0]) is None:
        return f"there is no C compiler ({command[0]}; a C compiler and Python's headers are needed)"
    return ""


def _compiled(root: Path, folder: Path) -> dict[str, Path]:
    """Compile all; the libraries by their places in the wheel."""
    hindrance = _hindrance()
    if hindrance:
        raise NotCompiled(hindrance)
    try:
        from setuptools import Extension
    except ImportError:
        raise NotCompiled(f"setuptools is not installed (needed: {', '.join(NEEDED)})") from None
    # The small one first: whether there is a compiler with Python's headers shows in a second.
    written = Extension(
        f"rolloutsim.{WRITTEN.removesuffix('.c').replace('/', '.')}", [str(root / "rolloutsim" / WRITTEN)],
        extra_compile_args=[] if os.name == "nt" else ["-O2", "-g0"],
    )  # fmt: skip
    libraries = _built([written], folder)
    # mypy takes modules' names from where they are below the present directory, and talks to standard output.
    with contextlib.chdir(root), contextlib.redirect_stdout(sys.stderr):
        libraries |= _built(_in_c(folder), folder)
    return libraries


def _in_c(folder: Path) -> list[Any]:
    """The modules, as C."""
    try:
        from mypyc.build import mypycify
    except ImportError:
        raise NotCompiled(f"mypyc is not installed (needed: {', '.join(NEEDED)})") from None
    options = [*MYPY, f"--cache-dir={folder / 'cache'}"]
    try:
        extensions: list[Any] = mypycify(
            [*options, *(f"rolloutsim/{name}" for name in COMPILED)],
            opt_level=OPTIMISED, debug_level="0", multi_file=True, group_name="rolloutsim",
            target_dir=str(folder / "c"),
        )  # fmt: skip
    except (SystemExit, Exception) as error:
        raise NotCompiled("mypyc refuses it, for what is said above") from error
    return extensions


def _built(extensions: list[Any], folder: Path) -> dict[str, Path]:
    """The libraries of extensions, by their places in the wheel; as many files at a time as there are cores."""
    from setuptools import Distribution

    command: Any = Distribution({"name": "rolloutsim", "ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "objects")
    command.ensure_finalized()
    command.build_extensions = lambda: _build(command)
    try:
        command.run()
    except Exception as error:
        raise NotCompiled(f"the C compiler fails, or Python's headers are missing ({type(error).__name__})") from error
    places = [Path(command.get_ext_filename(extension.name)) for extension in extensions]
    return {place.as_posix(): folder / "lib" / place for place in places}


def _build(command: Any) -> None:
    compiler, compile_all = command.compiler, command.compiler.compile

    def compile_each(sources: list[str], **options: Any) -> list[str]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            # The largest first, lest all wait for it in the end.
            largest = sorted(sources, key=lambda source: -Path(source).stat().st_size)
            objects = dict(
                zip(largest, pool.map(lambda source: compile_all([source], **options), largest), strict=True)
            )
        return [name for source in sources for name in objects[source]]

    compiler.compile = compile_each
    for extension in command.extensions:
        command.build_extension(extension)
