"""The shipped scenarios: what a newcomer reads first must be in order."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

import rolloutsim
from rolloutsim.scenario import json_schema
from tests.shipped import ROOT, SCENARIOS, result_of, shipped


def each(test):
    return pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)(test)


def test_the_schema_at_the_root_is_current() -> None:
    """If this fails after an intended change: make schema."""
    assert json.loads((ROOT / "rolloutsim.schema.json").read_text(encoding="utf-8")) == json_schema()


@each
def test_it_opens_with_the_schema_a_title_its_question_and_its_sources(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../rolloutsim.schema.json"
    assert lines[2].startswith("# ")
    comment = "\n".join(lines[: lines.index("rolloutsim: 1")])
    assert all(f"# {word}" in comment for word in ("Question: ", "Sources:  ", "Answer:   "))
    assert comment.count("?") >= 1


@each
def test_an_independent_validator_accepts_it(path: Path) -> None:
    validator().validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))


@cache
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "rolloutsim.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@each
def test_it_runs_to_the_end(path: Path) -> None:
    assert all(case.finished for case in shipped(path.stem).cases)


def test_20_nodes_in_the_ideal_model_take_the_bytes_over_the_capacity() -> None:
    """Oracle: 20 x size / 1 Gbit/s."""
    result = result_of("20nodes", "model=ideal")
    times = [case.rollout_time for case in result]
    assert times == pytest.approx([0.6352, 2.56, 41.12, 55.36], rel=1e-9)


def test_ten_times_the_network_is_not_ten_times_as_quick() -> None:
    slow, fast = (result_of(name) for name in ("20nodes", "20nodes-10g"))
    assert fast["builder"].rollout_time < slow["builder"].rollout_time < 10 * fast["builder"].rollout_time


def test_the_layers_of_multi_stage_add_up_to_the_images_of_20nodes() -> None:
    layered, flat = (rolloutsim.load(ROOT / f"scenarios/{name}.yaml").resolve() for name in ("multi-stage", "20nodes"))
    assert {n: i.compressed for n, i in layered.images.items()} == {n: i.compressed for n, i in flat.images.items()}


def test_racks_are_the_bottleneck_of_racks() -> None:
    """Oracle: 40 NICs of 1 Gbit/s share 5 Gbit/s, five times that is less than the registry's 40."""
    case = result_of("racks")["service-with-tools"]
    at_racks = sum(time for cause, time in case.time_split.items() if cause.endswith(".down"))
    assert at_racks > 0.5 * sum(case.time_split.values())
    assert "registry.uplink" not in case.time_split


def test_the_small_far_image_of_two_registries_takes_longer_than_the_large_near_one() -> None:
    result = result_of("two-registries")
    assert result["sidecar"].bytes_on_wire * 10 < result["service"].bytes_on_wire
    assert result["sidecar"].rollout_time > result["service"].rollout_time
    assert max(result["sidecar"].time_split, key=result["sidecar"].time_split.__getitem__) == "wan"


def test_nodes_that_run_redis_do_not_fetch_its_base_for_postgres() -> None:
    """Oracle: the base layer's 29,830,418 bytes (docker-library/repo-info), saved by ten nodes of twenty."""
    result = result_of("real-images")
    postgres = rolloutsim.load(ROOT / "scenarios/real-images.yaml").resolve().images["postgres"].compressed
    assert result["postgres"].bytes_on_wire == pytest.approx(20 * postgres - 10 * 29_830_418)


def test_a_deployment_serves_with_what_its_max_unavailable_promises() -> None:
    """Oracle: 60 - floor(25 % of 60) = 45 pods; 0 unavailable is 60."""
    quick, careful = (result_of("deployment", *overrides) for overrides in ([], ["rollout.max_unavailable=0"]))
    assert [least_ready(result) for result in (quick, careful)] == [45, 60]
    assert quick["all"].rollout_time < careful["all"].rollout_time < 1.1 * quick["all"].rollout_time


def test_ten_percent_of_a_daemonset_at_a_time_is_nearly_as_many_times_as_fast() -> None:
    """Oracle: 25 pods at a time are 25 times as fast at best; the field's factor of about 10 is no oracle."""
    one, tenth = (result_of("daemonset-250", *overrides) for overrides in ([], ["rollout.max_unavailable=10%"]))
    assert [least_ready(result) for result in (one, tenth)] == [249, 225]
    ratio = one["all"].rollout_time / tenth["all"].rollout_time
    assert 20 < ratio < 25
    # The time split says where the difference goes: to waiting for one's turn, and to nothing else.
    slow, fast = one["all"].time_split, tenth["all"].time_split
    gained = {cause: slow.get(cause, 0.0) - fast.get(cause, 0.0) for cause in {*slow, *fast}}
    assert gained["controller_pacing"] > 0.99 * sum(gained.values())


def test_the_last_pods_behind_docker_hubs_limit_wait_for_its_tokens() -> None:
    """Oracle: 100 pulls at once, then one every 6 h / 100 = 216 s for 20 nodes; a kubelet asks at least every 300 s."""
    limited, free = (
        result_of("rate-limited", *overrides) for overrides in ([], ["registries.hub.rate_limits.anonymous.burst=120"])
    )
    asked = limited.run.cases[0].pods.asked.min()
    assert 20 * 216 < limited["all"].rollout_time - asked < 20 * 216 + 300 + free["all"].rollout_time
    ready = limited.run.cases[0].pods.ready
    assert (ready < free["all"].rollout_time).sum() == 100


def least_ready(result: rolloutsim.Result) -> int:
    """The fewest pods of the first workload that were ready at any time."""
    orchestration = result.run.cases[0].orchestration
    changes = orchestration.replicas
    return len(orchestration.old_pods.node) + int((changes.old + changes.new).cumsum().min())
