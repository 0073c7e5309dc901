"""`rolloutsim watch`: a real process, and a user in a thread of it, who waits for the program and never for a clock."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import HELD, INVALID, MISSED, QUICK, Outcome, Program
from tests.forks import PROGRAM, Forks

# The program comes to wait for a save, which the user does after that; whatever goes wrong, the user ends it.
_USER = """\
import os, signal, sys, threading, time
from pathlib import Path
from rolloutsim import simulation
from rolloutsim.cli import saves
signal.signal(signal.SIGINT, signal.SIG_DFL)
waits = threading.Semaphore(0)
wait = saves.Saves.wait
def told(self):
    waits.release()
    wait(self)
saves.Saves.wait = told
saves._GONE = 60.0  # who writes a file empties it first, and may be held up then
file = Path("s.yaml")
def until_it_waits():
    assert waits.acquire(timeout=60)
def aside(text):
    Path("s.yaml~").write_text(text)
    os.replace("s.yaml~", file)
def user():
    try:
{steps}
    finally:
        os.kill(os.getpid(), signal.{end})
{before}
threading.Thread(target=user, daemon=True).start()
"""

Watch = Callable[..., Outcome]

ENDS = " (Ctrl-C ends)\n"
WATCHING = f"watching s.yaml{ENDS}"
AFTER_AN_ERROR = f"waiting for the next save; what changes is then told against the last run{ENDS}"


@pytest.fixture
def watch(forks: Forks, tmp_path: Path) -> Watch:
    """Watch s.yaml, with what the user does meanwhile, as Python code."""

    def run(text: str, steps: str, *arguments: str, before: str = "", end: str = "SIGINT") -> Outcome:
        (tmp_path / "s.yaml").write_text(text)
        code = _USER.format(steps=textwrap.indent(steps, " " * 8), end=end, before=before) + PROGRAM
        done = forks.run(code, "watch", "s.yaml", *arguments, folder=tmp_path)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def since(out: str) -> list[str]:
    """What changed at each run."""
    parts = out.split("\n Since the last run\n")[1:]
    return [part.partition("\ntwo nodes ·")[0].strip("\n") for part in parts]


def test_each_save_is_a_run_and_what_changed_is_told(watch: Watch, shell: Program) -> None:
    steps = f"""
until_it_waits()
file.write_text({MISSED!r})
until_it_waits()
file.write_text({MISSED.replace("nodes: 2", "nodes: 2.5")!r})
until_it_waits()
aside({MISSED.replace("100 MB", "50 MB")!r})
until_it_waits()
file.touch()
until_it_waits()
"""
    done = watch(INVALID, steps, "--set", "network=2 Gbit/s")
    error = "error: '{}' is not a whole number from 1 to 1000000\n     4 | nodes: {}\n       |        {}\n"
    assert done.code == 130
    assert done.err == (
        f"s.yaml:4:8: {error.format('0', '0', '^')}waiting for the next save{ENDS}{WATCHING}"
        f"s.yaml:4:8: {error.format('2.5', '2.5', '^^^')}{AFTER_AN_ERROR}{WATCHING}{WATCHING}"
    )
    # Ideal: 2 x 100 MB over 2 Gbit/s are 0.8 s, 2 x 50 MB 0.4 s.
    assert done.out.startswith(shell("run", "s.yaml", "--set", "network=2 Gbit/s", "--set", "images.large=100 MB").out)
    changed, touched = since(done.out)
    head = "rollout of    before       now   difference      in %   verdict   pull time p95   on the wire"
    assert changed == (
        "  ~   images.large.compressed   100 MB → 50 MB\n"
        "\n"
        " What moved\n"
        f"  {head}\n"
        f" {'─' * (len(head) + 2)}\n"
        "  large        0.800 s   0.400 s     −0.400 s   −50.0 %   faster          −50.0 %       −50.0 %\n"
        "\n"
        " 1 other rollout time did not move."
    )
    assert touched == " No key differs. No figure moved."


def test_a_threshold_that_turns_is_told(watch: Watch) -> None:
    done = watch(HELD, f"until_it_waits()\nfile.write_text({HELD.replace('nodes: 2', 'nodes: 4')!r})\nuntil_it_waits()")
    (changed,) = since(done.out)
    assert changed.endswith(
        " Thresholds that turned\n  ✗ rollout_time{image=large}   max < 2 s   1.60 s, held   3.20 s, missed"
    )


def test_a_save_during_a_run_ends_it_and_begins_anew(watch: Watch) -> None:
    endless = """
real, runs = simulation.simulate, threading.Semaphore(0)
def simulate(*given, **named):
    simulation.simulate = real
    runs.release()
    while True:
        time.sleep(60)
simulation.simulate = simulate
"""
    done = watch(QUICK, f"runs.acquire()\naside({HELD!r})\nuntil_it_waits()", before=endless)
    assert (done.code, done.err) == (130, WATCHING)
    assert done.out.count("Thresholds") == 1


def test_files_that_it_names_are_watched_and_one_that_is_gone_for_a_moment_is_waited_for(
    watch: Watch, tmp_path: Path
) -> None:
    def manifest(size: int) -> str:
        kinds = {"config": "config.v1+json", "layers": "layer.v1.tar+gzip"}
        config, layer = (
            {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{'a' * 64}", "size": size}
            for kind in kinds.values()
        )
        media_type = "application/vnd.oci.image.manifest.v1+json"
        return json.dumps({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]})

    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.json").write_text(manifest(10_000_000))
    (tmp_path / "over.yaml").write_text("images: {small: {manifest: sub/m.json}}\n")
    steps = f"""
until_it_waits()
Path("sub/m.json").write_text({manifest(20_000_000)!r})
until_it_waits()
file.unlink()
file.write_text({QUICK.replace("nodes: 2", "nodes: 3")!r})
until_it_waits()
saves._GONE = 0.0
file.unlink()
until_it_waits()
"""
    done = watch(QUICK, steps, "-f", "over.yaml")
    watching = f"watching s.yaml and 2 more files{ENDS}"
    gone = "error: s.yaml is not there any more\n"
    assert (done.code, done.err) == (130, f"{watching * 3}{gone}{AFTER_AN_ERROR}")
    of_manifest, of_nodes = since(done.out)
    assert of_manifest.splitlines()[0] == "  ~   images.small.layers.0.compressed   10 MB → 20 MB"
    assert of_nodes.splitlines()[0] == "  ~   nodes.node.count   2 → 3"


def test_variants_are_told_each_against_itself(watch: Watch) -> None:
    text = QUICK + "variants: {today: {}, more: {nodes: 4}, fast: {network: 10 Gbit/s}}\n"
    done = watch(text, f"until_it_waits()\nfile.write_text({text.replace('nodes: 4', 'nodes: 3')!r})\nuntil_it_waits()")
    assert done.code == 130
    assert "\n Since the last run, more\n  ~   nodes.node.count   4 → 3\n" in done.out
    assert done.out.endswith("\n Since the last run nothing changed in today and fast.\n")


def test_a_terminal_is_cleared_for_each_run(watch: Watch) -> None:
    of_terminal = """
import pty
child, outer = pty.fork()
sys.stdout, sys.stderr = open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8")
while child:
    try:
        os.write(1, os.read(outer, 1 << 16))
    except OSError:  # its end
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = watch(QUICK, f"until_it_waits()\nfile.write_text({HELD!r})\nuntil_it_waits()", before=of_terminal)
    assert done.code == 130
    assert done.out.count("\x1b[2J\x1b[1;1H") == 2
    assert done.out.endswith("\r\nwatching s.yaml (Ctrl-C ends)\r\n\r\n")


def test_another_signal_ends_it_as_quietly(watch: Watch) -> None:
    done = watch(QUICK, "until_it_waits()", end="SIGTERM", before="signal.signal(signal.SIGTERM, signal.SIG_DFL)\n")
    assert (done.code, done.err) == (143, WATCHING)


def test_what_the_command_line_gets_wrong_ends_it(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(QUICK)
    missing = shell("watch", "t.yaml")
    assert (missing.code, missing.err) == (
        2,
        "error: 't.yaml' does not exist; give a scenario file; did you mean 's.yaml'?\n",
    )
    assert shell("watch", "s.yaml", "--set", "noodles=2").err.startswith("error: --set noodles: unknown key 'noodles'")
    assert shell("watch", "-").err == (
        "error: '-' is read once, and watch reads its files again and again; give a scenario file\n"
    )


def test_without_its_library_it_says_what_to_install(shell: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.cli.watch.find_spec", lambda name: None)
    done = shell("watch", "s.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: saves are noticed by watchfiles, which is not installed: pip install 'rolloutsim[watch]'\n"
    )


def test_folders_that_cannot_be_watched_are_an_error_that_says_what_to_do(
    shell: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached")

    (tmp_path / "s.yaml").write_text(QUICK)
    monkeypatch.setattr("watchfiles.watch", refused)
    done = shell("watch", "s.yaml")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        f"error: cannot watch {tmp_path}: OS file watch limit reached; WATCHFILES_FORCE_POLLING=1 in the environment "
        "looks at the files in place of being told"
    )
