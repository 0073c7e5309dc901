"""Real files of pulls and requests, read or refused; and files that are none, cut, or hostile."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports.observed import Observed, ObservedPull, observed
from tests.imports import writers
from tests.imports.seen import LISTS, NOON, fetched, of, of_events, pull, request

FILES = Path(__file__).parent.parent / "data" / "imports" / "files"
SIZES = (
    "sizes are as the runtime counts them, which events do not say: compressed with containerd, unpacked with "
    "dockerd and CRI-O"
)


# Real files.


def test_the_journal_of_several_nodes_tells_one_pull() -> None:
    path = str(FILES / "01-containerd-kubelet-journal.log")
    seen = observed([path])
    assert seen.pulls == [
        ObservedPull(
            image="registry.example/hosted-grafana/hgrun:0.1.452", node=None, pod=None,
            began=pytest.approx(1715083177.333615314 - 3.751908524, abs=1e-6),
            ended=pytest.approx(1715083177.333615314, abs=1e-6), resolution=1e-6, duration=3.751908524, waited=None,
            size=19109699, read=15714567, source="containerd log", place=f"{path}:9",
        )
    ]  # fmt: skip
    assert seen.left_out == {
        "image checked again, nothing fetched": 1,  # 6,766 bytes of 19,109,699
        "pull backed off": 3,
        "pull failed": 4,  # whose bytes read are nobody's
        "pull without a duration (an old kubelet or containerd, or a log that is cut)": 1,
    }
    assert seen.requests == []


def test_the_table_of_kubectl_describe() -> None:
    path = str(FILES / "15-kubectl-describe-events.txt")
    seen = observed([path])
    assert seen.pulls == [
        ObservedPull(image, "node-1", "default/pod", None, None, 1.0, took, waited, size, None,
                     "kubectl's table of events", f"{path}:{line}")
        for image, took, waited, size, line in [
            ("example/py-kube", 15.981, 0.0, 129338587, 6), ("foo:bar", 2.786, 613.529, 40538901, 7),
            ("example/flask", 0.72, 0.718, 474460005, 8), ("ubuntu", 2.748, 0.0, 41567720, 10),
            ("cce/ftagent:v1.6.16", 0.08342021, None, None, 11),
        ]
    ]  # fmt: skip
    assert seen.left_out == {"image already present": 3}
    assert seen.notes == [
        "1 of 5 pulls are told by kubelets before 1.26, whose durations include waiting for other pulls of the node",
        "1 of 5 pulls are told without the image's size (kubelet before 1.30, or CRI-O's log)",
        SIZES,
        "of other things: events (1)",
    ]


def test_the_logs_of_registries_tell_no_blob() -> None:
    seen = observed([str(FILES / "17-registry-access.log")])
    assert seen.left_out == {"request of a manifest, token or tag": 2, "request that pushes or deletes": 1}
    assert (seen.pulls, seen.requests) == ([], [])


def test_the_notification_is_of_a_manifest() -> None:
    seen = observed([str(FILES / "12-distribution-notification.json")])
    assert seen == Observed(left_out={"request of a manifest, token or tag": 1})


OTHERS = sorted({path.name for path in FILES.iterdir()} - {
    "01-containerd-kubelet-journal.log", "15-kubectl-describe-events.txt", "17-registry-access.log",
    "12-distribution-notification.json",
})  # fmt: skip
SAID = {
    "02a": "a manifest of an image, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "03": "a manifest of an image, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "04": "a manifest of an image, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "05": "a manifest of an image, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "06": "DaemonSet, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "09": "ImagePullJob, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "10": "KubeletConfiguration, which tells of no pull; make a scenario of it: rolloutsim import FILE",
    "14": "NodeList, which tells of no pull; make a scenario of it: rolloutsim import FILE",
}
NOTHING = (
    "nothing that tells of pulls; read are: events of pulls (kubectl get events -A -o json, kubectl describe pods), "
    "logs of kubelets, containerd and CRI-O (journalctl -u kubelet -u containerd -o json), their metrics, and logs and "
    "notifications of registries"
)


@pytest.mark.parametrize("name", OTHERS)
def test_what_tells_of_no_pull_is_refused_with_the_next_command(name: str) -> None:
    path = str(FILES / name)
    with pytest.raises(UnreadableError) as raised:
        observed([path])
    expected = next((text for number, text in SAID.items() if name.startswith(number)), NOTHING)
    assert str(raised.value) == f"{path}: {expected}".replace("FILE", path)


# Files.


def test_files_folders_and_the_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "events.json").write_text(writers.kubectl_list(writers.events([pull()])))
    (tmp_path / "node.log").write_text(
        "\n".join(writers.containerd([fetched(3.5, 99_000_000, NOON + 90, node="n2")], "short-iso"))
    )
    (tmp_path / "no.md").write_text("nothing")
    stdin = SimpleNamespace(buffer=io.BytesIO("\n".join(writers.access_log([request()])).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    seen = observed([str(tmp_path), "-"])
    assert [one.node for one in seen.pulls] == ["n1", "n2"]
    assert [one.place for one in seen.requests] == ["<stdin>:1"]
    with pytest.raises(UsageError, match="names stand before manifests of images; give the file alone"):
        observed([f"app={tmp_path / 'events.json'}"])
    with pytest.raises(UsageError, match="no such file"):
        observed([str(tmp_path / "missing")])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty; nothing is read from it"), (b"\n \n", "empty"), (b"hello\n", "nothing that tells of pulls"),
        (
            gzip.compress(b"x", mtime=0),
            "compressed with gzip; unpack it: zcat FILE | rolloutsim calibrate SCENARIO --events -",
        ),
        (b"\x00\xff" * 99, "nothing that tells of pulls"), (b'{"a": ', "not JSON"), (b"[" * 5000, "not read"),
        (b"rolloutsim: 1\n", "a scenario, which stands first: rolloutsim calibrate"),
        (b'{"a": 1}\n{"b": 2}\n', "nothing that tells of pulls"), (b"kind: [", "neither JSON nor YAML"),
    ],
)  # fmt: skip
def test_what_is_none_of_these(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(raw)
    with pytest.raises(UnreadableError) as raised:
        observed([str(path)])
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_nothing_was_found_in_an_empty_list(tmp_path: Path) -> None:
    assert of_events(tmp_path) == Observed()


LONG = 999_000  # characters: the longest line that is read has a million
HOSTILE = {
    "a field": "a" * LONG,
    "fields": "a=" * (LONG // 2),
    "quotes": ' a="' * (LONG // 4),
    "escapes": 'time="' + "\\" * LONG,
    "escaped quotes": ' a=\\"' * (LONG // 5),
    "spaces": "Normal" + " " * LONG + "x",
    "pulled": "Successfully pulled image " * (LONG // 26),
    "pulled images": 'Successfully pulled image "' * (LONG // 27),
    "containerd": 'time="2026-11-27T12:00:00Z" level=info msg="Pulled image \\"a\\" with image id \\"b\\"'
    + ', size \\"' * (LONG // 9),
    "klog": "E1127 12:00:00.000000    1 x.go:1] " + '"' * LONG,
    "klog numbers": "E1127 12:00:00.000000" + " " * 20 + "1" * LONG,
    "access": '1 - - [27/Nov/2026:12:00:00 +0000] "GET /' + "a " * (LONG // 2),
    "access fields": "a " * (LONG // 2) + '" ',
    "metrics": 'kubelet_image_pull_duration_seconds_bucket{a="' + '\\"' * (LONG // 2),
    "labels": "crio_image_pulls{" + 'a="b",' * (LONG // 6) + "} 1",
    "table": "  Normal  Pulled  " + "1m" * (LONG // 2),
    "prefixes": "a | " * (LONG // 4),
    "journald": "Nov 27 12:00:00 " + "n " * (LONG // 2),
    "json": '{"MESSAGE": "' + "[" * LONG + '"}',
    "deep": "{" * LONG,
    "numbers": '{"log": "' + "9" * LONG + '"}',
    "backed off": "E1127 12:00:00.000000    1 x.go:1] ImagePullBackOff Back-off pulling image " + "\\" * LONG,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_read_to_their_end(tmp_path: Path, name: str) -> None:
    """A pattern that looks at a place again and again would take hours."""
    heads = "  Type    Reason     Age   From               Message\n"
    seen = of(tmp_path, f"{heads}{HOSTILE[name]}\nPulled image {HOSTILE[name]}")
    assert (seen.pulls, seen.requests) == ([], [])


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    lines = writers.containerd([fetched(3.5, 99_000_000)])
    seen = of(tmp_path, "\n".join(["x" * 1_000_001, *lines]))
    assert (len(seen.pulls), seen.left_out) == (1, {"line longer than 1 MB": 1})


SAMPLES = [(FILES / name).read_text(encoding="utf-8") for name in (
    "01-containerd-kubelet-journal.log", "12-distribution-notification.json", "15-kubectl-describe-events.txt",
    "17-registry-access.log",
)] + [
    writers.kubectl_list(writers.events([pull()])), writers.kubelet_metrics([pull()]), *LISTS.values(),
    "\n".join(writers.containerd([fetched(3.5, 99_000_000)], "json")),
]  # fmt: skip


@given(st.sampled_from(SAMPLES), st.data())
def test_files_that_are_cut_or_changed_are_read_or_refused(sample: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(
        st.sampled_from(["", "null", "-1", "[]", "{}", '"', ": ", "\n", "99999999999999999999", "é", "1e999"])
    )
    with TemporaryDirectory() as folder:
        try:
            seen = of(Path(folder), sample[:at] + put + sample[at + length :])
        except UnreadableError as error:
            refused = str(error)
        else:
            refused = "0.txt"
            for one in seen.pulls:
                assert one.duration >= 0
                assert one.began is None or one.began <= one.ended
    assert "0.txt" in refused
