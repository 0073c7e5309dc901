"""The command line: a module a command, loaded when it is asked for.

A command parses, makes one library call and prints. Data goes to stdout, talk to stderr. The exit codes
are the same for all commands and are decided here, from the kind of the error.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from functools import partial
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

import rolloutsim
from rolloutsim import results
from rolloutsim.errors import RolloutsimError, ScenarioError, UnreachableError, UnreadableError, UsageError, nearest
from rolloutsim.lazy import front

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from rolloutsim.cli import (
        completion,
        gates,
        options,
        output,
        page,
        progress,
        reasons,
        saves,
        scenarios,
        simulations,
        view,
    )
else:
    __getattr__ = front(__name__)

_RARELY = 100_000  # more objects between two collections than importing everything makes (assumed: some MB)

_COMPLETE = "_ROLLOUTSIM_COMPLETE"  # by which a shell asks for completion (click's own word)

COMMANDS = {
    "run": "Simulate, show the table, check the thresholds.",
    "watch": "The same anew at each save, and what changed.",
    "compare": "Scenarios, variants or results side by side, with verdicts.",
    "serve": "A page in the browser that answers while one plays.",
    "diff": "What differs in two resolved scenarios, before the numbers.",
    "show": "A resolved scenario: each default with its source.",
    "sweep": "Many runs, streamed into one SQLite file.",
    "solve": "The smallest value with which a condition holds.",
    "plot": "One figure of a result, as SVG or PNG.",
    "report": "Results or sweeps as one HTML, PDF or Markdown file.",
    "trace": "A result as Chrome trace events, for Perfetto.",
    "export": "A result for KWOK, SimKube, Prometheus or OpenTelemetry.",
    "validate": "All errors of scenario files, located.",
    "schema": "The JSON Schema of scenario files.",
    "explain": "What a key or a metric means; or why a result is as it is, and what would help.",
    "init": "A commented scenario to start from.",
    "calibrate": "Numbers that nobody knows, fitted to pulls that were seen.",
    "import": "A scenario of what people have: manifests, nodes, workloads.",
}


class ExitCode(IntEnum):
    """What the shell learns."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    THRESHOLD_MISSED = 3
    SCENARIO_INVALID = 4
    UNFINISHED = 5
    UNREACHABLE = 6  # or nothing that can be imported
    INTERRUPTED = 130


class Commands(click.Group):
    """The group of all commands; as a program it ends with an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a new user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in COMMANDS:
            return None
        # pydantic would read the metadata of every installed package in search of plugins; none concerns us.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        command: click.Command = import_module(f"rolloutsim.cli.{name}").command
        command.short_help = COMMANDS[name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer all commands without importing any, and the options."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the ones that exist."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = nearest(args[0], COMMANDS)
            hint = f" (did you mean {near!r}?)" if near else ""
            ctx.fail(f"no command {args[0]!r}{hint}; commands: {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; as a program, end with its exit code."""
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        if _COMPLETE in os.environ:
            from rolloutsim.cli import shells  # for a shell alone

            shells.register()
        # Python's collector of cycles would walk through all that is imported, again and again: a tenth of a short run.
        gc.set_threshold(_RARELY)
        atexit.register(gc.freeze)  # and once more as the process ends, when nothing is worth collecting any more
        if hasattr(signal, "SIGPIPE"):  # a reader that goes away (`| head`) ends us quietly, as it ends other tools
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal that has no '→' shows '?'; it is no reason to stop
                stream.reconfigure(errors="replace")
        sys.exit(_exit_code(run))


_CLOSED = "error: cannot write the output: the standard output is closed"


def _exit_code(run: Callable[[], Any]) -> int:
    """Run a command; turn what it raises into a message."""
    if sys.stderr is None:  # closed by the caller: nobody wants the talk, and no file may take its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        _say(_CLOSED)
        return ExitCode.INTERNAL
    try:
        code = int(run() or ExitCode.OK)
        return interrupted(told=True) if code == ExitCode.INTERRUPTED else code
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        _say(text.getvalue().rstrip("\n"))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return interrupted()
    except ScenarioError as error:
        _say(str(error))
        return ExitCode.SCENARIO_INVALID
    except (UnreachableError, UnreadableError) as error:
        _say(f"error: {error}", keep="\t")
        return ExitCode.UNREACHABLE
    except RolloutsimError as error:
        _say(f"error: {error}")
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.INTERNAL
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if (lacking := _lacking(error)) is not None:
            _say(f"error: {lacking}")
            return ExitCode.INTERNAL
        if isinstance(error, FileNotFoundError) and not _has_folder():
            _say("error: the working directory was removed; change to another one")
            return ExitCode.INTERNAL
        if not isinstance(error, OSError) or error.filename is not None:  # whose name is known, where it is read
            return _defect_or_interruption(error)
        if error.errno is None and str(error):  # of a library, in its own words
            _say(f"error: {error}")
            return ExitCode.INTERNAL
        with suppress(OSError, ValueError):  # what is left in the buffer would fail once more as Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _say(f"error: cannot write the output: {(error.strerror or type(error).__name__).lower()}")
        return ExitCode.INTERNAL
    except Exception as error:
        return _defect_or_interruption(error)


# What the system does not give, by the number of its error, or by words of errors that have none: those of the loader
# of shared libraries, and of Python's threads.
_LACKING = (
    ("memory", (errno.ENOMEM,), ("allocate memory", "failed to map segment"), "`ulimit -v` shows the limit"),
    ("open files", (errno.EMFILE, errno.ENFILE), ("too many open files",), "`ulimit -n` shows how many there may be"),
    ("processes", (errno.EAGAIN,), ("can't start new thread",), "`ulimit -u` shows how many there may be"),
)  # fmt: skip


def _lacking(error: Exception) -> str | None:
    """What there is not enough of, if an error comes of that."""
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM if isinstance(error, MemoryError) else None
    for what, numbers, words, more in _LACKING:
        if number in numbers or any(one in str(error).lower() for one in words):
            return f"the system does not give enough {what}: {more}"
    return None


def _has_folder() -> bool:
    """Whether there is a working directory."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _defect_or_interruption(error: Exception) -> int:
    from rolloutsim.cli import interrupts  # as below

    return _defect(error) if interrupts.code() is None else interrupted()  # of which something made another error


def interrupted(told: bool = False) -> int:
    """The exit code after a signal, which is told unless the command did."""
    from rolloutsim.cli import interrupts  # the list of the commands needs no more modules than it must

    if not told:
        _say("interrupted")
    return interrupts.code() or ExitCode.INTERRUPTED


def _defect(error: Exception) -> int:
    if os.environ.get("ROLLOUTSIM_TRACEBACK"):
        raise error
    _say(
        f"internal error: {type(error).__name__}: {error}\n"
        "This is a defect of rolloutsim, not of your scenario. ROLLOUTSIM_TRACEBACK=1 in the environment "
        "shows where it happened."
    )
    return ExitCode.INTERNAL


def say(text: str, keep: str = "") -> None:
    """Talk on stderr, a line; what is in it can do nothing but be read, and of what breaks lines only `keep` does."""
    click.echo(results.numerals.visible(text, keep), err=True)


def _say(text: str, keep: str = "\n\t") -> None:
    """Say how it ends; where stderr is full as well, the exit code has to do."""
    with suppress(OSError):
        say(text, keep)


EPILOG = """\b
Exit codes:
  0    done; all thresholds held
  1    internal error, or the output could not be written
  2    usage: wrong option, missing file, --set with an unknown path
  3    a threshold was missed, or --fail-if came true
  4    the scenario is invalid
  5    the rollout did not finish
  6    an import failed, or something on the network does not answer
  130  interrupted; results of finished files are kept (143: by SIGTERM, 129: SIGHUP)
  141  the reader of the output went away (`| head`)

\b
Completion with TAB, of commands, keys, names and files:
  bash  eval "$(_ROLLOUTSIM_COMPLETE=bash_source rolloutsim)" in ~/.bashrc
  zsh   eval "$(_ROLLOUTSIM_COMPLETE=zsh_source rolloutsim)" in ~/.zshrc
  fish  _ROLLOUTSIM_COMPLETE=fish_source rolloutsim | source
        in ~/.config/fish/config.fish

\b
Example:
  rolloutsim run scenarios/20nodes.yaml --set 'network=10 Gbit/s'
"""


def _verbose(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    context.meta[parameter.name or ""] = wanted


def _version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Show the version, and more of it if `--verbose`, which is read first, is there."""
    verbose = context.meta.get("verbose", False)
    if context.resilient_parsing or not (wanted or verbose):
        return
    if not wanted:
        raise click.UsageError("--verbose goes with --version")
    click.echo(f"rolloutsim, version {rolloutsim.__version__}")
    if verbose:
        from rolloutsim.cli.about import about  # the list of the commands needs no more modules than it must

        click.echo(results.numerals.visible(about(), keep="\n"))
    context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.option("--version", is_flag=True, expose_value=False, callback=_version, help="Show the version and exit.")
@click.option(
    "--verbose",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_verbose,
    help="With --version: whether the engine is compiled, where it is installed, versions of Python, platform and "
    "dependencies. A report of a defect needs it.",
)
def main() -> None:
    """Simulate a container image rollout: a registry and N nodes pulling at the same time.

    A scenario file says which nodes pull which images over which network. 'run' simulates it and shows how
    long the rollout takes, what congests, and why.
    """


def example(text: str) -> str:
    """Lay out an example for the end of a command's --help."""
    lines = "\n".join(f"  {line}" for line in text.strip().splitlines())
    return f"\b\nExample:\n{lines}"
