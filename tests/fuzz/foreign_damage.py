"""Files, damaged: by bytes, by lines, and in what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MOST_YAML = 4000  # bytes that are written as YAML, which is slow
ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 3, 2**31, 2**63, 2**64, 10**400, -(10**30), 1.5, -0.0, 1e-320, 1e308, float("inf"),
    float("nan"), "", " ", "x", "0", "-1", "1e999", "٣", "99999999999999999999", "0x10", "1:30", "true", "null", "~",
    [], {}, [None], [[]], {"a": 1}, {"": None}, ["x"] * 3, [1, "2", None], {"name": {}}, "sha256:ab",
    f"sha256:{'0' * 64}", f"sha512:{'0' * 128}", "sha256:" + "A" * 64, "../x", "/etc/passwd", "a\nb", "a\r\nb", "\x00",
    "\x1b[31mred", "\u202ebidi", "\u2028", "\x85", "\ufeff", "\ud800", "\U0001f600", "=cmd()", "::error::x", "a: b",
    "- a", "# a", "'",
    '"', "\\", "{", "}", "*a", "&a", "!a", "<<", "a" * 5000, "é" * 3000, "a/" * 200, ":", "@", "a:b:c",
    "linux", "amd64", "Always", "100%", "-5%", "1000%", "12345678901%", "0%", "5Gi", "-5Gi", "1e400", "1e1000000", "m",
    "10s", "-10s", "1h1h", "99999999h", "1ns", "PT5S", "2026-03-01T12:00:00Z", "9999-12-31T23:59:59Z",
    "0000-00-00T00:00:00Z", "2026-03-01T12:00:00+99:99", "1970-01-01T00:00:00Z", "https://a.example", "https://[::1",
    "https://a:99999999", "http://user:pw@host/x?y#z", "containerd://", "docker://25", "cri-o://1", "windows",
)  # fmt: skip
_PUT = (
    b"", b"null", b"-1", b"[]", b"{}", b'"', b"'", b": ", b"\n", b"99999999999999999999", b"\xc3\xa9", b"1e999", b".",
    b"\x00", b"\x1b", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\xef\xbb\xbf", b"\r", b"\t", b"---\n", b"...\n", b"{{ x }}", b"!!python/object:os.system x", b"!!binary aGk=",
    b"&a ",
    b"*a", b"<<: *a", b"!!set {a}", b"!!omap [a: 1]", b"? ", b"- ", b"#", b"%YAML 9.9\n", b"0" * 5000, b"9" * 5000,
    b"[" * 500,
    b"{" * 500, b"(", b")", b",", b"=", b"|", b">", b"%", b"@", b"`", b"NaN", b"-Infinity", b"0o17", b"1_000",
    b".inf", b".nan",
)  # fmt: skip


def damaged(random: Random, raw: bytes, name: str, others: Sequence[bytes]) -> bytes:
    """A file's bytes, changed in some ways; now and then as they are."""
    if random.random() < 0.08:
        return raw
    if random.random() < 0.75:
        raw = _otherwise(random, raw, name)
    else:
        for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
            raw = random.choice(_WAYS)(random, raw)
    share = random.random()
    if share < 0.02:
        raw += random.choice(others)
    elif share < 0.03:
        raw = raw.replace(b"\n", b"\r\n")
    elif share < 0.04:
        raw = raw.decode("utf-8", "replace").encode(
            random.choice(("utf-16", "utf-8-sig", "utf-32", "latin-1")), "replace"
        )
    elif share < 0.05:
        raw = (
            random.choice((b"[", b'{"a":', b"a: [", b"- ", b"a: {", b"[a,")) * random.choice((50, 2000, 100_000)) + raw
        )
    elif share < 0.06:
        raw = _bomb(random)
    return raw


def _cut(random: Random, raw: bytes) -> bytes:
    return raw[: random.randint(0, len(raw))]


def _put(random: Random, raw: bytes) -> bytes:
    at = random.randint(0, len(raw))
    return raw[:at] + random.choice(_PUT) + raw[at + random.choice((0, 0, 1, 3, 40)) :]


def _flip(random: Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(random.choice((1, 2, 10))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _again(random: Random, raw: bytes) -> bytes:
    start = random.randint(0, len(raw))
    end = min(len(raw), start + random.choice((1, 10, 100, 1000)))
    return raw[:end] + raw[start:end] * random.choice((1, 2, 50)) + raw[end:]


def _lines(random: Random, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = b" " * random.choice((1, 2, 40)) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip()
        case 5:
            lines[at:at] = [lines[at]] * random.choice((2, 100))
    return b"\n".join(lines)


def _value(random: Random, raw: bytes) -> bytes:
    """What stands behind a colon or an equals sign, replaced."""
    lines = raw.split(b"\n")
    for _ in range(5):
        at = random.randrange(len(lines))
        sign = next((sign for sign in (b" = ", b": ", b"=") if sign in lines[at]), None)
        if sign is not None:
            key = lines[at].partition(sign)[0]
            lines[at] = key + sign + _json(random, _odd(random)).encode("utf-8", "surrogatepass")
            break
    return b"\n".join(lines)


_WAYS: tuple[Callable[[Random, bytes], bytes], ...] = (_cut, _put, _put, _flip, _again, _lines, _value, _value)


def _bomb(random: Random) -> bytes:
    """YAML that is small and means much."""
    kind = random.choice(("lists", "maps", "merged", "texts"))
    lines = [
        {"lists": "a0: &a0 [x]", "maps": "a0: &a0 {x: 1}", "merged": "a0: &a0 {x: 1}", "texts": f"a0: &a0 {'x' * 100}"}[
            kind
        ]
    ]
    for number in range(1, random.choice((5, 15, 40))):
        before = f"*a{number - 1}"
        one = {
            "lists": f"[{', '.join([before] * 9)}]",
            "maps": "{" + ", ".join(f"k{n}: {before}" for n in range(9)) + "}",
            "merged": "{<<: [" + ", ".join([before] * 9) + f"], y{number}: 1}}",
            "texts": f"[{', '.join([before] * 9)}]",
        }[kind]
        lines.append(f"a{number}: &a{number} {one}")
    last = f"*a{number}"
    lines += random.choice((
        [], [f"kind: {last}"], ["kind: Node", "apiVersion: v1", f"metadata: {last}",
            f"status: {{capacity: {{memory: {last}}}}}"],
        ["kind: Deployment", "apiVersion: apps/v1", "metadata: {name: d}",
         f"spec: {{replicas: {last}, template: {{spec: {{containers: [{{image: {last}, startupProbe: 1}}]}}}}}}"],
        [f"images: [{{size: {last}, repoTags: {last}}}]"], [f"services: {{web: {{image: a, deploy: {last}}}}}"],
        [f"services: {last}"], [f"layers: {last}", "schemaVersion: 2"], [f"manifests: {last}"],
    ))  # fmt: skip
    return "\n".join(lines).encode()


def _odd(random: Random) -> Any:
    share = random.random()
    if share < 0.03:
        return ["x"] * 2000
    if share < 0.06:
        return {f"k{number}": number for number in range(1500)}
    if share < 0.09:
        deep: Any = 1
        for _ in range(random.choice((5, 60, 300))):
            deep = [deep] if random.random() < 0.5 else {"a": deep}
        return deep
    return random.choice(ODD)


def _otherwise(random: Random, raw: bytes, name: str) -> bytes:
    """What a file says, said with other values; where it is not read as data, its lines are changed."""
    data = _read(raw, name)
    if data is None:
        return _value(random, raw)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = changed(random, data)
    if len(raw) < _MOST_YAML and random.random() < (0.15 if name.endswith(".json") else 0.5):
        try:
            return bytes(
                yaml.dump(data, Dumper=_DUMPER, encoding="utf-8", default_flow_style=random.choice((None, True, False)))
            )
        except (yaml.YAMLError, ValueError, RecursionError):
            pass
    return _json(random, data).encode("utf-8", "surrogatepass")


def _read(raw: bytes, name: str) -> Any:
    if name.endswith((".toml", ".log", ".txt", ".prom", ".jsonl")):
        return None
    try:
        return (
            json.loads(raw)
            if raw[:1] in b"{["
            else yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        )
    except (ValueError, yaml.YAMLError):
        return None


def _json(random: Random, data: Any) -> str:
    """JSON, in which keys that are no texts become some, and some keys stand twice."""
    try:
        text = json.dumps(data, ensure_ascii=random.random() < 0.7, indent=random.choice((None, None, 1)))
    except (ValueError, TypeError, RecursionError):
        return "null"
    if random.random() < 0.05 and '": ' in text:
        at = text.index('": ') + 3
        text = text[:at] + text[at:].replace("{", '{"name": "twice", "name": "again", ', 1)
    return text


def changed(random: Random, data: Any) -> Any:
    """The same data with something else at one place."""
    path = random.choice(list(_paths(data)))
    match random.randrange(8):
        case 0 | 1 | 2 | 3:
            return _at(data, path, lambda _: _odd(random))
        case 4:
            return _at(data, path[:-1], lambda one: _without(one, path))
        case 5:
            return _at(data, path[:-1], lambda one: _renamed(random, one, path))
        case 6:
            return _at(data, path, lambda one: [one] * random.choice((2, 3)))
        case _:
            other = _value_at(data, random.choice(list(_paths(data))))
            return _at(data, path, lambda _: other)


def _paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands, not all of it where there is much."""
    yield path
    if len(path) > 12:
        return
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for count, (key, value) in enumerate(items):
        if count < 60:
            yield from _paths(value, (*path, key))


def _value_at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def _at(data: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(data)
    other = dict(data) if isinstance(data, dict) else list(data)
    other[path[0]] = _at(other[path[0]], path[1:], change)
    return other


def _without(one: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(one, dict) and path:
        return {key: value for key, value in one.items() if key != path[-1]}
    return one[1:] if isinstance(one, list) else one


def _renamed(random: Random, one: Any, path: tuple[Any, ...]) -> Any:
    if not isinstance(one, dict) or not path:
        return one
    name = random.choice(
        ("x", "", 1, None, True, 1.5, float("nan"), "name", "a" * 3000, "\ud800", "\n", "<<", "kind", "size")
    )
    return {name if key == path[-1] else key: value for key, value in one.items()}
