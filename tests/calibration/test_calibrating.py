"""What a calibration does with pulls: whose they are, what cannot be told, what is far off, what is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from rolloutsim.calibration import Calibration, calibrated
from rolloutsim.calibration.match import matches
from rolloutsim.calibration.writing import calibrated_text
from rolloutsim.cli import main
from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports.observed import Observed, ObservedPull, observed
from rolloutsim.results.caveats import about_calibration
from rolloutsim.scenario import loads
from rolloutsim.scenario.loading import draft
from tests.imports import writers

FILES = Path(__file__).parents[1] / "data" / "imports" / "files"
SCENARIO = """\
rolloutsim: 1
nodes: {web: {count: 8, nic: 10 Gbit/s, disk: 500 MB/s}}
network: 1 Gbit/s  # assumed
registry: {uplink: 1 Gbit/s}  # assumed
images:
  registry.example/team/api:1.2: {compressed: 300 MB, layers: [{compressed: 200 MB}, {compressed: 100 MB}]}
  registry.example/team/small:3: 4 MB
""".replace("compressed: 300 MB, layers", "layers")
API, SMALL = "registry.example/team/api:1.2", "registry.example/team/small:3"
# Registry at 200 Mbit/s, so that what is left of a pull, unpacking and fixed times, counts for little.
TRUE = {"registry.uplink": "200 Mbit/s", "nodes.web.resolve_time": "700 ms"}


def pull(image: str, number: int, at: float | None, took: float, node: str | None = None) -> ObservedPull:
    """A pull as an event tells of it, of a node by itself unless one is named."""
    name = f"web-{number % 8:03d}" if node is None else node
    ended = None if at is None else at + took
    return ObservedPull(image, name, None, at, ended, 0.0, took, None, None, None, "kubelet event", f"e:{number}")


def seen(plan: Sequence[tuple[str, int, float]], wobble: float = 0.03) -> list[ObservedPull]:
    """What would be seen of pulls (image, node, start [s]) in a scenario with the true numbers."""
    from rolloutsim.calibration.replay import Replay

    true = draft(SCENARIO, overrides=[f"{key}={value}" for key, value in TRUE.items()])
    # So long that all that are asked for within a thousand seconds overlap.
    asked = [pull(image, node, at, 900.0) for image, node, at in plan]
    found = matches(true.scenario().resolve(), asked)
    times = Replay(true, found.pulls, found.images).durations({})
    return [
        replace(one.seen, duration=time * factor, ended=(one.seen.began or 0.0) + time * factor)
        for one, time, factor in zip(
            found.pulls, times.tolist(), _factors(len(times), wobble), strict=True
        )
    ]  # fmt: skip


def _factors(count: int, wobble: float) -> list[float]:
    return [1.0 + wobble * ((number * 7) % 5 - 2) / 2 for number in range(count)]


MANY = [
    *((API, node, 1000.0 + node) for node in range(8)),
    *((API, node, 10_000.0 + 1000.0 * node) for node in range(4)),
    *((SMALL, node, 20_000.0 + 1000.0 * node) for node in range(6)),
    *((SMALL, node, 40_000.0 + 0.1 * node) for node in range(8)),
]


@pytest.fixture(scope="module")
def made() -> Calibration:
    return calibrated(draft(SCENARIO), Observed(seen(MANY)))


def test_numbers_that_pulls_tell_are_found(made: Calibration) -> None:
    found = {one.parameter.key: one for one in made.fitted}
    for key, true in (("registry.uplink", 25e6), ("nodes.web.resolve_time", 0.7)):
        assert found[key].is_told
        assert found[key].low < true < found[key].high, key
        assert found[key].value == pytest.approx(true, rel=0.05)
    assert made.scatter < 0.04


def test_a_number_that_the_scenario_gives_is_kept(made: Calibration) -> None:
    assert {one.key for one in made.given} == {"nodes.web.nic", "nodes.web.disk.rate"}


@pytest.mark.long
def test_a_number_that_is_said_to_be_assumed_is_fitted_and_any_other_if_asked_for() -> None:
    given = SCENARIO.replace("registry: {uplink: 1 Gbit/s}  # assumed", "registry: {uplink: 1 Gbit/s}  # our contract")
    pulls = Observed(seen(MANY))
    assert "registry.uplink" in {one.key for one in calibrated(draft(given), pulls).given}
    assert "registry.uplink" in {
        one.parameter.key for one in calibrated(draft(given), pulls, fit=["registry.uplink"]).fitted
    }
    with pytest.raises(UsageError, match=r"registry\.tls is no number that these pulls could tell; those are: nodes"):
        calibrated(draft(given), pulls, fit=["registry.tls"])


def test_equal_pulls_one_at_a_time_do_not_tell_network_from_unpacking() -> None:
    alone = calibrated(draft(SCENARIO), Observed(seen([(API, node, 1000.0 * node) for node in range(8)])))
    (said, *_) = [text for text in alone.untold if "cannot be told apart" in text]
    assert "all pulls are of one image on 8 equal nodes, one at a time" in said
    assert "the registry's uplink (registry.uplink)" in said
    assert "what would tell: many nodes at once" in said
    assert not any(one.is_told for one in alone.fitted)  # and no interval claims that they do


def test_a_number_that_changes_nothing_is_said_to_be_untold(made: Calibration) -> None:
    (said,) = [text for text in made.untold if text.startswith("registry.connection_cap")]
    assert "these pulls take as long whatever it is" in said
    assert "an image of one large layer and one of several" in said


def test_pulls_that_are_far_off_are_left_out_and_counted() -> None:
    pulls = seen(MANY)
    pulls[10] = replace(pulls[10], duration=pulls[10].duration * 6)
    found = calibrated(draft(SCENARIO), Observed(pulls))
    assert [one.is_outlier for one in found.pulls].count(True) == 1
    assert next(one.pull.seen.place for one in found.pulls if one.is_outlier) == pulls[10].place
    uplink = next(one for one in found.fitted if one.parameter.key == "registry.uplink")
    assert uplink.value == pytest.approx(25e6, rel=0.05)


def test_the_same_seed_gives_the_same_intervals_and_another_others(made: Calibration) -> None:
    again, other = (calibrated(draft(SCENARIO), Observed(seen(MANY)), seed=seed) for seed in (1, 2))
    assert [(one.low, one.value, one.high) for one in again.fitted] == [
        (one.low, one.value, one.high) for one in made.fitted
    ]
    assert [one.low for one in other.fitted] != [one.low for one in made.fitted]


def test_a_burst_is_compared_as_a_whole(made: Calibration) -> None:
    (of_api,) = [one for one in made.bursts if one.image == API]
    assert of_api.pulls == 8
    assert of_api.after == pytest.approx(of_api.measured, rel=0.05)
    assert of_api.before < 0.5 * of_api.measured


def test_what_is_written_is_valid_keeps_the_rest_and_says_where_it_is_from(made: Calibration) -> None:
    text = calibrated_text(SCENARIO, made, ["events.json"])
    assert "calibrated: " in text
    assert " from 26 pulls of events.json" in text
    after = loads(text)
    assert after.calibrated["registry.uplink"].pulls == 26
    assert [line for line in SCENARIO.splitlines() if line.startswith("  ")] == [
        line for line in text.splitlines() if line.startswith("  registry.example")
    ]
    said = about_calibration(after.resolve())
    assert said.startswith("Calibrated on 26 pulls of 2 images: registry.uplink (90 %: ")
    assert "was calibrated" in about_calibration(loads(SCENARIO).resolve())


@pytest.mark.long
def test_what_was_fitted_is_assumed_no_more(made: Calibration) -> None:
    own = SCENARIO.replace("  # assumed", "")
    said = "assumed:\n  network.rate: a guess\n  registry.uplink: a guess\n"
    found = calibrated(draft(own + said), Observed(seen(MANY)))
    assert [one.value for one in found.fitted] == [one.value for one in made.fitted]
    after = loads(calibrated_text(own + said, found, ["events.json"]))
    assert after.assumed == {"network.rate": "a guess"}
    assert "registry.uplink" in after.calibrated
    assert "registry.uplink" not in {one.parameter.key for one in calibrated(draft(own), Observed(seen(MANY))).fitted}


def test_what_was_calibrated_changes_no_result(made: Calibration) -> None:
    text = calibrated_text(SCENARIO, made, ["events.json"])
    without = text[: text.index("\ncalibrated:")] + "\n"
    assert loads(text).resolve().sha256 == loads(without).resolve().sha256


def test_a_calibrated_number_is_fitted_again(made: Calibration) -> None:
    text = calibrated_text(SCENARIO, made, ["events.json"])
    again = calibrated(draft(text), Observed(seen(MANY)))
    assert {"registry.uplink", "nodes.web.resolve_time"} <= {one.parameter.key for one in again.fitted}
    before = {one.parameter.key: one.value for one in made.fitted}
    for one in again.fitted:
        assert one.value == pytest.approx(before[one.parameter.key], rel=0.1)


# ---- whose pulls they are ---------------------------------------------------------------------------------


def test_dockerd_tells_unpacked_sizes_and_containerd_compressed_ones() -> None:
    told = replace(pull("registry.example/team/other:9", 0, 0.0, 5.0), size=240_000_000)
    sizes = {}
    for runtime in ("containerd", "dockerd", "cri-o"):
        scenario = loads(SCENARIO, overrides=[f"nodes.web.runtime={runtime}"]).resolve()
        found = matches(scenario, [told])
        sizes[runtime] = found.images[found.pulls[0].image].compressed
    assert sizes["containerd"] == 240_000_000
    assert sizes["dockerd"] == sizes["cri-o"] < 0.5 * 240_000_000


def test_an_image_is_found_by_its_reference_its_short_name_or_its_size() -> None:
    scenario = loads(SCENARIO.replace(SMALL, "small")).resolve()
    pulls = [
        pull(API, 0, 0.0, 5.0),
        pull("registry.example/team/small:7", 1, 100.0, 5.0),
        replace(pull("registry.example/x/y:1", 2, 200.0, 5.0), size=10_000_000),
        pull("registry.example/x/z:1", 3, 300.0, 5.0),
        replace(pull("quay.io/x/y:1", 4, 400.0, 5.0), size=10_000_000),
    ]
    found = matches(scenario, pulls)
    assert [one.image for one in found.pulls] == [API, "small", "registry.example/x/y:1 of 10000000 B"]
    assert found.left_out == {
        "registry.example/x/z:1 is no image of the scenario, and its size is not told": 1,
        "no image of the scenario is from quay.io, and so its registry is another one": 1,
    }


def test_an_image_of_another_size_is_scaled_and_one_that_was_held_in_part_is_what_was_read() -> None:
    scenario = loads(SCENARIO).resolve()
    pulls = [
        replace(pull(API, 0, 0.0, 5.0), size=600_000_000),
        replace(pull(API, 1, 100.0, 5.0), size=300_000_000, read=50_000_000),
    ]
    found = matches(scenario, pulls)
    scaled, part = (found.images[one.image] for one in found.pulls)
    assert [layer.compressed for layer in scaled.layers] == [400e6, 200e6]
    assert part.compressed == 50e6
    assert len(found.notes) == 2


def test_nodes_belong_to_groups_by_pattern_name_or_being_the_only_one() -> None:
    two = loads(SCENARIO.replace("nodes: {web: {", "nodes: {gpu: {count: 2}, web: {")).resolve()
    names = ("web-003", "ip-10-0-0-7", "pool-gpu-1", "other", None)
    pulls = [replace(pull(API, 0, 100.0 * place, 5.0), node=name) for place, name in enumerate(names)]
    found = matches(two, pulls, [("web", "ip-10-*")])
    assert [(one.node, one.group) for one in found.pulls] == [("web-003", 1), ("ip-10-0-0-7", 1), ("pool-gpu-1", 0)]
    assert sum(found.left_out.values()) == 2
    assert len(matches(loads(SCENARIO).resolve(), pulls).pulls) == 5


def test_a_pattern_of_nodes_for_a_group_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"--node api=ip-\*: no group of nodes is named so; there are: web"):
        matches(loads(SCENARIO).resolve(), [], [("api", "ip-*")])


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"{", b"[1, 2", b"a: [", b'{"kind": "Event"}', b"\x1f\x8b"])
def test_hostile_events_are_refused_and_not_a_traceback(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "e.json").write_bytes(content)
    done = CliRunner().invoke(main, ["calibrate", str(tmp_path / "s.yaml"), "--events", str(tmp_path / "e.json")])
    assert done.exit_code == 6, done.output
    assert done.stderr.startswith("error: ")


def test_the_runtime_began_when_stamps_and_duration_together_say() -> None:
    scenario = loads(SCENARIO).resolve()
    stamped = ObservedPull(API, "web-000", None, 100.0, 105.0, 1.0, 4.2, 0.0, None, None, "kubelet event", "x")
    (one,) = matches(scenario, [stamped]).pulls
    assert (one.began, one.slack) == (pytest.approx(100.9), pytest.approx(0.1))  # of [100, 101) and [100.8, 101.8)


# ---- what people give -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["15-pull-events.txt", "01-containerd-journal.txt"])
def test_a_real_sample_calibrates_or_says_why_not(name: str, tmp_path: Path) -> None:
    (sample,) = FILES.glob(f"{name[:2]}-*")
    text = SCENARIO[: SCENARIO.index("images:")] + "images: {app: 100 MB}\n"
    found = observed([str(sample)])
    assert found.pulls
    told = calibrated(draft(text), found)
    assert told.used > 0
    assert all(one.low <= one.value <= one.high for one in told.fitted)


def test_nothing_that_can_be_used_is_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableError, match="no pull of an image in what was given"):
        calibrated(draft(SCENARIO), Observed())
    with pytest.raises(UnreadableError, match=r"none of the 1 pulls .* its registry is another one"):
        calibrated(draft(SCENARIO), Observed([pull("quay.io/x:1", 0, 0.0, 3.0)]))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_pulls_make_no_claims(count: int) -> None:
    few = calibrated(draft(SCENARIO), Observed(seen(MANY)[:count]))
    assert all(one.low <= one.value <= one.high for one in few.fitted)


def test_the_command_shows_writes_and_refuses(tmp_path: Path) -> None:
    scenario, events, out = tmp_path / "mine.yaml", tmp_path / "events.json", tmp_path / "out.yaml"
    scenario.write_text(SCENARIO)
    events.write_text(writers.kubectl_list(writers.events(seen(MANY))))
    run = CliRunner()
    common = ["calibrate", str(scenario), "--events", str(events)]
    shown = run.invoke(main, common)
    assert shown.exit_code == 0, shown.output
    assert "registry.uplink" in shown.stdout
    assert "nothing was written" in shown.stderr
    assert scenario.read_text() == SCENARIO
    data = json.loads(run.invoke(main, [*common, "--format", "json"]).stdout)
    assert len(data["pulls"]) == 20  # six take no longer than looking for what is there, on nodes that had it
    picture = tmp_path / "fit.svg"
    assert run.invoke(main, [*common, "-o", str(out), "--plot", str(picture)]).exit_code == 0
    assert picture.read_text().lstrip().startswith("<?xml")
    assert run.invoke(main, [*common, "--into"]).exit_code == 0
    assert scenario.read_text() == out.read_text() != SCENARIO
    refused = run.invoke(main, [*common, "--into", "-o", "x.yaml"])
    assert refused.exit_code == 2
    empty = tmp_path / "empty.json"
    empty.write_text('{"kind": "List", "apiVersion": "v1", "items": []}')
    refused = run.invoke(main, ["calibrate", str(scenario), "--events", str(empty)])
    assert refused.exit_code == 6
    assert "error: " in refused.stderr


@pytest.mark.parametrize("is_calibrated", [False, True])
def test_a_report_says_under_its_limits_what_was_calibrated(
    made: Calibration, is_calibrated: bool, tmp_path: Path
) -> None:
    scenario, result, page = tmp_path / "s.yaml", tmp_path / "r", tmp_path / "page.md"
    scenario.write_text(calibrated_text(SCENARIO, made, ["events.json"]) if is_calibrated else SCENARIO)
    run = CliRunner()
    assert run.invoke(main, ["run", str(scenario), "-o", str(result)]).exit_code == 0
    assert run.invoke(main, ["report", str(result), "-o", str(page)]).exit_code == 0
    text = page.read_text()
    assert ("Calibrated on 26 pulls of 2 images: registry.uplink (90" in text) is is_calibrated
    assert ("No number of this scenario was calibrated on pulls" in text) is not is_calibrated
