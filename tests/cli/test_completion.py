"""What a shell offers at TAB: by click's own classes, and by the scripts for bash, zsh and fish."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete

from rolloutsim.cli import COMMANDS, completion, main, shells
from rolloutsim.report.plots import FIGURES
from rolloutsim.scenario import template_names
from rolloutsim.scenario.metrics import METRICS
from tests import completion_keys
from tests.test_package import modules_loaded_by

SCENARIO = """\
rolloutsim: 1
nodes: {web: 3, batch: {count: 2}}
network: {links: {wan: 1 Gbit/s}}
images: {app: 1 MB, "golang:1.8-alpine": 2 MB}
variants: {today: {}, big-nic: {network.rate: 10 Gbit/s}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "broken.yaml").write_text("a: [\n\0")
    (tmp_path / "together.yaml").write_text(f"{SCENARIO}workloads: {{api: {{images: app}}}}\n")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "cases.csv").write_text("case,rollout_time_s\napp,1\ngolang:1.8-alpine,2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def items(*words: str) -> list[CompletionItem]:
    """What is offered for the last word."""
    asked = ShellComplete(main, {}, "rolloutsim", "_ROLLOUTSIM_COMPLETE")
    return asked.get_completions(list(words[:-1]), words[-1])


def offers(*words: str) -> list[str]:
    return [item.value for item in items(*words)]


FILES = ("file", "")

CASES = [
    (["run", "s.yaml", "--set", "netw"], ["network=", "network."]),
    (["run", "s.yaml", "--set", "network.lat"], ["network.latency="]),
    (["run", "s.yaml", "--set=network.lat"], ["network.latency="]),
    (["run", "s.yaml", "--set", "nodes."], ["nodes.web=", "nodes.web.", "nodes.batch=", "nodes.batch."]),
    (["run", "s.yaml", "--set", "nodes.web.disk.sy"], ["nodes.web.disk.sync="]),
    (["run", "s.yaml", "--set", "images"], ["images.", "images["]),
    (["run", "s.yaml", "--set", "images."], ["images.app=", "images.app."]),
    (["run", "s.yaml", "--set", "images["], ["images[golang:1.8-alpine]=", "images[golang:1.8-alpine]."]),
    (["run", "s.yaml", "--set", "images[golang:1.8-alpine].rat"], ["images[golang:1.8-alpine].ratio="]),
    (["run", "s.yaml", "--set", "nodes.web.cached.a"], ["nodes.web.cached.app="]),
    (["run", "s.yaml", "--set", "network.links.wan.que"], ["network.links.wan.queue="]),
    (["run", "s.yaml", "--set", "model="], ["model=real", "model=ideal"]),
    (["run", "s.yaml", "--set", "nodes.web.runtime=cri"], ["nodes.web.runtime=cri-o"]),
    (["run", "s.yaml", "--set", "no_such."], []),
    (["run", "-f", "s.yaml", "--set", "nodes.b"], ["nodes.batch=", "nodes.batch."]),
    (["validate", "s.yaml", "--set", "seed"], ["seed="]),
    (["sweep", "s.yaml", "-p", "nodes.web.runtime=dockerd,cri"], ["nodes.web.runtime=dockerd,cri-o"]),
    (["sweep", "s.yaml", "-p", "variants=today,b"], ["variants=today,big-nic"]),
    (["sweep", "s.yaml", "-p", "network.ra"], ["network.rate=", "network.racks=", "network.racks."]),
    (["solve", "s.yaml", "--find", "network.lat"], ["network.latency"]),
    (["solve", "s.yaml", "network.lat"], ["network.latency"]),
    (["solve", "s.yaml", "--price", "variants=b"], ["variants=big-nic"]),
    (["solve", "s.yaml", "--such-that", "pull_time{gr"], ["pull_time{group="]),
    (["solve", "s.yaml", "--such-that", "pull_time{group=w"], ["pull_time{group=web}"]),
    (["solve", "s.yaml", "--such-that", "pull_time{group=web,image=a"], ["pull_time{group=web,image=app}"]),
    (["solve", "s.yaml", "--such-that", "pull_time p9"], ["pull_time p95", "pull_time p99"]),
    (["solve", "s.yaml", "--case", "a"], ["app"]),
    (["explain", "s.yaml", "--case", ""], ["app", "golang:1.8-alpine"]),
    (["explain", "together.yaml", "--case", ""], ["all"]),
    (["trace", "results", "--case", "go"], ["golang:1.8-alpine"]),
    (["explain", "network.lat"], ["network.latency", "network.lat"]),
    (["run", "s.yaml", "--variant", ""], ["today", "big-nic"]),
    (["compare", "s.yaml", "--variant", "to"], ["today"]),
    (["diff", "s.yaml", "--variant", "to"], ["today"]),
    (["compare", "s.yaml", "--fail-if", "rollout_ti"], ["rollout_time"]),
    (["init", "--template", "rack"], ["rack-caches", "racks"]),
    (["plot", "results", "rollo"], ["rollout"]),
    (["calibrate", "s.yaml", "--node", "w"], ["web="]),
    (["import", "x.json", "--into", "s.yaml", "--group", "a=b"], ["a=batch"]),
    (["export", "kw"], ["kwok"]),
    (["val"], ["validate"]),
    (["--vers"], ["--version"]),
    (["run", "--repl"], ["--replications"]),
    (["run", "broken.yaml", "--set", "nodes."], []),
    (["run", "nowhere.yaml", "--variant", ""], []),
]  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), CASES, ids=lambda one: " ".join(one) if isinstance(one, list) else "")
def test_a_shell_offers(words: list[str], expected: list[str]) -> None:
    assert offers(*words) == expected


@pytest.mark.parametrize(
    "words", [["run", ""], ["plot", ""], ["show", "s"], ["run", "s.yaml", "-o", ""], ["report", ""]]
)
def test_a_shell_is_asked_for_files_where_files_stand(words: list[str]) -> None:
    assert [(item.type, item.value) for item in items(*words)] == [("dir" if "-o" in words else "file", words[-1])]


def test_all_commands_templates_figures_and_metrics_are_offered_with_what_they_are() -> None:
    assert {item.value: item.help for item in items("")} == COMMANDS
    assert offers("init", "--template", "") == list(template_names())
    assert {item.value: item.help for item in items("plot", "results", "")} == {
        figure.name: figure.question for figure in FIGURES
    }
    assert {item.value.rstrip("{"): item.help for item in items("solve", "s.yaml", "--such-that", "")} == {
        name: metric.description for name, metric in METRICS.items()
    }


def test_what_is_known_of_the_keys_is_current() -> None:
    """If this fails after an intended change: make keys."""
    assert completion_keys.TABLE.read_text(encoding="utf-8") == completion_keys.table()


# What stands for numbers, times and addresses, of which there are too many to offer.
UNOFFERED = {"N", "TIME", "URL", "HOST", "OS/ARCH", "A B", "FORMAT"}


def test_every_value_is_completed_or_a_number() -> None:
    used = set()
    with main.make_context("rolloutsim", [], resilient_parsing=True) as context:
        for name in COMMANDS:
            command = main.get_command(context, name)
            assert command is not None
            for parameter in command.params:
                custom = parameter._custom_shell_complete
                if custom is not None:
                    used.add(custom.__closure__[0].cell_contents)
                elif not isinstance(parameter.type, (click.Choice, click.types.BoolParamType)):
                    assert parameter.metavar in UNOFFERED, (name, parameter.name)
    assert used == set(completion.KINDS)


LINES = (
    "run s.yaml --set", "sweep s.yaml -p", "solve s.yaml --such-that", "explain s.yaml --case", "plot", "compare",
    "import", "no-such", "run --no-such", "compare --set a=b s.yaml --variant", "run s.yaml --set a --set",
)  # fmt: skip
TYPED = (
    "", "=", "[", "images[", "images.", "x.y[z]=", "{", "}", "a{b=", "a{b=c}", "'", '"', "-", "--", "\0", "pull_time{",
    "pull_time{x=", "pull_time  ", "[]", "..", "nodes..", "images[a].", "model=", "==",
)  # fmt: skip


def test_nothing_that_is_typed_raises_or_offers_what_a_terminal_would_obey(folder: Path) -> None:
    (folder / "s.yaml").write_text('images: {"a\\e[31m": 1 MB, [1]: 2, 3: 4}\nnodes: [1]\nvariants: 7\n')
    for line in LINES:
        for typed in TYPED:
            assert not any("\x1b" in one for one in offers(*line.split(), typed))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("rolloutsim run s.yaml --set network.lat", "open,network.latency="),
        ("rolloutsim run s.yaml --set nodes.web.runtime=cri", "plain,cri-o"),
        ("rolloutsim run s.yaml --set=nodes.web.runtime=cri", "plain,cri-o"),
        ("rolloutsim run s.yaml --set=network.lat", "open,network.latency="),
        ("rolloutsim run s.yaml --set images[golang:1.8-alpine].rat", "open,1.8-alpine].ratio="),
        ("rolloutsim solve s.yaml --such-that 'pull_time{group=w", "plain,pull_time{group=web}"),
        ("rolloutsim solve s.yaml --such-that 'pull_time p95", "plain,pull_time p95"),
        ("rolloutsim validate ", "file,"),
    ],
)  # fmt: skip
def test_bash_gets_what_stands_behind_its_own_ends_of_words(
    line: str, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    assert shells.Bash(main, {}, "rolloutsim", "_ROLLOUTSIM_COMPLETE").complete() == offered


def test_other_shells_get_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "rolloutsim run s.yaml --set network.lat")
    for shell, word in ((shells.Zsh, "4"), (shells.Fish, "network.lat")):
        monkeypatch.setenv("COMP_CWORD", word)
        said = shell(main, {}, "rolloutsim", "_ROLLOUTSIM_COMPLETE").complete()
        assert said == "open\tnetwork.latency=\tone way, on every path, beside its links' own"


_DRIVE = """\
PATH={bin}:$PATH
eval "$(_ROLLOUTSIM_COMPLETE=bash_source rolloutsim)"
COMP_LINE='rolloutsim plot results timel' COMP_POINT=29
_rolloutsim_completion rolloutsim
printf '%s\\n' "${{COMPREPLY[@]}}"
complete -p rolloutsim
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_takes_the_script_and_what_it_asks_for(folder: Path) -> None:
    drive = _DRIVE.format(bin=Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-c", drive], cwd=folder, capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "timeline\ncomplete -o nosort -F _rolloutsim_completion rolloutsim\n"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_takes_its_script(shell: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    made = {"zsh": shells.Zsh, "fish": shells.Fish}[shell](main, {}, "rolloutsim", "_ROLLOUTSIM_COMPLETE").source()
    (folder / "script").write_text(made)
    done = subprocess.run([shell, "-n", "script"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("asked", ["run s.yaml --set network.lat", "init --template ra", "plot results ro", ""])
def test_completion_loads_nothing_heavy(asked: str) -> None:
    loaded = modules_loaded_by(
        "import os; os.environ |= {'_ROLLOUTSIM_COMPLETE': 'bash_complete', "
        f"'COMP_LINE': 'rolloutsim {asked}'}}; import rolloutsim.cli; rolloutsim.cli.main([])"
    )
    assert loaded.isdisjoint({"numpy", "simpy", "pydantic", "rich", "matplotlib"})


def test_help_says_how_to_turn_it_on() -> None:
    text = main.get_help(click.Context(main, info_name="rolloutsim"))
    assert set(re.findall(r"_ROLLOUTSIM_COMPLETE=(\w+)_source", text)) == {"bash", "zsh", "fish"}


@pytest.mark.parametrize(
    ("typed", "offered"), [('"', ["today"]), ("'", ["today"]), ("", ["today", "\\$\\(touch\\ pwned\\)"])]
)
def test_what_a_shell_would_execute_is_not_offered_within_quotes(
    typed: str, offered: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "s.yaml").write_text(SCENARIO.replace("big-nic", '"$(touch pwned)"'))
    monkeypatch.setenv("COMP_LINE", f"rolloutsim run s.yaml --variant {typed}")
    found = shells.Bash(main, {}, "rolloutsim", "_ROLLOUTSIM_COMPLETE").complete()
    assert found.splitlines() == [f"plain,{one}" for one in offered]
