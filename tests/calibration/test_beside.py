"""What else was seen of the same pulls: metrics and requests that agree with a fit, and such as do not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from click.testing import CliRunner

from rolloutsim.calibration import calibrated
from rolloutsim.calibration.beside import beside
from rolloutsim.calibration.comparison import Beside, Comparison, document
from rolloutsim.calibration.match import Matched, matches
from rolloutsim.calibration.replay import Replay
from rolloutsim.calibration.requests import Fetched, fetches
from rolloutsim.cli import main
from rolloutsim.errors import UnreadableError
from rolloutsim.imports.observed import Observed, ObservedPull, ObservedRequest, observed
from rolloutsim.scenario.loading import draft
from tests.calibration.eight import API, LARGE, ONLY, SMALL, TOOLS, eight
from tests.imports import writers

SCENARIO = eight(40_000_000)
TRUE = {"registry.uplink": "200 Mbit/s", "nodes.web.resolve_time": "700 ms"}
START = 1_795_000_000.0
PLAN = [
    *((API, node, 1000.0 + node) for node in range(8)),
    *((TOOLS, node, 10_000.0 + 1000.0 * node) for node in range(6)),
    *((TOOLS, 6 + node, 40_000.0 + 0.5 * node) for node in range(2)),
]


def _asked(plan: Sequence[tuple[str, int, float]]) -> list[ObservedPull]:
    return [
        ObservedPull(
            image, f"web-{node:03d}", f"team/p{number}", START + at, START + at + 900.0, 0.0, 900.0, 0.0, None, None,
            "kubelet event", f"e:{number}",
        )
        for number, (image, node, at) in enumerate(plan)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def true() -> Replay:
    """The cluster as it is."""
    known = draft(SCENARIO, overrides=[f"{key}={value}" for key, value in TRUE.items()])
    found = matches(known.scenario().resolve(), _asked(PLAN))
    return Replay(known, found.pulls, found.images)


@pytest.fixture(scope="module")
def pulls(true: Replay) -> list[ObservedPull]:
    """What events tell of it."""
    return [_seen(one, time) for one, time in zip(true.pulls, true.durations({}).tolist(), strict=True)]


@pytest.fixture(scope="module")
def fetched(true: Replay) -> list[Fetched]:
    return fetches(true, {})


def _seen(one: Matched, time: float) -> ObservedPull:
    assert one.began is not None
    size = {API: 300_000_000, TOOLS: 40_000_000}[one.image]
    return replace(one.seen, duration=time, began=one.began, ended=one.began + time, size=size, read=size)


def _requests(fetched: Sequence[Fetched], longer: float = 1.0) -> list[ObservedRequest]:
    """What the registry logs of the fetches; its last 4 MiB are in the socket's buffer when it is done."""
    return [
        ObservedRequest(
            one.ended, one.time * longer, f"10.0.0.{int(one.node[-3:]) + 1}", "GET", f"/v2/team/x/blobs/{one.layer}",
            200, int(one.size), "x",
        )
        for one in fetched if one.ended is not None
    ]  # fmt: skip


def _beside(folder: Path, pulls: Sequence[ObservedPull], *texts: str, scenario: str = SCENARIO) -> Beside:
    files = []
    for number, text in enumerate((writers.kubectl_list(writers.events(pulls)), *texts)):
        (folder / f"{number}.txt").write_text(text)
        files.append(str(folder / f"{number}.txt"))
    known = draft(scenario, overrides=[f"{key}={value}" for key, value in TRUE.items()])
    seen = observed(files)
    found = matches(known.scenario().resolve(), seen.pulls)
    replay = Replay(known, found.pulls, found.images)
    return beside(seen, replay, {}, replay.durations({}).tolist(), 0.02)


def _of(made: Beside, quantity: str, subject: str = "") -> Comparison:
    (found,) = [one for one in made.comparisons if one.quantity == quantity and subject in one.subject]
    return found


# ---- registries -------------------------------------------------------------------------------------------


def test_a_layer_that_is_fetched_alone_takes_its_bytes_by_the_links_payload(fetched: list[Fetched]) -> None:
    alone = [one.time for one in fetched if one.layer == ONLY][:6]
    # 200 Mbit/s, of which 1448 of 1538 bytes are payload at an MTU of 1500; a first byte and slow start beside that.
    assert alone == pytest.approx([40e6 / (25e6 * 1448 / 1538)] * 6, rel=0.05)
    assert len(fetched) == 8 * 2 + 8


def test_requests_of_the_same_pulls_agree_with_the_fit(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed(_requests(fetched))))
    assert [one for one in made.comparisons if one.differs] == []
    assert made.meanings == ()
    assert _of(made, "requests").low == _of(made, "requests").predicted == 24
    assert _of(made, "bytes").low == 8 * 340e6
    assert _of(made, "clients at once").low == 8
    rate = _of(made, "median rate")
    assert rate.predicted_of == 24
    assert rate.low == pytest.approx(rate.high * (1.0 - 4 * 2**20 / 100e6), rel=0.03)  # most are of 100 MB or more
    large = _of(made, "median time", "aaaa")
    assert large.subject == "registry: sha256:aaaaaaaaaaaa of api:1.2 (200 MB)"
    assert large.low == pytest.approx(large.predicted, rel=0.05)
    assert large.high == pytest.approx(large.low * 200e6 / (200e6 - 4 * 2**20))


@pytest.mark.parametrize(("longer", "differs", "says"), [(0.4, -1, "sent faster"), (1.6, 1, "sent more slowly")])
def test_requests_that_took_other_times_are_said_to_differ(
    longer: float, differs: int, says: str, pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed(_requests(fetched, longer), "json")))
    assert {one.differs for one in made.comparisons if one.quantity == "median time"} == {differs}
    assert _of(made, "median rate").differs == -differs
    assert len([text for text in made.meanings if says in text]) == 1
    assert _of(made, "requests").differs == 0


def test_fewer_requests_than_pulls_need_may_be_a_cache(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    first = {one.layer: one for one in reversed(fetched)}.values()
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed(_requests(list(first)))))
    assert (_of(made, "requests").low, _of(made, "requests").differs) == (3, -1)
    assert any("a cache or mirror before it may have answered the others" in text for text in made.meanings)


def test_more_requests_than_pulls_need_are_of_pulls_that_no_event_tells(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    mine = _requests(fetched)
    others = [replace(one, client=f"10.0.1.{one.client[7:]}") for one in mine]
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed([*mine, *others])))
    assert (_of(made, "requests").low, _of(made, "requests").differs) == (48, 1)
    assert _of(made, "clients at once").differs == 1
    assert any("of which no event was given" in text for text in made.meanings)


def test_as_many_requests_from_one_client_may_be_a_proxy(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    mine = [replace(one, client="10.0.0.250") for one in _requests(fetched)]
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed(mine)))
    assert _of(made, "requests").differs == 0
    assert (_of(made, "clients at once").low, _of(made, "clients at once").differs) == (1, -1)
    assert any("the address may be that of a proxy" in text for text in made.meanings)


@pytest.mark.parametrize("kind", ["access", "notifications"])
def test_without_durations_only_numbers_are_compared(
    kind: str, pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    mine = [replace(one, duration=None) for one in _requests(fetched)]
    text = "\n".join(writers.access_log(mine)) if kind == "access" else writers.notifications(mine)
    made = _beside(tmp_path, pulls, text)
    assert [one.quantity for one in made.comparisons] == ["requests", "bytes", "clients in 10 s"]
    assert [one.differs for one in made.comparisons] == [0, 0, 0]
    assert any("have no duration" in text for text in made.meanings)


def test_what_comes_from_a_cache_by_the_scenario_is_said(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    text = "\n".join(writers.response_completed(_requests(fetched)))
    cached = SCENARIO.replace("web: {", "web: {hosts: [front], ").replace("images:", "caches: {front: {}}\nimages:")
    made = _beside(tmp_path, pulls, text, scenario=cached)
    assert any("come from registry through front" in one for one in made.meanings)
    assert not any("come from" in one for one in _beside(tmp_path, pulls, text).meanings)


def test_an_image_of_which_the_size_alone_is_known_needs_no_requests(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    other = [replace(one, image="registry.example/x/y:1", size=9_000_000, read=None) for one in pulls[:8]]
    made = _beside(tmp_path, [*other, *pulls[8:]], "\n".join(writers.response_completed(_requests(fetched))))
    assert (_of(made, "requests").low, _of(made, "requests").predicted) == (8, 8)
    assert made.left_out["requests of blobs that are in none of the images that were pulled"] == 16


def test_a_histogram_of_fewer_pulls_than_were_given_says_so(pulls: list[ObservedPull], tmp_path: Path) -> None:
    made = _beside(tmp_path, pulls, writers.kubelet_metrics([replace(one, duration=3000.0) for one in pulls[:3]]))
    assert any("it counts 3 pulls, fewer than the 8 that were given" in text for text in made.meanings)


def test_requests_at_other_times_and_of_other_blobs_are_counted(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    mine = _requests(fetched)
    later = [replace(one, ended=(one.ended or 0.0) + 500_000.0) for one in mine[:5]]
    strange = [replace(one, path=f"/v2/x/blobs/sha256:{'9' * 64}", sent=9) for one in mine[:2]]
    made = _beside(tmp_path, pulls, "\n".join(writers.response_completed([*mine, *later, *strange])))
    assert _of(made, "requests").low == 24
    assert list(made.left_out.values()) == [2, 5]
    nothing = _beside(tmp_path, pulls, "\n".join(writers.response_completed(later)))
    assert nothing.comparisons == ()
    assert list(nothing.left_out.values()) == [5]


def test_layers_without_digests_are_found_by_a_size_that_only_one_has(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    plain = SCENARIO.replace(f'digest: "{LARGE}", ', "").replace(f'digest: "{SMALL}", ', "")
    text = "\n".join(writers.response_completed(_requests(fetched)))
    made = _beside(tmp_path, pulls, text, scenario=plain)
    assert _of(made, "requests").low == 24
    assert [one.differs for one in made.comparisons] == [0] * len(made.comparisons)
    alike = plain.replace("200000000 B", "150000000 B").replace("100000000 B", "150000000 B")
    same = text.replace("200000000", "150000000").replace("100000000", "150000000")
    of_one = "\n".join(line for line in same.splitlines() if SMALL not in line)
    for log, count in ((same, 16), (of_one, 8)):
        left_out = _beside(tmp_path, pulls, log, scenario=alike).left_out
        assert left_out["requests of blobs that are in none of the images that were pulled"] == count


def test_times_of_blobs_that_fit_into_a_sockets_buffer_are_not_compared(
    pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path
) -> None:
    small = SCENARIO.replace("40000000 B", "7000000 B")
    mine = [replace(one, sent=7_000_000) if one.path.endswith(ONLY) else one for one in _requests(fetched)]
    mine = [replace(one, duration=0.001) if one.sent == 7_000_000 else one for one in mine]
    seen = [replace(one, size=7_000_000, read=7_000_000) if one.image == TOOLS else one for one in pulls]
    made = _beside(tmp_path, seen, "\n".join(writers.response_completed(mine)), scenario=small)
    assert [one.subject for one in made.comparisons if "cccc" in one.subject] == []
    assert [count for text, count in made.left_out.items() if "socket's buffer" in text] == [8]


# ---- metrics ----------------------------------------------------------------------------------------------


def test_a_kubelets_histogram_of_the_same_pulls_agrees_with_the_fit(pulls: list[ObservedPull], tmp_path: Path) -> None:
    large = [one for one in pulls if one.image == API]
    made = _beside(tmp_path, pulls, writers.kubelet_metrics(large))
    middle, most = made.comparisons
    assert middle.subject == "kubelet: pulls of 100MB-500MB, with waiting"
    assert (middle.quantity, most.quantity) == ("median time", "90 % within")
    assert middle.low < middle.predicted <= middle.high
    assert (middle.low, middle.high) == _between(sorted(one.duration for one in large)[3])
    assert (middle.measured_of, middle.predicted_of, middle.differs, most.differs) == (8, 8, 0, 0)
    assert made.meanings == ()


def _between(value: float) -> tuple[float, float]:
    return max(one for one in writers.BOUNDS if one < value), min(one for one in writers.BOUNDS if one >= value)


def test_waiting_that_events_tell_is_in_what_is_predicted(pulls: list[ObservedPull], tmp_path: Path) -> None:
    waited = [replace(one, waited=300.0) for one in pulls]
    text = writers.kubelet_metrics([one for one in waited if one.image == API])
    told = _beside(tmp_path, waited, text)
    assert [one.differs for one in told.comparisons] == [0, 0]
    untold = _beside(tmp_path, pulls, text)
    assert [one.differs for one in untold.comparisons] == [1, 1]
    assert any("wait longer than events say" in one for one in untold.meanings)


def test_a_histogram_of_more_pulls_may_be_of_looks_at_what_was_there(pulls: list[ObservedPull], tmp_path: Path) -> None:
    large = [one for one in pulls if one.image == API]
    looks = [replace(one, duration=0.4) for one in large] * 2
    made = _beside(tmp_path, pulls, writers.kubelet_metrics([*large, *looks]))
    middle, _ = made.comparisons
    assert (middle.low, middle.differs) == (0.0, 0)
    assert middle.high == _between(sorted(one.duration for one in large)[3])[1]
    slow = [replace(one, duration=3000.0) for one in large] * 2
    made = _beside(tmp_path, pulls, writers.kubelet_metrics([*large, *slow]))
    assert made.comparisons[0].differs == 1
    assert any("it counts 24 pulls since its program began, of which 8 were given" in one for one in made.meanings)


@pytest.mark.parametrize("size_class", ["1GB-5GB", "N/A", "", "GT100GB"])
def test_a_histogram_of_sizes_that_were_not_pulled_is_not_compared(
    size_class: str, pulls: list[ObservedPull], tmp_path: Path
) -> None:
    made = _beside(tmp_path, pulls, writers.kubelet_metrics(pulls, size_class))
    assert made.comparisons == ()
    assert list(made.left_out.values()) == [1]


def test_containerds_histogram_is_compared_and_has_nothing_over_its_bounds(
    pulls: list[ObservedPull], tmp_path: Path
) -> None:
    rates = [(one.size or 0) / one.duration for one in pulls]
    made = _beside(tmp_path, pulls, writers.containerd_metrics(rates))
    assert [one.differs for one in made.comparisons] == [0, 0]
    assert [one.unit for one in made.comparisons] == ["B/s", "B/s"]
    faster = _beside(tmp_path, pulls, writers.containerd_metrics([rate * 2**20 for rate in rates]))
    assert [one.high for one in faster.comparisons] == [inf, inf]
    assert faster.comparisons[1].differs == 1
    assert any("count bytes in place of MiB" in text for text in faster.meanings)


@pytest.mark.parametrize(
    "counts",
    [
        {1.0: 5.0, 2.0: 3.0, inf: 4.0},  # fewer are at most more
        {inf: 8.0},
        {60.0: 8.0},  # no last bucket
        {-inf: 3.0, -5.0: 4.0, 0.0: 4.0, 1e-9: 4.0, inf: 5.0},
        {1e308: 1.0, inf: 1.7e308},
        {1.0: 0.0, inf: 0.0},
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        'kubelet_image_pull_duration_seconds{image_size_in_bytes="100MB-500MB"}',
        'kubelet_runtime_operations_duration_seconds{operation_type="pull_image"}',
        "containerd_cri_image_pulling_throughput_mibps",
        "crio_image_pulls_layer_size",
    ],
)
def test_histograms_that_are_broken_are_no_error(name: str, counts: dict[float, float], true: Replay) -> None:
    times = true.durations({}).tolist()
    made = beside(Observed([], histograms={name: counts}), true, {}, times, 0.02)
    assert len(made.comparisons) in (0, 2)
    assert all(one.low <= one.high for one in made.comparisons)
    assert json.dumps(document(made), allow_nan=False)


# ---- the command ------------------------------------------------------------------------------------------


def test_the_command_shows_what_was_compared(pulls: list[ObservedPull], fetched: list[Fetched], tmp_path: Path) -> None:
    scenario, events, log, metrics = (tmp_path / name for name in ("s.yaml", "e.json", "r.log", "m.prom"))
    scenario.write_text(SCENARIO)
    alone = [one for one in pulls if one.image == TOOLS][:6]
    events.write_text(writers.kubectl_list(writers.events(alone)))
    log.write_text(
        "\n".join(writers.response_completed(_requests([one for one in fetched if one.layer == ONLY][:6], 1.6)))
    )
    metrics.write_text(writers.kubelet_metrics(alone, "10MB-100MB"))
    run, common = CliRunner(), ["calibrate", str(scenario)]
    for one in (events, log, metrics):
        common += ["--events", str(one)]
    shown = run.invoke(main, common)
    assert shown.exit_code == 0, shown.output
    table = shown.stdout[shown.stdout.index(" Beside: what else") :]
    assert "kubelet: pulls of 10MB-100MB, with waiting" in table
    assert " Beside the registry sent more slowly than predicted" in table
    assert "no use is made" not in shown.stdout
    data = json.loads(run.invoke(main, [*common, "--format", "json"]).stdout)["beside"]
    assert {one["unit"] for one in data["comparisons"]} == {"s", "B/s", "B", None}
    assert {one["differs"] for one in data["comparisons"]} == {None, "larger", "smaller"}
    without = run.invoke(main, ["calibrate", str(scenario), "--events", str(events)]).stdout
    assert "Beside" not in without


def test_requests_without_durations_are_refused_without_pulls(fetched: list[Fetched], tmp_path: Path) -> None:
    (tmp_path / "r.log").write_text("\n".join(writers.access_log(_requests(fetched))))
    said = (
        r"24 requests of a registry, which tell nothing without pulls\); give events .* kubectl get events -A -o json"
    )
    with pytest.raises(UnreadableError, match=said):
        calibrated(draft(SCENARIO), observed([str(tmp_path / "r.log")]))
