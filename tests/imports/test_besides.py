"""Scenarios as the variants of one: each is simulated as it was, and the first one's text stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rolloutsim import simulation
from rolloutsim.errors import RolloutsimError, UsageError
from rolloutsim.imports.besides import side_by_side
from rolloutsim.imports.setting import with_values
from rolloutsim.scenario.loading import Draft, draft
from rolloutsim.scenario.resolve import simulated_alike
from rolloutsim.scenario.templates import template, template_names
from tests.long import one_in

TEXT = """\
# what the team runs today
rolloutsim: 1
nodes: 4  # all of them
network: 1 Gbit/s
images: {a: {size: 100 MB, layers: 4}, b: 20 MB}
thresholds: {rollout_time: max < 60 s}
"""


def together(texts: dict[str, str]) -> str:
    return side_by_side({name: draft(text) for name, text in texts.items()}, next(iter(texts.values())), draft)


def made(**texts: str) -> str:
    return together(texts)


def check(texts: dict[str, str]) -> str:
    """The file says what each text says, and begins with the first one."""
    text = next(iter(texts.values()))
    found = together(texts)
    if not draft(text).variants:
        assert found.startswith(text.rstrip("\n"))
    draft(found).scenario()
    resolved = draft(found).side_by_side()
    names = list(resolved)[-len(texts) :]
    for name, one in zip(names, texts.values(), strict=True):
        alone = draft(one).scenario().resolve()
        assert simulated_alike(resolved[name], alone)
        assert resolved[name].thresholds == alone.thresholds
    return found


def test_only_what_differs_is_said() -> None:
    faster = with_values(TEXT, {"network": "10 Gbit/s"})
    fewer = with_values(TEXT, {"nodes": "2", "images.b": None, "thresholds": None})
    assert check({"today": TEXT, "10 Gbit/s, no less": faster, "fewer": fewer}) == TEXT + (
        "variants:\n"
        "  today: {}\n"
        '  "10-Gbit-s-no-less": {network: 10 Gbit/s}\n'
        "  fewer: {nodes: 2, images.b: null, thresholds: null}\n"
    )


def test_each_takes_as_long_as_it_did_alone() -> None:
    faster = with_values(TEXT, {"network": "10 Gbit/s", "images.a.size": "200 MB"})
    resolved = draft(made(today=TEXT, faster=faster)).side_by_side()
    for name, text in (("today", TEXT), ("faster", faster)):
        of_file, alone = (simulation.simulate(one) for one in (resolved[name], draft(text).scenario().resolve()))
        times = [[case.end for case in run.cases] for run in (of_file, alone)]
        assert times[0] == times[1]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TEXT.replace("{size: 100 MB, layers: 4}", "100 MB"), id="a short form, which says less"),
        pytest.param(TEXT.replace("1 Gbit/s", "{rate: 1 Gbit/s, latency: 5 ms}"), id="a long form"),
        pytest.param(TEXT.replace("nodes: 4", "nodes: {web: 2, gpu: {count: 2, nic: 10 Gbit/s}}"), id="groups"),
        pytest.param("{rolloutsim: 1, nodes: 9, network: 2 Gbit/s, images: {c: 1 GB}}", id="another one altogether"),
        pytest.param(TEXT.replace("size: 100 MB, layers: 4", "layers: {b: 3 MB, c: 100 MB}"), id="layers with names"),
        pytest.param(TEXT + "rollout: {strategy: rolling, max_unavailable: 2}\n", id="a new key"),
    ],
)
def test_forms_may_differ(other: str) -> None:
    check({"today": TEXT, "other": other})


def test_names_become_those_of_variants() -> None:
    wanted = ["as in a.yaml", "rate 10 Gbit/s", "rate 10 Gbit s", "äöü", "…", "now"]
    assert draft(together(dict.fromkeys(wanted, TEXT))).variants == (
        "as-in-a.yaml", "rate-10-Gbit-s", "rate-10-Gbit-s-2", "variant", "variant-2", "now",
    )  # fmt: skip


def test_what_comes_in_another_order_is_said_as_a_whole() -> None:
    """Layers are pulled in their order."""
    one = TEXT.replace("size: 100 MB, layers: 4", "layers: {base: 300 MB, app: 3 MB}")
    other = one.replace("base: 300 MB, app: 3 MB", "app: 3 MB, base: 300 MB")
    assert "  b:\n    images.a.layers: {app: 3 MB, base: 300 MB}\n" in check({"a": one, "b": other})
    more = one.replace("app: 3 MB", "new: 1 MB, app: 3 MB")
    assert "  b:\n    images.a.layers: {base: 300 MB, new: 1 MB, app: 3 MB}\n" in check({"a": one, "b": more})


def test_a_file_elsewhere_that_would_say_something_else_is_refused(tmp_path: Path) -> None:
    for folder, size in (("here", 5_000_000), ("there", 500_000_000)):
        (tmp_path / folder).mkdir()
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{'a' * 64}"}
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'b' * 64}", "size": 100}
        (tmp_path / folder / "m.json").write_text(
            json.dumps({
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
                "layers": [layer | {"size": size}],
            })
        )  # fmt: skip
    text = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: {manifest: m.json}}}\n"

    def of(folder: str) -> Callable[[str], Draft]:
        return lambda text: draft(text, str(tmp_path / folder / "s.yaml"))

    faster = with_values(text, {"network": "10 Gbit/s"})
    every = {"today": of("there")(text), "faster": of("there")(faster)}
    assert draft(side_by_side(every, text, of("there"))).variants == ("today", "faster")
    with pytest.raises(UsageError, match="variant today: .* would be another one in this file"):
        side_by_side(every, text, of("here"))


def test_many_of_everything_take_no_time_of_note() -> None:
    """Each is read and simulated in a moment, and so are they together: the steps are counted, not the seconds."""
    many = TEXT.replace("b: 20 MB", ", ".join(f"i{number}: 20 MB" for number in range(300)))
    calls = 0

    def read(text: str) -> Draft:
        nonlocal calls
        calls += 1
        return draft(text)

    texts = {f"v{number}": many.replace("nodes: 4", f"nodes: {number + 2}") for number in range(9)}
    side_by_side({name: draft(text) for name, text in texts.items()}, texts["v0"], read)
    assert calls == 1


def test_its_own_variants_stay() -> None:
    text = TEXT + "variants:\n  slow: {network: 100 Mbit/s}  # as in the branch office\n"
    found = made(today=text, faster=with_values(text, {"network": "10 Gbit/s"}))
    anchored = TEXT + "variants:\n  slow: &s {network: 100 Mbit/s}\n  same: *s\n"
    assert made(today=anchored).startswith(anchored)
    assert draft(found).variants == ("slow", "today", "faster")
    assert found.startswith(text)
    with pytest.raises(UsageError, match="'slow' is a variant of the scenario 'today' already; give one of them"):
        made(today=text, slow=TEXT)


def test_what_variants_cannot_differ_in_is_said() -> None:
    with pytest.raises(UsageError, match="variant other: 'seed' cannot be of one variant: variants are compared with"):
        made(today=TEXT, other=TEXT + "seed: 3\n")


def test_texts_that_are_none_are_refused() -> None:
    with pytest.raises(RolloutsimError):
        made(today=TEXT, other="nodes: x")
    with pytest.raises(RolloutsimError):
        made(today="- 1", other=TEXT)


NAMES = template_names()
PAIRS = [(one, other) for at, one in enumerate(NAMES) for other in (NAMES[at - 1], NAMES[at // 2]) if one != other]


@pytest.mark.parametrize("pair", one_in(8, PAIRS))
def test_templates_are_variants_of_each_other(pair: tuple[str, str]) -> None:
    """However much differs: it is told, or said why it cannot be."""
    one, other = pair
    try:
        check({"this": template(one), "that": template(other)})
    except UsageError as error:
        assert str(error).startswith("variant that: ")  # noqa: PT017
