"""What `rolloutsim import` says beside the scenario: in which order, once for what is alike, and nothing hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rolloutsim.cli import main
from rolloutsim.imports import imported
from tests.imports.test_workloads import made_of, node, workload


def said(*given: str) -> list[str]:
    result = CliRunner().invoke(main, ["import", *given])
    assert result.exit_code == 0
    return result.stderr.splitlines()


def file(path: Path, *objects: object) -> str:
    path.write_text("\n".join(json.dumps(one) for one in objects), encoding="utf-8")
    return str(path)


def of_image(name: str) -> dict[str, object]:
    return {"containers": [{"name": "c", "image": name}]}


def test_what_is_not_read_of_a_folder_is_named(tmp_path: Path) -> None:
    file(tmp_path / "all.json", workload())
    (tmp_path / ".git").mkdir()
    assert not any("not read" in note for note in imported([str(tmp_path)]).notes)
    (tmp_path / "certs.d").mkdir()
    (tmp_path / "api.tar").write_bytes(b"")
    assert imported([str(tmp_path)]).notes[0] == (
        f"not read in the folder {tmp_path}: api.tar, certs.d; of a folder only its own files are read, and only "
        ".json, .yaml, .yml, .toml: name what else is to be read"
    )


@pytest.mark.parametrize(
    ("holders", "where"), [(3, "all 3 nodes already"), (2, "2 of 3 nodes already"), (1, "1 of 3 nodes already")]
)
def test_an_image_that_is_there_is_told_once_for_all_groups(tmp_path: Path, holders: int, where: str) -> None:
    nodes = [node(f"n{number}", {"node.kubernetes.io/instance-type": f"t{number % 2}"}) for number in range(3)]
    for one in nodes[:holders]:
        one["status"]["images"] = [{"names": ["docker.io/library/app:1"], "sizeBytes": 7}]
    notes = [note for note in made_of(tmp_path, *nodes, workload()).notes if note.startswith("app:1 ")]
    whose = "t0" if holders == 1 else "<group>"
    assert notes == [
        f"app:1 is on {where}; they do not fetch it. For a new version take it out of nodes.{whose}.cached"
    ]


def test_images_without_a_size_come_before_those_without_layers(tmp_path: Path) -> None:
    one = node()
    one["status"]["images"] = [{"names": ["docker.io/library/app:1"], "sizeBytes": 7}]
    made = made_of(tmp_path, one, workload(), workload(pod=of_image("web:1"), meta={"name": "e"}))
    assert [one.key for one in made.assumed if one.key in ("images.app:1", "images.web:1")] == [
        "images.web:1", "images.app:1",
    ]  # fmt: skip


def test_many_images_without_a_manifest_do_not_hide_what_else_is_assumed(tmp_path: Path) -> None:
    lines = said(file(tmp_path / "a.json", *(
        workload(pod=of_image(f"app{number}:1"), meta={"name": f"d{number}"}) for number in range(20)
    )))  # fmt: skip
    assert [line.partition(":1")[0] for line in lines if line.startswith("  images.app")] == [
        "  images.app0", "  images.app1", "  images.app2",
    ]  # fmt: skip
    assert any(line.startswith("  rollout.startup: 0 s") for line in lines)
    assert lines[-1] == "  and 17 more, alike or less important; values of the scenario have 'assumed' behind them"


def test_what_is_left_out_for_one_reason_is_one_note(tmp_path: Path) -> None:
    objects = [workload(meta={"name": name}, replicas=0) for name in "abcdef"]
    objects += [workload("CronJob", meta={"name": name}) for name in ("night", "day")]
    notes = [line for line in said(file(tmp_path / "a.json", *objects, workload())) if "left out" in line]
    assert notes[0] == (
        "note: Deployment a is left out: it has no pods: its replicas are 0; for the same reason: Deployment b, "
        "Deployment c, Deployment d … (2 more)"
    )
    assert notes[1].startswith("note: CronJob night is left out: its Jobs pull when their time comes, ")
    assert notes[1].endswith("; for the same reason: CronJob day")
    assert len(notes) == 2


def test_that_all_workloads_roll_out_at_once_is_said_first(tmp_path: Path) -> None:
    several = [workload(meta={"name": name}) for name in "abc"]
    paused = workload(meta={"name": "d"}, paused=True)
    assert made_of(tmp_path, paused, *several).notes[0] == (
        "all 3 workloads roll out at the same moment; take out those that do not, or write after: [NAME] where one "
        "waits for another"
    )
    assert made_of(tmp_path, several[0]).notes == ()


def test_the_formats_of_exports_stand_below_one_another() -> None:
    lines = CliRunner().invoke(main, ["export", "--help"]).stdout.splitlines()
    starts = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[:1] != []]
    assert {"kwok", "simkube", "prometheus", "otlp"} <= set(starts)
    assert not any("\\b" in line for line in lines)
