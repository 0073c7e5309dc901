"""Metrics of pulls, and what registries log of requests."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from rolloutsim.errors import UnreadableError
from tests.imports import writers
from tests.imports.seen import NOON, of, pull, request, without_place

# Metrics.


def test_histograms_of_several_nodes_are_added(tmp_path: Path) -> None:
    one, other = writers.kubelet_metrics([pull(took=4.0, waited=8.0)]), writers.kubelet_metrics([pull(took=700.0)])
    seen = of(tmp_path, one, other)
    name = 'kubelet_image_pull_duration_seconds{image_size_in_bytes="100MB-500MB"}'
    counts = {bound: (bound >= 20) + (bound >= 900) for bound in (*writers.BOUNDS, inf)}
    assert seen.histograms == {name: counts}
    assert seen.notes == [
        "kubelet_image_pull_duration_seconds counts waiting for other pulls of a node as well, and its size classes "
        "are binary (10 MiB, 100 MiB, …)"
    ]


def test_metrics_of_containerd_and_cri_o(tmp_path: Path) -> None:
    seen = of(tmp_path, """\
# HELP containerd_cri_sandboxed_image_pulling_throughput image pull throughput
# TYPE containerd_cri_sandboxed_image_pulling_throughput histogram
containerd_cri_sandboxed_image_pulling_throughput_bucket{le="5"} 3
containerd_cri_sandboxed_image_pulling_throughput_bucket{le="10"} 3
containerd_cri_sandboxed_image_pulling_throughput_bucket{le="+Inf"} 9
containerd_cri_sandboxed_image_pulls_total{status="success"} 9
containerd_cri_sandboxed_image_pulls_total{status="failure"} 0
crio_image_pulls_bytes_total{mediatype="x",size="1"} 5e+06 1795780800000
kubelet_runtime_operations_duration_seconds_bucket{operation_type="exec",le="1"} 3
go_goroutines 7
""")  # fmt: skip
    assert seen.histograms == {"containerd_cri_sandboxed_image_pulling_throughput": {5.0: 3.0, 10.0: 3.0, inf: 9.0}}
    assert [note.partition(": ")[2] for note in seen.notes[1:]] == [
        'containerd_cri_sandboxed_image_pulls_total{status="success"} is 9',
        'crio_image_pulls_bytes_total{mediatype="x",size="1"} is 5e+06',
    ]


def test_metrics_of_other_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableError, match=r"0.txt: metrics, none of them of pulls; those of a kubelet: kubectl get"
    ):
        of(tmp_path, "# TYPE go_goroutines gauge\ngo_goroutines 7\n")
    with pytest.raises(UnreadableError, match=r"0.txt:1: kubelet_image_pull_duration_seconds_bucket has no bound"):
        of(tmp_path, 'kubelet_image_pull_duration_seconds_bucket{le="x"} 3')


# Registries.


def test_requests_of_blobs_in_all_logs(tmp_path: Path) -> None:
    one = request(duration=0.018149538)
    for text, expected in (
        ("\n".join(writers.access_log([one])), request(duration=None)),
        ("\n".join(writers.response_completed([one])), one),
        ("\n".join(writers.response_completed([one, request(path="/v2/")], "json")), one),
        (writers.notifications([one]), request(duration=None)),
    ):
        assert without_place(of(tmp_path, text).requests) == without_place([expected])


def test_requests_that_say_nothing(tmp_path: Path) -> None:
    others = [
        request(method="HEAD"), request(status=307, sent=0), request(status=206, sent=1000), request(status=404),
        request(path="/v2/team/app/manifests/1"), request(path="/v2/token"), request(method="PUT"),
        request(sent=77),
    ]  # fmt: skip
    seen = of(tmp_path, "\n".join(writers.access_log([*others, request()])))
    assert without_place(seen.requests) == without_place([request(duration=None)])
    assert seen.left_out == {
        "request for a part of a blob": 1, "request for the head only": 1, "request of a manifest, token or tag": 2,
        "request that ended before its blob did": 1, "request that pushes or deletes": 1,
        "request that was redirected: its bytes came from elsewhere": 1, "request that was refused or failed": 1,
    }  # fmt: skip


def test_heads_in_notifications_report_the_full_size_and_do_not_count(tmp_path: Path) -> None:
    head, get = request(method="HEAD"), request(NOON + 1, duration=None)
    seen = of(tmp_path, writers.notifications([head, get]))
    assert (without_place(seen.requests), seen.left_out) == (without_place([get]), {"request for the head only": 1})
    assert seen.notes == [
        "1 request is told by notifications, which have no duration and tell a blob's size even where less was sent, "
        "or where it was redirected"
    ]
    again = writers.notifications([head, get])
    assert of(tmp_path, again, again + "\n").left_out == {"request for the head only": 1, "told twice": 2}


@pytest.mark.parametrize("formatter", ["text", "json"])
def test_the_same_request_in_both_logs_and_a_notification_counts_once(tmp_path: Path, formatter: str) -> None:
    mine = [request(NOON + at / 4) for at in range(6)]
    logs = [*writers.response_completed(mine, formatter), *writers.access_log(mine)]
    seen = of(tmp_path, "\n".join(logs), writers.notifications(mine))
    assert without_place(seen.requests) == without_place(mine)
    assert seen.left_out == {"told twice": 12}
    assert len(of(tmp_path, "\n".join(writers.access_log([*mine, *mine]))).requests) == 12  # no log tells twice itself


def test_each_request_is_told_again_once_at_most(tmp_path: Path) -> None:
    mine = [request()]
    seen = of(tmp_path, "\n".join([*writers.response_completed(mine), *writers.access_log([*mine, request(NOON + 1)])]))
    assert ([one.duration for one in seen.requests], seen.left_out) == ([0.5, None], {"told twice": 1})
    other = request(NOON + 1, sent=77)
    seen = of(tmp_path, "\n".join([*writers.response_completed(mine), *writers.access_log([other])]))
    assert (len(seen.requests), seen.left_out) == (1, {"request that ended before its blob did": 1})


def test_logs_of_a_registry_that_overlap_count_once(tmp_path: Path) -> None:
    mine = [request(), request(NOON + 0.25)]
    lines, access = writers.response_completed(mine), writers.access_log(mine)
    seen = of(tmp_path, "\n".join([*lines, *access]), f"{lines[1]}\n{access[1]}")
    assert (without_place(seen.requests), seen.left_out) == (without_place(mine), {"told twice": 4})


def test_an_answer_with_an_error_is_a_failure(tmp_path: Path) -> None:
    line = writers.response_completed([request()])[0].replace("completed", "completed with error")
    assert of(tmp_path, line).left_out == {"request that was refused or failed": 1}


@pytest.mark.parametrize(
    ("address", "client"), [("10.0.0.1:42961", "10.0.0.1"), ("[::1]:5000", "::1"), ("fd00::7", "fd00::7")]
)
def test_an_address_has_no_port(tmp_path: Path, address: str, client: str) -> None:
    line = writers.response_completed([request()])[0].replace("10.0.0.7:41000", address)
    assert [one.client for one in of(tmp_path, line).requests] == [client]
