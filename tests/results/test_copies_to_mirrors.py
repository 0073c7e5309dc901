"""What results tell of images that are copied to mirrors: in JSON, in reports, in stored runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.results.load.supply import supply_summary
from rolloutsim.simulation import simulate

TEXT = """
rolloutsim: 1
nodes: {n: {count: 4, sites: 2, hosts: [m, hub], pulls: [{image: "app:1", at: 60 s}]}}
network: {rate: 1 Gbit/s, sites: {uplink: 50 Mbit/s, latency: 18 ms}}
registries: {hub: 100 Mbit/s}
mirrors: {m: {in: site, copied: {workers: 1}}}
images: {"app:1": {layers: [30 MB, 20 MB]}}
rollout: schedule
"""


def case_of(result: rs.Result) -> dict[str, Any]:
    (case,) = json.loads(result.to_json())["cases"]
    assert isinstance(case, dict)
    return case


@pytest.fixture(scope="module")
def result() -> rs.Result:
    return rs.loads(TEXT).run()


def test_a_mirrors_row_says_when_each_image_was_there(result: rs.Result) -> None:
    rows = {row["server"]: row for row in case_of(result)["servers"]}
    assert "copied" not in rows["hub"]
    first, second = (rows[f"m-n-site-00{number}"]["copied"] for number in range(2))
    assert first["bytes"] == second["bytes"] == 50_000_000
    (image,) = first["images"]
    assert image["image"] == "app:1"
    assert first["complete_s"] == image["complete_s"] == pytest.approx(first["copy_time_s"] + image["began_s"])
    # With one worker the second begins when the first is there.
    assert second["complete_s"] == pytest.approx(2 * first["complete_s"], rel=1e-2)
    assert not image["given_up"]


def test_conditions_may_be_about_when_a_mirror_has_all_and_how_much_came(result: rs.Result) -> None:
    rows = {row["server"]: row for row in case_of(result)["servers"]}
    late = rows["m-n-site-001"]["copied"]["complete_s"]
    targets = f"""
thresholds:
  "copied{{server=m-n-site-001}}": max < {late + 1:.0f} s
  copied: max < {late - 1:.0f} s
  copy_time: max < 1 s
  copied_bytes: max < 60 MB
"""
    judged = rs.loads(TEXT + targets).run()
    told = {one.metric: (one.value, one.passed) for one in judged.thresholds}
    assert told == {
        "copied{case=all,server=m-n-site-001}": (late, True), "copied{case=all}": (late, False),
        "copy_time{case=all}": (max(row["copied"]["copy_time_s"] for row in rows.values() if "copied" in row), False),
        "copied_bytes{case=all}": (50e6, True),
    }  # fmt: skip


def test_a_mirror_that_never_has_all_misses_a_condition_about_it() -> None:
    text = TEXT.replace("{workers: 1}", "{workers: 1, rate: 1 kB/s}") + "thresholds: {copied: max < 900 h}\n"
    (judged,) = rs.loads(text).run().thresholds
    assert (judged.value, judged.passed) == (None, False)


def test_egress_has_what_is_copied_and_no_cache_ratio_has_it(result: rs.Result) -> None:
    case = case_of(result)
    rows = {row["server"]: row for row in case["servers"]}
    assert rows["hub"]["sent_bytes"] == 100_000_000
    assert rows["hub"]["bytes"] == 0
    assert (case["hit_ratio"], case["upstream_copies"]) == (None, None)


def test_copies_to_mirrors_that_nobody_asks_are_told_all_the_same() -> None:
    text = TEXT.replace(", hosts: [m, hub]", "")
    run = simulate(rs.loads(text).resolve())
    supply = supply_summary(run, run.cases[0])
    assert supply is not None
    # Four pulls and two copies.
    assert supply.egress == pytest.approx(6 * 50e6)


def test_a_stored_run_is_read_as_it_was(result: rs.Result, tmp_path: Path) -> None:
    result.save(tmp_path)
    again = rs.read(tmp_path)
    assert case_of(again)["servers"] == case_of(result)["servers"]


def test_markdown_and_report_have_the_sentence_about_mirrors(result: rs.Result) -> None:
    for text in (result.to_markdown(), result.to_html()):
        assert "app:1 is on all 2 mirrors after" in text
