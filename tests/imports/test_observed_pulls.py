"""Events, logs and tables of pulls, in the words of all versions; and which pulls moved bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rolloutsim.imports.observed import Observed, ObservedPull, messages, times
from tests.imports import writers
from tests.imports.seen import LISTS, NOON, RECHECK, as_told, fetched, of, of_events, pull, without_place

# Messages of all kubelets.


@pytest.mark.parametrize(
    ("kubelet", "expected"),
    [
        ((1, 19), (None, None, None)), ((1, 20), (105.457, None, None)), ((1, 25), (105.457, None, None)),
        ((1, 26), (105.457, 616.315, None)), ((1, 30), (105.457, 616.315, 77)), ((1, 35), (105.457, 616.315, 77)),
    ],
)  # fmt: skip
def test_the_words_of_each_version(kubelet: tuple[int, int], expected: tuple[object, ...]) -> None:
    said = writers.pulled_message(pull("a/b:1", 105.457, waited=510.858, size=77), kubelet)
    found = messages.message(said)
    assert found is not None
    assert (found.kind, found.image) == ("pulled", "a/b:1")
    assert (found.duration, found.total, found.size) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('Container image "a:1" already present on machine', "present"),
        ('Container image "a:1" already present on machine and can be accessed by the pod', "present"),
        ('spec.containers{c}: Container image "a:1" already present on machine', "present"),
        ('Pulling image "a:1"', "pulling"), ('pulling image "a:1"', "pulling"),
        ('Failed to pull image "a:1": rpc error: code = NotFound', "failed"),
        ('Back-off pulling image "a:1"', "backed off"),
        ('Back-off pulling image "a:1": ErrImagePull: not found', "backed off"),
    ],
)  # fmt: skip
def test_other_words(text: str, kind: str) -> None:
    found = messages.message(text)
    assert found is not None
    assert (found.kind, found.image) == (kind, "a:1")


@pytest.mark.parametrize("text", ["Error: ErrImagePull", "Back-off restarting failed container", "Created container c"])
def test_words_of_other_things(text: str) -> None:
    assert messages.message(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m45.457s", 105.457), ("830ms", 0.83), ("83.42021ms", 0.08342021), ("10m16.315s", 616.315),
        ("1h2m3s", 3723.0), ("572µs", 0.000572), ("572μs", 0.000572), ("941.512us", 0.000941512), ("12ns", 1.2e-8),
        ("0s", 0.0), ("2h0m0.5s", 7200.5), ("1m", 60.0), ("", None), ("3", None), ("-1s", None), ("1s1m", None),
        ("1e3s", None), ("9" * 80 + "s", None),
    ],
)  # fmt: skip
def test_durations_of_go(text: str, seconds: float | None) -> None:
    assert times.duration(text) == (None if seconds is None else pytest.approx(seconds, rel=1e-12))


@pytest.mark.parametrize(
    ("text", "seconds"), [("38s", 38), ("4m16s", 256), ("2d3h", 183600), ("5y", 157680000), ("<unknown>", None)]
)
def test_ages_of_kubectl(text: str, seconds: float | None) -> None:
    assert times.age(text) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-27T12:00:00Z", (NOON, 1.0)), ("2026-11-27T13:00:00.5+01:00", (NOON + 0.5, 0.1)),
        ("2026-11-27T04:00:00.000001-0800", (NOON + 1e-6, 1e-6)),
        ("2026-11-27 12:00:00.123456789Z", (NOON + 0.123456789, 1e-6)),
        ("2026-13-27T12:00:00Z", None), ("2026-02-30T12:00:00Z", None), ("0000-01-01T00:00:00Z", None), (None, None),
        (7, None),
    ],
)  # fmt: skip
def test_times(text: object, expected: tuple[float, float] | None) -> None:
    found = times.stamp(text)
    assert found == (None if expected is None else (pytest.approx(expected[0], abs=1e-6), expected[1]))


def test_times_of_access_logs() -> None:
    assert times.of_access_log("27/Nov/2026:13:00:00 +0100") == NOON
    assert times.of_access_log("27/Nox/2026:13:00:00 +0100") is None
    assert times.of_access_log("31/Feb/2026:13:00:00 +0100") is None


# Events.


@pytest.mark.parametrize("api", ["v1", "eventTime", "events.k8s.io/v1"])
def test_both_groups_of_events_in_json_and_yaml(tmp_path: Path, api: str) -> None:
    one = pull(waited=12.5, resolution=1e-6 if api == "eventTime" else 1.0)
    items = writers.events([one], api=api)
    listed = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    for text in (writers.kubectl_list(items), listed, yaml.safe_dump_all(items), "\n".join(map(json.dumps, items)),
                 json.dumps(items), json.dumps({"type": "ADDED", "object": items[1]})):  # fmt: skip
        expected = as_told(one) if api != "eventTime" and "Pulling" in text else one
        assert without_place(of(tmp_path, text).pulls) == without_place([expected])


def test_the_apis_own_list_leaves_out_what_its_items_are(tmp_path: Path) -> None:
    items = writers.events([pull()])
    for item in items:
        del item["kind"], item["apiVersion"]
    text = json.dumps({"apiVersion": "v1", "kind": "EventList", "items": items})
    assert len(of(tmp_path, text).pulls) == 1


def test_the_same_event_in_several_files_counts_once(tmp_path: Path) -> None:
    items = writers.events([pull()])
    seen = of(tmp_path, writers.kubectl_list(items), writers.kubectl_list(items[1:]))
    assert (len(seen.pulls), seen.left_out) == (1, {"told twice": 1})
    seen = of(tmp_path, writers.kubectl_list(items), writers.kubectl_list(items))
    assert (len(seen.pulls), seen.left_out) == (1, {})
    assert any("1.txt is the same as" in note for note in seen.notes)


def test_of_merged_events_only_the_last_is_told(tmp_path: Path) -> None:
    said = f"(combined from similar events): {writers.pulled_message(pull())}"
    grown = [writers.event(said, at=NOON + at, uid="u", count=count) for at, count in ((0, 11), (5, 13))]
    seen = of_events(tmp_path, grown[0])
    assert (len(seen.pulls), seen.left_out) == (1, {"merged events, of which only the last is told": 10})
    there = writers.event(writers.present_message("b:1"), uid="v", count=3)
    assert of_events(tmp_path, there).left_out == {"image already present": 3}


@pytest.mark.parametrize("order", [1, -1])
def test_an_event_that_has_grown_tells_another_pull(tmp_path: Path, order: int) -> None:
    grown = [
        writers.event(writers.pulled_message(pull(took=took)), at=NOON + at, uid="u", count=count)
        for took, at, count in ((20, 0, 11), (30, 60, 13))
    ]
    seen = of_events(tmp_path, *grown[::order])
    assert [one.duration for one in seen.pulls] == [20.0, 30.0]
    assert seen.left_out == {"merged events, of which only the last is told": 11}  # 13 in all


def test_failures_and_back_offs_are_counted(tmp_path: Path) -> None:
    seen = of_events(
        tmp_path,
        writers.event('Failed to pull image "a:1": not found', "Failed", uid="a", count=4),
        writers.event("Error: ErrImagePull", "Failed", uid="b", count=4),
        writers.event('Back-off pulling image "a:1"', "BackOff", uid="c", count=9),
        writers.event("Back-off restarting failed container", "BackOff", uid="d"),
    )
    assert seen == Observed(left_out={"pull backed off": 9, "pull failed": 4}, notes=["of other things: events (2)"])


def test_the_reason_must_be_the_messages_own(tmp_path: Path) -> None:
    seen = of_events(tmp_path, writers.event(writers.pulled_message(pull()), "Custom"))
    assert seen == Observed(notes=["of other things: events (1)"])


def test_a_kubelet_before_1_20_tells_no_duration(tmp_path: Path) -> None:
    seen = of_events(tmp_path, *writers.events([pull()], (1, 19)))
    reason = "pull without a duration (an old kubelet or containerd, or a log that is cut)"
    assert (seen.pulls, seen.left_out) == ([], {reason: 1})


def test_a_node_is_told_by_the_scheduler_where_the_event_does_not(tmp_path: Path) -> None:
    scheduled = writers.event("Successfully assigned default/p to n7", "Scheduled", uid="s")
    seen = of_events(tmp_path, writers.event(writers.pulled_message(pull()), node=None), scheduled)
    assert [one.node for one in seen.pulls] == ["n7"]


# Which pulls moved bytes.


def kept(folder: Path, *pulls: ObservedPull) -> tuple[list[float], dict[str, int]]:
    seen = of_events(folder, *writers.events(pulls))
    return [one.duration for one in seen.pulls], seen.left_out


def test_a_second_short_pull_on_a_node_is_a_re_check(tmp_path: Path) -> None:
    assert kept(tmp_path, pull("busybox", 1.63), pull("busybox", 1.38, NOON + 2)) == ([1.63], RECHECK)
    assert kept(tmp_path, pull(took=60), pull(took=6, at=NOON + 90)) == ([60.0], RECHECK)  # a tenth
    assert kept(tmp_path, pull(took=60), pull(took=1, at=NOON + 1)) == ([60.0], RECHECK)
    assert kept(tmp_path, pull("a", 60), pull("docker.io/library/a:latest", 1, NOON + 9)) == ([60.0], RECHECK)


def test_what_was_there_is_checked_again(tmp_path: Path) -> None:
    there = writers.event(writers.present_message("app:1"), at=NOON - 60, node="n1")
    seen = of_events(tmp_path, there, *writers.events([pull(took=1.5)]))
    assert (seen.pulls, seen.left_out) == ([], {"image already present": 1, **RECHECK})


def test_other_nodes_images_and_long_pulls_stay(tmp_path: Path) -> None:
    assert kept(tmp_path, pull(took=60), pull(took=1, at=NOON + 9, node="n2"))[0] == [60.0, 1.0]
    assert kept(tmp_path, pull(took=60), pull("app:2", took=1, at=NOON + 9))[0] == [60.0, 1.0]
    seen = of_events(tmp_path, *writers.events([pull(took=60), pull(took=55, at=NOON + 90)]))
    assert ([one.duration for one in seen.pulls], seen.left_out) == ([60.0, 55.0], {})
    assert seen.notes[0] == (
        "1 pull of an image that the node had before is kept: it took longer than a re-check does (the image was "
        "removed, its tag moved, or its registry is slow)"
    )


def test_of_pulls_at_the_same_time_the_first_fetches(tmp_path: Path) -> None:
    both = [pull(took=60), pull(took=40, at=NOON - 1, pod="default/q")]
    expected = {"pulled at the same time by another pod of its node, which fetched the bytes": 1}
    assert kept(tmp_path, *both) == ([60.0], expected)
    assert kept(tmp_path, *both[::-1]) == ([60.0], expected)


def test_bytes_read_tell_a_pull_from_a_re_check(tmp_path: Path) -> None:
    pulls = [
        fetched(20, 99_000_000), fetched(19, 99_000_000, NOON + 30), fetched(5, 999_999, NOON + 60),
        fetched(1, 1_000_000, NOON + 90),
    ]  # fmt: skip
    seen = of(tmp_path, "\n".join(writers.containerd(pulls, "short-iso")))
    assert [(one.duration, one.read) for one in seen.pulls] == [(20, 99_000_000), (19, 99_000_000), (1, 1_000_000)]
    assert seen.left_out == RECHECK


@pytest.mark.parametrize(
    "removal",
    [
        'time="2026-11-27T12:00:30Z" level=info msg="RemoveImage \\"app:1\\" returns successfully"',
        f'time="2026-11-27T12:00:30Z" level=info msg="RemoveImage \\"{writers.DIGEST}\\""',
        f'I1127 12:00:30.000000 1 image_gc_manager.go:487] "Removing image to free bytes" imageID="{writers.DIGEST}"',
    ],
)
def test_an_image_that_was_removed_is_pulled_anew(tmp_path: Path, removal: str) -> None:
    first, again = pull(took=20), pull(took=1.5, at=NOON + 60, pod="default/q")
    log = writers.containerd([fetched(20, 99_000_000)], "short-iso")
    both = (writers.kubectl_list(writers.events([first, again])), "\n".join(log))
    assert [one.duration for one in of(tmp_path, *both).pulls] == [20.0]
    line = f"2026-11-27T12:00:30+0000 n1 kubelet[1]: {removal}"
    assert [one.duration for one in of(tmp_path, *both, line).pulls] == [20.0, 1.5]


def test_an_event_and_a_log_of_the_same_pull_are_one(tmp_path: Path) -> None:
    event, log = pull(took=20.004, waited=3.0), fetched(20.0, 99_000_000)
    seen = of(tmp_path, writers.kubectl_list(writers.events([event])), "\n".join(writers.containerd([log], "json")))
    assert seen.left_out == {"told twice": 1}
    both = pull(took=20.0, read=99_000_000, source="containerd log", resolution=1e-6, waited=3.0)
    assert without_place(seen.pulls) == without_place([both])


# Logs in all their coats.


@pytest.mark.parametrize("prefix", ["", "short-iso", "short", "json"])
@pytest.mark.parametrize("order", [1, -1])
def test_containerds_log(tmp_path: Path, prefix: str, order: int) -> None:
    node = "n1" if prefix else None
    pulls = [fetched(3.751908524, 99_000_000), fetched(2.5, 88_000_000, NOON + 2, image="b:1")]
    seen = of(tmp_path, "\n".join(writers.containerd(pulls, prefix)[::order]))
    found = [(one.image, one.node, one.duration, one.size, one.read, one.waited) for one in seen.pulls]
    assert found == [("app:1", node, 3.751908524, 10**8, 99_000_000, None), ("b:1", node, 2.5, 10**8, 88_000_000, None)]
    assert [one.began for one in seen.pulls] == pytest.approx([NOON - 3.751908524, NOON - 0.5], abs=2e-6)


@pytest.mark.parametrize("coat", ["{}", "n1 | {}", "2026-11-27T12:00:00.1Z stderr F {}", "[pod/ns/r/c] {}",
                                  "2026-11-27T12:00:00.1Z {}"])  # fmt: skip
def test_prefixes_of_other_tools(tmp_path: Path, coat: str) -> None:
    lines = [coat.format(line) for line in writers.containerd([fetched(3.5, 99_000_000)])]
    assert [one.duration for one in of(tmp_path, "\n".join(lines)).pulls] == [3.5]
    docker = [json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2026-11-27T12:00:00Z"}) for line in lines]
    assert [one.duration for one in of(tmp_path, "\n".join(docker)).pulls] == [3.5]


def test_bytes_read_belong_to_the_nearest_end_of_their_image(tmp_path: Path) -> None:
    slow, check = fetched(3.5, 99_000_000, image="hello"), fetched(0.5, 800_000, NOON + 0.4, image="hello")
    lines = writers.containerd([slow, check])  # of two nodes whose names no line has; containerd writes the name out
    assert any("docker.io/library/hello:latest" in line for line in lines)
    seen = of(tmp_path, "\n".join(lines))
    assert ([(one.duration, one.read) for one in seen.pulls], seen.left_out) == ([(3.5, 99_000_000)], RECHECK)
    first = [line.replace("bytes read=99000000", "bytes read=98000000") for line in writers.containerd([slow])]
    late = first[1].replace(first[1][6:36], writers.stamp(NOON + 0.9, 9)).replace("98000000", "7")
    seen = of(tmp_path, "\n".join([*first, late]))
    assert [one.read for one in seen.pulls] == [98_000_000]
    early = first[1].replace(first[1][6:36], writers.stamp(NOON - 0.9, 9)).replace("98000000", "7")
    assert [one.read for one in of(tmp_path, "\n".join([*first, early])).pulls] == [98_000_000]


def test_containerd_logs_json_too(tmp_path: Path) -> None:
    said = 'Pulled image "a:1" with image id "sha256:1", repo tag "a:1", repo digest "a@sha256:2", size "7" in 1.5s'
    line = json.dumps({"level": "info", "msg": said, "time": "2026-11-27T12:00:00Z"})
    assert [(one.duration, one.size) for one in of(tmp_path, f"{line}\n{line}x").pulls] == [(1.5, 7)]
    assert of(tmp_path, f"{line}\n{line}x").left_out == {"line that is cut": 1}


def test_bytes_that_are_no_text_in_journalds_json(tmp_path: Path) -> None:
    line = json.loads(writers.containerd([fetched(3.5, 99_000_000)], "json")[2])
    line["MESSAGE"] = [*line["MESSAGE"].encode(), 255]
    assert [one.duration for one in of(tmp_path, json.dumps(line) + "\n{}").pulls] == [3.5]


def test_logs_that_overlap_count_once(tmp_path: Path) -> None:
    lines = writers.containerd([fetched(3.5, 99_000_000), fetched(2.5, 88_000_000, NOON + 20, image="b:1")], "json")
    seen = of(tmp_path, "\n".join(lines), "\n".join(lines[4:]))
    assert ([one.read for one in seen.pulls], seen.left_out) == ([99_000_000, 88_000_000], {"told twice": 1})


@pytest.mark.parametrize("prefix", ["short-iso", "json"])
def test_cri_os_log(tmp_path: Path, prefix: str) -> None:
    one = pull(took=3.25, source="CRI-O log", size=None, pod=None, waited=None, resolution=1e-6)
    lines = writers.crio([one, pull("c:1", 7.5, NOON + 3)], prefix)
    seen = of(tmp_path, "\n".join(lines[::-1]))
    assert [(found.image, found.node, found.duration, found.size) for found in seen.pulls] == [
        ("app:1", "n1", 3.25, None), ("c:1", "n1", 7.5, None),
    ]  # fmt: skip
    assert without_place(seen.pulls[:1]) == without_place([one])
    seen = of(tmp_path, "\n".join(line for line in lines if "Pulling image: c:1" not in line))
    reason = "pull without a duration (an old kubelet or containerd, or a log that is cut)"
    assert (len(seen.pulls), seen.left_out) == (1, {reason: 1})


@pytest.mark.parametrize(
    ("line", "node"),
    [
        ('I1127 12:00:00.000000    1 event.go:389] "Event occurred" object="default/p" fieldPath="spec.c" '
         'kind="Pod" apiVersion="v1" type="Normal" reason="Pulled" message={said}', None),
        ('2026-11-27T12:00:00+0000 n1 kubelet[7]: I1127 12:00:00.000000    1 event.go:291] "Event occurred" '
         'object="default/p" kind="Pod" reason="Pulled" message={said}', "n1"),
        ('Nov 27 12:00:00 n1 kubelet[7]: I1127 12:00:00.000000    1 event.go:274] Event(v1.ObjectReference{{'
         'Kind:"Pod", Namespace:"default", Name:"p", UID:"u"}}): type: \'Normal\' reason: \'Pulled\' {plain}', "n1"),
        ('{{"ts":1795780800000.0,"caller":"record/event.go:389","msg":"Event occurred","v":3,"object":{{"name":"p",'
         '"namespace":"default"}},"reason":"Pulled","message":{said}}}\n{{}}', None),
    ],
)  # fmt: skip
def test_events_in_the_kubelets_own_log(tmp_path: Path, line: str, node: str | None) -> None:
    plain = writers.pulled_message(pull(waited=1.5))
    seen = of(tmp_path, line.format(said=json.dumps(plain), plain=plain))
    found = [(one.node, one.pod, one.duration, one.waited, one.size, one.source) for one in seen.pulls]
    assert found == [(node, "default/p", 20.0, 1.5, 100_000_000, "kubelet log")]
    has_year = "2026" in line or "ts" in line
    assert [one.ended for one in seen.pulls] == [NOON if has_year else None]


def test_dockerd_logs_failures_only(tmp_path: Path) -> None:
    line = 'time="2026-11-27T12:00:00Z" level=error msg="Not continuing with pull after error: context canceled"'
    seen = of(tmp_path, line)
    assert seen.left_out == {"pull failed": 1}
    assert "dockerd logs no pull that went well; kubectl get events -A -o json tells of them" in seen.notes[0]


def test_failures_that_kubelet_and_containerd_tell_count_once(tmp_path: Path) -> None:
    containerd = 'time="2026-11-27T12:00:00Z" level=error msg="PullImage \\"a:1\\" failed" error="not found"'
    kubelet = 'E1127 12:00:00.000000    1 kuberuntime_image.go:55] "Failed to pull image" err="not found" image="a:1"'
    event = writers.event('Failed to pull image "a:1": not found', "Failed", count=2)
    assert of(tmp_path, f"{containerd}\n{kubelet}", json.dumps(event)).left_out == {"pull failed": 2}


# Tables.


def test_descriptions_of_several_pods(tmp_path: Path) -> None:
    pulls = [pull(), pull("b:1", 30.5, NOON - 90, node="n2", pod="team/q", waited=2.25)]
    seen = of(tmp_path, writers.describe(pulls, NOON + 60))
    expected = [
        pull(one.image, one.duration, node=one.node, pod=one.pod, waited=one.waited, began=None, ended=None,
             source="kubectl's table of events")
        for one in pulls
    ]  # fmt: skip
    assert without_place(seen.pulls) == without_place(expected)


def test_a_second_pull_in_a_table_is_a_re_check_by_its_age(tmp_path: Path) -> None:
    text = writers.describe([pull(took=1.2, at=NOON + 50, pod="default/q"), pull()], NOON + 60)
    seen = of(tmp_path, text)
    assert ([one.duration for one in seen.pulls], seen.left_out) == ([20.0], RECHECK)


def test_a_start_is_as_it_was_told_after_waiting_if_that_goes_with_the_end(tmp_path: Path) -> None:
    one = pull(took=4.2, at=NOON + 0.1, waited=3.0, began=NOON - 4.1)
    pulling, pulled = writers.events([one])
    said = f'Pulling image "{one.image}"'
    earlier = writers.event(said, "Pulling", at=NOON - 60.0, node=one.node, pod=one.pod, uid="c")  # of one that failed
    (found,) = of(tmp_path, writers.kubectl_list([earlier, pulling, pulled])).pulls
    assert (found.began, found.ended) == (NOON - 5.0, NOON)  # asked for at 8 s before, cut; it waited for 3 s
    (found,) = of(tmp_path, writers.kubectl_list([earlier, pulled])).pulls
    assert found.began == pytest.approx(NOON - 4.2)


def test_a_table_and_the_events_that_it_shows_count_once(tmp_path: Path) -> None:
    mine = [pull(waited=1.5), pull("b:1", 7.25, NOON + 30, node="n2", pod="default/q")]
    table = writers.describe(mine, NOON + 60)
    seen = of(tmp_path, table, writers.kubectl_list(writers.events(mine)), f"{table}\n")
    assert (without_place(seen.pulls), seen.left_out) == (without_place(map(as_told, mine)), {"told twice": 4})


def test_a_wide_list_counts(tmp_path: Path) -> None:
    wide = LISTS["kubectl get events -A -o wide"].replace(
        "58m          1       web-1.18", "58m          4       web-1.18"
    )
    assert of(tmp_path, wide).left_out == {"image already present": 4}


@pytest.mark.parametrize("command", LISTS)
def test_each_list_of_events(tmp_path: Path, command: str) -> None:
    seen = of(tmp_path, LISTS[command])
    found = [(one.image, one.node, one.pod, one.duration, one.waited, one.size) for one in seen.pulls]
    assert found == [("a:1", "n3", "default/web-1" if "-A" in command else "web-1", 5.5, 0.5, 77)]
    assert seen.left_out == {"image already present": 1}
