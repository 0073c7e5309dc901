"""Pulls and requests as the tools write them, for round trips: the formats of each version, not more than they tell."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from rolloutsim.imports.drafts.references import full
from rolloutsim.imports.observed import ObservedPull, ObservedRequest

DIGEST = "sha256:" + "9f" * 32
BOUNDS = (1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1500, 1800, 2400, 3600)  # pkg/kubelet/metrics, 1.30


def go_duration(seconds: float, finest: int = 1_000_000) -> str:
    """Go's time.Duration.String, cut to so many nanoseconds."""
    total = round(seconds * 1e9) // finest * finest
    for unit, size in (("ns", 1), ("µs", 1000), ("ms", 1_000_000)):
        if 0 < total < 1000 * size:
            return f"{_number(total, size)}{unit}"
    minutes, rest = divmod(total, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_number(rest, 1_000_000_000)}s"
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text


def _number(count: int, size: int) -> str:
    whole, rest = divmod(count, size)
    return f"{whole}.{rest:0{len(str(size)) - 1}d}".rstrip("0").rstrip(".") if rest else str(whole)


def pulled_message(pull: ObservedPull, kubelet: tuple[int, int] = (1, 32)) -> str:
    """The kubelet's message of a pull, in the words of its version."""
    text = f'Successfully pulled image "{pull.image}"'
    if kubelet >= (1, 20):
        text += f" in {go_duration(pull.duration, 1_000_000 if kubelet >= (1, 26) else 1)}"
    if kubelet >= (1, 26):
        text += f" ({go_duration(pull.duration + (pull.waited or 0.0))} including waiting)"
    if kubelet >= (1, 30):
        text += f". Image size: {pull.size or 0} bytes."
    return f"spec.containers{{c}}: {text}" if kubelet >= (1, 35) else text


def present_message(image: str, kubelet: tuple[int, int] = (1, 32)) -> str:
    """The kubelet's message of an image that is there."""
    text = f'Container image "{image}" already present on machine'
    text += " and can be accessed by the pod" if kubelet >= (1, 33) else ""
    return f"spec.containers{{c}}: {text}" if kubelet >= (1, 35) else text


def event(
    said: str, reason: str = "Pulled", *, at: float = 0.0, node: str | None = "n", pod: str = "default/p",
    uid: str | None = None, count: int = 1, api: str = "v1",
) -> dict[str, object]:  # fmt: skip
    """An event of core/v1, of core/v1 with `eventTime`, or of events.k8s.io/v1."""
    namespace, _, name = pod.partition("/")
    about = {"kind": "Pod", "namespace": namespace, "name": name, "fieldPath": "spec.containers{c}"}
    metadata = {"name": f"{name}.17", "namespace": namespace, "uid": uid or f"{node}/{pod}/{said}/{at}"}
    source = {"component": "kubelet", **({"host": node} if node else {})}
    kind = "Warning" if reason in ("Failed", "BackOff") else "Normal"
    if api == "events.k8s.io/v1":
        return {
            "apiVersion": api, "kind": "Event", "metadata": metadata, "reason": reason, "note": said, "type": kind,
            "regarding": about, "deprecatedSource": source, "deprecatedCount": count, "eventTime": None,
            "deprecatedFirstTimestamp": stamp(at), "deprecatedLastTimestamp": stamp(at),
            "reportingController": "kubelet", "reportingInstance": node or "",
        }  # fmt: skip
    content: dict[str, object] = {
        "apiVersion": "v1", "kind": "Event", "metadata": metadata, "reason": reason, "message": said, "type": kind,
        "involvedObject": about, "source": source, "reportingComponent": "kubelet", "reportingInstance": node or "",
    }  # fmt: skip
    if api == "eventTime":
        return {**content, "source": {}, "eventTime": stamp(at, 6), "firstTimestamp": None, "lastTimestamp": None}
    return {**content, "eventTime": None, "firstTimestamp": stamp(at), "lastTimestamp": stamp(at), "count": count}


def events(
    pulls: Sequence[ObservedPull], kubelet: tuple[int, int] = (1, 32), api: str = "v1"
) -> list[dict[str, object]]:
    """The events of pulls: `Pulling` as they are asked for, and `Pulled`."""
    made = []
    for number, pull in enumerate(pulls):
        more = {"node": pull.node, "pod": pull.pod or "default/p", "api": api}
        asked = (pull.began or 0.0) - (pull.waited or 0.0)
        made.append(event(f'Pulling image "{pull.image}"', "Pulling", at=asked, uid=f"a{number}", **more))
        made.append(event(pulled_message(pull, kubelet), at=pull.ended or 0.0, uid=f"b{number}", **more))
    return made


def kubectl_list(items: Sequence[dict[str, object]]) -> str:
    """What `kubectl get -o json` prints."""
    return json.dumps(
        {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items}, indent=4
    )


def describe(pulls: Sequence[ObservedPull], now: float, kubelet: tuple[int, int] = (1, 32)) -> str:
    """What `kubectl describe pod` prints of pods with a pull each."""
    blocks = []
    for pull in pulls:
        namespace, _, name = (pull.pod or "default/p").partition("/")
        rows = [
            (
                "Scheduled",
                now - (pull.began or 0),
                "default-scheduler",
                f"Successfully assigned {pull.pod} to {pull.node}",
            ),
            ("Pulling", now - (pull.began or 0), "kubelet", f'Pulling image "{pull.image}"'),
            ("Pulled", now - (pull.ended or 0), "kubelet", pulled_message(pull, kubelet)),
            ("Started", now - (pull.ended or 0), "kubelet", "Started container c"),
        ]
        table = [("Type", "Reason", "Age", "From", "Message"), ("----", "------", "----", "----", "-------")]
        table += [("Normal", reason, age(since), who, said) for reason, since, who, said in rows]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        lines = [
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in table
        ]
        head = [
            f"Name:             {name}",
            f"Namespace:        {namespace}",
            f"Node:             {pull.node}/10.0.0.1",
        ]
        blocks.append("\n".join([*head, "Status:           Running", "Events:", *lines]))
    return "\n\n\n".join(blocks) + "\n"


def age(seconds: float) -> str:
    """k8s.io/apimachinery pkg/util/duration HumanDuration, up to some hours."""
    whole = int(seconds)
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    return (
        f"{minutes}m" if minutes < 180 else f"{minutes // 60}h{minutes % 60}m" if minutes % 60 else f"{minutes // 60}h"
    )


def containerd(pulls: Sequence[ObservedPull], prefix: str = "") -> list[str]:
    """containerd's log of pulls, in the order of time, in journald's `short-iso`, `short` or `json`, or without it."""
    lines = []
    for pull in pulls:
        took, ended, began = pull.duration, pull.ended or 0.0, pull.began or 0.0
        size, image = pull.size or 0, quoted(pull.image)
        lines.append((began, pull.node, f'msg="PullImage {image}"'))
        lines.append((
            ended - 0.005, pull.node,
            f'msg="stop pulling image {full(pull.image)}: active requests=0, bytes read={pull.read or 0}"',
        ))  # fmt: skip
        lines.append((
            ended, pull.node,
            f'msg="Pulled image {image} with image id {quoted(DIGEST)}, repo tag {image}, repo digest '
            f'{quoted(DIGEST)}, size {quoted(str(size))} in {go_duration(took, 1)}"',
        ))  # fmt: skip
        lines.append((ended + 1e-4, pull.node, f'msg="PullImage {image} returns image reference {quoted(DIGEST)}"'))
    return [_line(at, node, f'time="{stamp(at, 9)}" level=info {said}', prefix) for at, node, said in sorted(lines)]


def crio(pulls: Sequence[ObservedPull], prefix: str = "") -> list[str]:
    """CRI-O's log of pulls."""
    lines = []
    for number, pull in enumerate(pulls):
        rest = f'file="server/image_pull.go:29" id=id-{number} name=/runtime.v1.ImageService/PullImage'
        name = pull.image.partition(":")[0]
        for at, said in ((pull.began, f"Pulling image: {pull.image}"), (pull.ended, f"Pulled image: {name}@{DIGEST}")):
            told = stamp(at or 0.0, 9).replace("T", " ")
            lines.append(
                (at or 0.0, _line(at or 0.0, pull.node, f'time="{told}" level=info msg="{said}" {rest}', prefix))
            )
    return [line for _, line in sorted(lines)]


def quoted(text: str) -> str:
    """A text in quotes, within quotes."""
    return f'\\"{text}\\"'


def _line(at: float, node: str | None, said: str, prefix: str) -> str:
    if prefix == "json":
        return json.dumps({
            "__REALTIME_TIMESTAMP": str(round(at * 1e6)), "_HOSTNAME": node, "SYSLOG_IDENTIFIER": "containerd",
            "MESSAGE": said,
        })  # fmt: skip
    if prefix == "short-iso":
        return f"{stamp(at)[:-1]}+0000 {node} containerd[123]: {said}"
    if prefix == "short":
        return f"{_utc(at):%b %d %H:%M:%S} {node} containerd[123]: {said}"
    return said


def access_log(requests: Sequence[ObservedRequest]) -> list[str]:
    """distribution's access log in the Combined Log Format."""
    return [
        f"{one.client} - - [{_utc(one.ended or 0.0):%d/%b/%Y:%H:%M:%S} +0000] "
        f'"{one.method} {one.path} HTTP/1.1" {one.status} {one.sent} "" "containerd/v2.1.4"'
        for one in requests
    ]


def response_completed(requests: Sequence[ObservedRequest], formatter: str = "text") -> list[str]:
    """distribution's log of answers."""
    lines = []
    for number, one in enumerate(requests):
        fields: dict[str, object] = {
            "go.version": "go1.23.7", "http.request.host": "registry:5000", "http.request.id": f"48a82b34-{number}",
            "http.request.method": one.method, "http.request.remoteaddr": f"{one.client}:41000",
            "http.request.uri": one.path, "http.request.useragent": "containerd/v2.1.4",
            "http.response.contenttype": "application/octet-stream",
            "http.response.duration": go_duration(one.duration or 0.0, 1), "http.response.status": one.status,
            "http.response.written": one.sent,
        }  # fmt: skip
        told = stamp(one.ended or 0.0, 9)
        if formatter == "json":
            lines.append(json.dumps({**fields, "level": "info", "msg": "response completed", "time": told}))
        else:
            said = " ".join(
                f'{key}="{value}"' if ":" in str(value) else f"{key}={value}" for key, value in fields.items()
            )
            lines.append(f'time="{told}" level=info msg="response completed" {said}')
    return lines


def notifications(requests: Sequence[ObservedRequest]) -> str:
    """distribution's envelopes of notifications, two requests in each."""
    made = [
        {
            "id": f"320678d8-{number}", "timestamp": stamp(one.ended or 0.0, 9), "action": "pull",
            "target": {
                "mediaType": "application/octet-stream", "size": one.sent, "length": one.sent,
                "digest": one.path.rpartition("/")[2], "repository": "team/app", "url": f"http://registry:5000{one.path}",
            },
            "request": {"id": str(number), "addr": f"{one.client}:41000", "host": "registry", "method": one.method},
            "actor": {}, "source": {"addr": "registry:5000", "instanceID": "a53d"},
        }
        for number, one in enumerate(requests)
    ]  # fmt: skip
    return "\n".join(json.dumps({"events": made[at : at + 2]}) for at in range(0, len(made), 2))


def kubelet_metrics(pulls: Sequence[ObservedPull], size_class: str = "100MB-500MB") -> str:
    """The kubelet's histogram of pulls, which counts waiting as well."""
    name = "kubelet_image_pull_duration_seconds"
    totals = [pull.duration + (pull.waited or 0.0) for pull in pulls]
    lines = [f"# HELP {name} [ALPHA] Duration in seconds to pull an image.", f"# TYPE {name} histogram"]
    for bound in BOUNDS:
        count = sum(total <= bound for total in totals)
        lines.append(f'{name}_bucket{{image_size_in_bytes="{size_class}",le="{bound}"}} {count}')
    lines.append(f'{name}_bucket{{image_size_in_bytes="{size_class}",le="+Inf"}} {len(totals)}')
    lines.append(f'{name}_sum{{image_size_in_bytes="{size_class}"}} {sum(totals)}')
    lines.append(f'{name}_count{{image_size_in_bytes="{size_class}"}} {len(totals)}')
    return "\n".join(lines) + "\n"


def containerd_metrics(rates: Sequence[float]) -> str:
    """containerd's histogram of throughputs [B/s], in MiB/s with prometheus.DefBuckets."""
    name = "containerd_cri_sandboxed_image_pulling_throughput"
    lines = [f"# HELP {name} image pull throughput", f"# TYPE {name} histogram"]
    for bound in (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10):
        lines.append(f'{name}_bucket{{le="{bound}"}} {sum(rate / 2**20 <= bound for rate in rates)}')
    lines.append(f'{name}_bucket{{le="+Inf"}} {len(rates)}')
    lines.append(f"{name}_count {len(rates)}")
    return "\n".join(lines) + "\n"


def _utc(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(at), tz=datetime.UTC)


def stamp(at: float, digits: int = 0) -> str:
    """RFC 3339 in UTC, with so many digits of a second."""
    total = round(at * 1e6)
    whole, rest = divmod(total, 1_000_000)
    fraction = f".{f'{rest:06d}000'[:digits]}" if digits else ""
    return f"{_utc(whole):%Y-%m-%dT%H:%M:%S}{fraction}Z"
