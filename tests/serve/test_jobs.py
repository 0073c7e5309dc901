"""What the page is told of a scenario, against what `run`, the report and its figures say of the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.report.headline import verdict
from rolloutsim.results.shown.tables import footnotes
from rolloutsim.serve import work
from tests.long import one_in

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TWENTY = (SCENARIOS / "20nodes.yaml").read_text()


def told(do: str, **asked: Any) -> list[tuple[str, Any]]:
    """What is told of a job; JSON has it as Python does."""
    here, found = os.getcwd(), []

    def tell(name: str, content: Mapping[str, Any]) -> None:
        found.append((name, json.loads(json.dumps(content, allow_nan=False))))

    try:
        work.do({"do": do, **asked}, tell)
    finally:
        os.chdir(here)
    return found


@pytest.fixture(scope="module")
def twenty() -> list[tuple[str, Any]]:
    return told("ask", yaml=TWENTY)


@pytest.fixture(scope="module")
def answer(twenty: list[tuple[str, Any]]) -> Any:
    return dict(twenty)["answer"]


@pytest.fixture(scope="module")
def result() -> rs.Result:
    return rs.loads(TWENTY).run()


def test_an_answer_comes_between_what_can_be_changed_and_what_would_help(twenty: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in twenty]
    assert names[:3] == ["fields", "answer", "answered"]
    assert set(names[3:]) == {"what_ifs"}
    assert [content["done"] for name, content in twenty if name == "what_ifs"][-1]


def test_sentences_are_those_of_the_report_and_of_run(answer: Any, result: rs.Result) -> None:
    assert answer["headline"] == verdict(result.outcome).text
    assert answer["why"] == result.why().splitlines()
    assert answer["notes"] == list(footnotes(result.outcome))


def test_the_table_is_that_of_run(answer: Any, result: rs.Result) -> None:
    keys = [column["key"] for column in answer["columns"]]
    assert keys == ["image", "size", "on_the_wire", "rollout_time", "alone", "slowdown", "vs_smallest"]
    shown = "".join(f"| {' | '.join(row[key] for key in keys)} |\n" for row in answer["cases"])
    assert shown in result.to_markdown()
    assert [row["rollout_time_s"] for row in answer["cases"]] == [case.rollout_time for case in result]


def test_thresholds_are_those_of_run(answer: Any, result: rs.Result) -> None:
    assert [(one["passed"], one["severity"], one["case"]) for one in answer["thresholds"]] == [
        (one.passed, one.severity, one.case) for one in result.thresholds
    ]
    missed = answer["thresholds"][-1]
    assert (missed["what"], missed["target"], missed["value"], missed["headroom"], missed["state"]) == (
        "rollout time of builder", "under 60 s", "62.8 s", "5 % over", "miss",
    )  # fmt: skip


def test_curves_end_where_the_rollout_does(answer: Any, result: rs.Result) -> None:
    for curve in answer["curve"]["cases"]:
        assert (curve["t"][0], curve["share"][0], curve["share"][-1]) == (0.0, 0.0, 1.0)
        # Moments have five digits of the longest.
        assert curve["t"][-1] == pytest.approx(result[curve["case"]].rollout_time, abs=1e-3)


def test_the_mean_of_a_links_curve_is_its_utilisation(answer: Any, result: rs.Result) -> None:
    (uplink,) = answer["utilisation"]["links"]
    shares = zip(uplink["t"], uplink["t"][1:], uplink["share"], strict=False)
    carried = sum((end - start) * share for start, end, share in shares)
    (row,) = [one for one in result["builder"].links if one.link == uplink["link"]]
    assert carried / answer["utilisation"]["end"] == pytest.approx(row.utilisation, abs=0.01)
    assert uplink["mean"] == "94 %"


def test_causes_are_those_of_the_sentence(answer: Any) -> None:
    causes = [(one["cause"], one["shown"]) for one in answer["causes"] if one["case"] == "builder"]
    assert causes[:3] == [("registry uplink", "94 %"), ("node cores", "4 %"), ("node disks", "2 %")]
    assert "94 % goes to the registry uplink, 4 % to decompression and 2 % to the nodes' disks" in answer["why"][1]


def test_what_would_help_does_that_when_it_is_applied(twenty: list[tuple[str, Any]]) -> None:
    rows = {row["label"]: row for row in dict(twenty)["what_ifs"]["rows"]}
    faster = rows["registry uplink 10 Gbit/s"]
    ((_, edited),) = told("edit", yaml=TWENTY, changes=faster["changes"])
    again = rs.loads(edited["yaml"]).run()
    assert again["builder"].rollout_time == pytest.approx(faster["after_s"], rel=1e-12)
    assert (faster["before"], faster["verdict"]) == ("62.8 s", "met")


def test_what_is_wrong_is_located() -> None:
    ((name, content),) = told("ask", yaml="rolloutsim: 1\nnodes: 20\nnetwork: 1 Gb\nimages: {a: 1 MB}\n")
    assert name == "invalid"
    (error,) = content["diagnostics"]
    assert (error["line"], error["column"], error["end_column"]) == (3, 10, 14)
    assert error["message"].startswith("unknown rate unit 'Gb'")


def test_a_rollout_that_does_not_finish_has_an_answer() -> None:
    network = "{rate: 1 Gbit/s, links: {wan: {capacity: 0 bit/s}}}"
    text = f"{{rolloutsim: 1, nodes: 1, network: {network}, registry: {{via: [wan]}}, images: {{a: 1 MB}}}}"
    found = dict(told("ask", yaml=text))
    assert found["answer"]["word"] == "Not finished"
    assert found["answer"]["cases"][0]["rollout_time_s"] is None
    assert found["what_ifs"]["note"] == "nothing is tried, since the rollout did not finish."


def test_of_what_is_random_more_draws_follow() -> None:
    text = "{rolloutsim: 1, nodes: {w: {count: 4, start: {min: 0 s, max: 3 s}}}, network: 1 Gbit/s, images: {a: 9 MB}}"
    answers = [content for name, content in told("ask", yaml=text) if name == "answer"]
    assert [(one["random"], one["final"]) for one in answers] == [(True, False), (True, True)]
    assert "10_draws" in [column["key"] for column in answers[1]["columns"]]
    several = text.replace("rolloutsim: 1", "rolloutsim: 1, replications: 3")
    last = [content for name, content in told("ask", yaml=several) if name == "answer"][-1]
    assert (last["replications"], "±" in last["headline"]) == (3, True)


@pytest.mark.parametrize("name", one_in(3, ["deployment", "racks", "spegel-daemonset", "shared-link", "real-images"]))
def test_scenarios_of_every_kind_have_answers(name: str) -> None:
    found = dict(told("ask", yaml=(SCENARIOS / f"{name}.yaml").read_text(), folder=str(SCENARIOS)))
    assert found["answer"]["headline"]
    assert found["what_ifs"]["done"]


def test_a_report_of_variants_sets_them_side_by_side() -> None:
    text = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: 1 MB}, variants: {now: {}, many: {nodes: 4}}}"
    ((name, content),) = told("report", yaml=text)
    assert name == "report"
    assert "2 variants side by side" in content["html"]


def test_a_target_that_some_draws_miss_is_not_passed() -> None:
    text = (
        "{rolloutsim: 1, nodes: {w: {count: 4, start: {min: 0 s, max: 3 s}}}, network: 1 Gbit/s, images: {a: 9 MB}, "
        "thresholds: {rollout_time: max < LIMIT}}"
    )
    words = {}
    for limit in ("2.9 s", "60 s"):
        *_, last = [content for name, content in told("ask", yaml=text.replace("LIMIT", limit)) if name == "answer"]
        words[limit] = (last["state"], last["word"])
    assert words["60 s"] == ("pass", "Passed")
    assert words["2.9 s"] == ("warn", "Passed on one draw")


HOSTILE = "<script>alert(1)</script>"


def test_a_script_in_names_stays_text() -> None:
    images = json.dumps({HOSTILE: "1 MB"})
    found = dict(
        told(
            "ask", yaml=f"{{rolloutsim: 1, name: {json.dumps(HOSTILE)}, nodes: 1, network: 1 Gbit/s, images: {images}}}"
        )
    )
    assert found["answer"]["title"] == HOSTILE
    assert found["answer"]["cases"][0]["image"] == HOSTILE


def test_files_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "api.json").write_text(json.dumps({"secret": "yes"}))
    (served / "link.json").symlink_to(tmp_path / "api.json")
    text = "{{rolloutsim: 1, nodes: 1, network: 1 Gbit/s, images: {{a: {{manifest: {}}}}}}}"
    for name in ("../api.json", str(tmp_path / "api.json"), "link.json", "/etc/passwd", "no/../../api.json"):
        ((kind, content),) = told("ask", yaml=text.format(name), folder=str(served))
        assert kind == "invalid"
        assert content["diagnostics"][0]["message"] == (
            f"'{name}': outside of '{served}', where nothing is read; copy it there"
        )


def test_a_file_beside_the_scenario_is_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    layer = {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": f"sha256:{'a' * 64}",
        "size": 3_000_000,
    }
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [layer],
                "config": {**layer, "mediaType": "application/vnd.oci.image.config.v1+json"}}  # fmt: skip
    (tmp_path / "sub" / "api.json").write_text(json.dumps(manifest))
    text = "{rolloutsim: 1, nodes: 1, network: 1 Gbit/s, images: {a: {manifest: api.json}}}"
    found = dict(told("ask", yaml=text, folder=str(tmp_path), file="sub/mine.yaml"))
    assert found["answer"]["cases"][0]["size"] == "3 MB"


def test_an_edit_keeps_all_else() -> None:
    ((_, found),) = told("edit", yaml=TWENTY, changes={"nodes": "50", "network": "10 Gbit/s"})
    assert found["yaml"] == TWENTY.replace("nodes: 20", "nodes: 50").replace("network: 1 Gbit/s", "network: 10 Gbit/s")
    ((_, found),) = told("edit", yaml="a: [", changes={"nodes": "50"})
    assert found["diagnostics"][0]["message"].startswith("not YAML")
    with pytest.raises(RolloutsimError, match="unknown key 'nodez'"):
        told("edit", yaml=TWENTY, changes={"nodez": "50"})


def test_several_are_the_variants_of_one() -> None:
    faster = TWENTY.replace("network: 1 Gbit/s", "network: 10 Gbit/s")
    ((_, found),) = told("variants", variants=[["today", TWENTY, None], ["faster", faster, None]], file="v.yaml")
    assert found["yaml"] == TWENTY + "variants:\n  today: {}\n  faster: {network: 10 Gbit/s}\n"
    for other, said in (
        ("nodes: x", "nodes"),
        (faster + "seed: 2\n", "'seed' cannot be of one variant"),
        ("a: [", "YAML"),
    ):
        with pytest.raises(RolloutsimError, match=said):
            told("variants", variants=[["today", TWENTY, None], ["other", other, None]], file="v.yaml")


def test_a_key_is_explained_by_its_path_in_a_scenario() -> None:
    for key in ("nodes.web.nic", "nodes.nic", "nic", 'nodes["a.b"].nic'):
        ((_, found),) = told("explain", key=key)
        assert found["key"] == "nodes.<group>.nic"
        assert found["unit"].startswith("bit/s")
    with pytest.raises(RolloutsimError, match="there is no such key"):
        told("explain", key="nothing.like.it")


def test_a_report_is_that_of_run() -> None:
    text = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: 1 MB}}"
    ((_, found),) = told("report", yaml=text)
    assert found["html"] == rs.loads(text).run().to_html()
