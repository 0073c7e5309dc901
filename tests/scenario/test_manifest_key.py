"""Manifests in a scenario: `images: {api: {manifest: api.json}}` is the image's layers, for good."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rolloutsim
from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import Scenario, load, loads
from rolloutsim.scenario.resolve import written

FILES = Path(__file__).parents[1] / "data" / "imports" / "files"
TAR = "application/vnd.oci.image.layer.v1.tar"
HEAD = "rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\n"
API = [("sha256:a1", 30_000_000, f"{TAR}+gzip"), ("sha256:a2", 5_000_001, f"{TAR}+gzip"), ("sha256:a3", 7, TAR)]
# What they are in a scenario; the last one is no archive, and unpacks to itself.
AS_LAYERS = """\
[{digest: "sha256:a1", compressed: 30 MB}, {digest: "sha256:a2", compressed: 5000001 B},
      {digest: "sha256:a3", compressed: 7 B, unpacked: 7 B}]"""


def manifest(*layers: tuple[str, int, str]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "layers": [{"digest": digest, "size": size, "mediaType": kind} for digest, size, kind in layers or API],
    }


def put(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def scenario(folder: Path, image: str = "{manifest: api.json}", more: str = "") -> Path:
    return put(folder, "s.yaml", f"{HEAD}images: {{api: {image}}}\n{more}")


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path, overrides)
    return "\n".join(one.message for one in caught.value.diagnostics)


def test_a_manifest_is_the_layers_that_it_has(tmp_path: Path) -> None:
    """The oracle is the same image with its layers written out."""
    put(tmp_path, "api.json", manifest())
    found = load(scenario(tmp_path, "{manifest: api.json, ratio: 3, needed: 5%}"))
    same = loads(f"{HEAD}images: {{api: {{layers: {AS_LAYERS}, ratio: 3, needed: 5%}}}}\n")
    assert found == same
    assert found.resolve().sha256 == same.resolve().sha256
    assert written(found) == written(same)


@pytest.mark.parametrize("kind", ["crane", "old docker", "new docker", "docker list", "skopeo"])
def test_all_that_prints_manifests_prints_the_same(tmp_path: Path, kind: str) -> None:
    import base64

    plain = manifest()
    raw = base64.b64encode(json.dumps(plain).encode()).decode()
    both = [
        {"Ref": "api:1", "Descriptor": {"platform": {"os": "linux", "architecture": name}}, "Raw": of}
        for name, of in (("arm64", base64.b64encode(json.dumps(manifest(API[0])).encode()).decode()), ("amd64", raw))
    ]
    skopeo = [{"Digest": one["digest"], "Size": one["size"], "MIMEType": one["mediaType"]} for one in plain["layers"]]
    content = {
        "crane": plain, "old docker": {"Ref": "api:1", "SchemaV2Manifest": plain},
        "new docker": {"Ref": "api:1", "OCIManifest": plain, "Descriptor": {}}, "docker list": both,
        "skopeo": {"Name": "quay.io/api", "Digest": "sha256:0", "Layers": [], "LayersData": skopeo},
    }[kind]  # fmt: skip
    put(tmp_path, "api.json", content)
    assert load(scenario(tmp_path)) == loads(f"{HEAD}images: {{api: {{layers: {AS_LAYERS}}}}}\n")
    if kind == "docker list":
        arm = load(scenario(tmp_path, "{manifest: api.json, platform: linux/arm64}"))
        assert arm == loads(f'{HEAD}images: {{api: {{layers: [{{digest: "sha256:a1", compressed: 30 MB}}]}}}}\n')


@pytest.mark.parametrize(
    "name",
    ["02a-docker-manifest-inspect-v-old.json", "03-skopeo-inspect.json", "04-oci1-all-media-types.json",
     "04-ociv1.nondistributable.zstd.manifest.json", "04-ociv1.zstd.manifest.json",
     "04-v2s2.nondistributable.gzip.manifest.json"],
)  # fmt: skip
def test_real_manifests_are_the_layers_that_an_import_of_them_has(name: str) -> None:
    from rolloutsim.imports import imported

    (wanted,) = loads(imported([str(FILES / name)]).text).resolve().images.values()
    found = loads(f"{HEAD}images: {{api: {{manifest: '{FILES / name}'}}}}").resolve().images["api"]
    assert found.layers == wanted.layers


def test_the_working_directory_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "in/api.json", manifest())
    put(tmp_path, "in/new.json", manifest(API[0]))
    scenario(tmp_path / "in", more="variants: {new: {images.api.manifest: new.json}}\n")
    found = []
    for folder, path in ((tmp_path, "in/s.yaml"), (tmp_path / "in", "s.yaml"), (Path("/"), tmp_path / "in" / "s.yaml")):
        monkeypatch.chdir(folder)
        one = load(path)
        variants = [one.variant("new"), load(path, variant="new"), load(path, ["images.api.manifest=new.json"])]
        monkeypatch.chdir("/")
        variants.append(one.with_({"images.api.manifest": "new.json"}))
        assert len({each.resolve().sha256 for each in variants}) == 1
        assert len(variants[0].images["api"].layers) == 1
        found.append((one.resolve().document, one.resolve().sha256, variants[0].resolve().document))
    assert found[0] == found[1] == found[2]


def test_a_scenario_needs_the_file_no_more_once_it_is_loaded(tmp_path: Path) -> None:
    file = put(tmp_path, "api.json", manifest())
    new = put(tmp_path, "new.json", manifest(API[0]))
    one = load(scenario(tmp_path, more="variants: {new: {images.api.manifest: new.json}}\n"))
    file.unlink()
    new.unlink()
    assert len(one.with_({"nodes": 5}).images["api"].layers) == 3
    assert len(one.variant("new").images["api"].layers) == 1
    assert len(pickle.loads(pickle.dumps(one)).with_({"nodes": 5}).variant("new").images["api"].layers) == 1
    assert Scenario(**json.loads(one.variant("new").resolve().document)) == one.variant("new")


def test_sweeps_need_the_file_no_more(tmp_path: Path) -> None:
    file = put(tmp_path, "api.json", manifest())
    one = rolloutsim.load(scenario(tmp_path))
    file.unlink()
    assert one.sweep({"nodes": [2, 3]}).to_pandas()["nodes"].tolist() == [2, 3]


def test_results_need_the_file_no_more(tmp_path: Path) -> None:
    put(tmp_path, "in/api.json", manifest())
    result = rolloutsim.load(scenario(tmp_path / "in")).run(seed=1)
    result.save(tmp_path / "result", with_report=False)
    (tmp_path / "in" / "api.json").unlink()
    (tmp_path / "in" / "s.yaml").unlink()
    read = rolloutsim.read(tmp_path / "result")
    assert read.to_json() == result.to_json()
    assert "<html" in read.to_html()
    assert [side.name for side in rolloutsim.compare(read, read, names=["a", "b"]).sides] == ["a", "b"]
    assert list(json.loads(read.scenario.document)["images"]["api"]) == ["layers"]


def test_a_manifest_takes_the_place_of_sizes(tmp_path: Path) -> None:
    put(tmp_path, "in/api.json", manifest())
    put(tmp_path, "over/api.json", manifest(API[0]))
    for image in ("30 MB", "{layers: [3 MB, 4 MB]}", "{size: 3 GB, layers: 4}", "{base: other}"):
        path = put(tmp_path, "in/s.yaml", f"{HEAD}images: {{api: {image}, other: 5 MB}}\n")
        for one in (
            load(path, ["images.api.manifest=api.json"]), load(path).with_({"images.api.manifest": "api.json"}),
        ):  # fmt: skip
            assert [layer.compressed for layer in one.images["api"].layers.values()] == [30e6, 5_000_001, 7]
        # A file that goes over another one names those beside it.
        over = put(tmp_path, "over/over.yaml", "images: {api: {manifest: api.json}}\n")
        assert [layer.compressed for layer in load(path, overlays=[over]).images["api"].layers.values()] == [30e6]
    path = scenario(tmp_path / "in")
    assert load(path, ["images.api=100 MB"]).images["api"].compressed == 100e6
    assert "'compressed' stands beside 'manifest'" in message(path, "images.api.compressed=100 MB")


def test_a_text_and_python_look_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "api.json", manifest())
    monkeypatch.chdir(tmp_path)
    text = loads(f"{HEAD}images: {{api: {{manifest: api.json}}}}\n")
    assert text == Scenario(nodes=3, network="1 Gbit/s", images={"api": {"manifest": "api.json"}}, rolloutsim=1)
    monkeypatch.chdir("/")
    with pytest.raises(ScenarioError, match=r"'api.json': no such file in '/', where it is looked for"):
        loads(f"{HEAD}images: {{api: {{manifest: api.json}}}}\n")


def test_a_sweep_tries_manifests(tmp_path: Path) -> None:
    put(tmp_path, "api.json", manifest())
    put(tmp_path, "new.json", manifest(API[0]))
    found = rolloutsim.load(scenario(tmp_path)).sweep({"images.api.manifest": ["api.json", "new.json"]}).to_pandas()
    times = found[next(column for column in found if "rollout_time" in column)].tolist()
    assert times[1] < times[0]


def test_the_files_of_an_image_are_divided_by_the_sizes_of_its_layers(tmp_path: Path) -> None:
    put(tmp_path, "api.json", manifest(("sha256:1", 70, TAR), ("sha256:2", 20, TAR), ("sha256:3", 10, TAR)))
    layers = load(scenario(tmp_path, "{manifest: api.json, files: 101}")).images["api"].layers
    assert [layer.files for layer in layers.values()] == [70, 20, 11]
    assert "'many' is not a whole number" in message(scenario(tmp_path, "{manifest: api.json, files: many}"))


def test_results_say_what_is_simplified(tmp_path: Path) -> None:
    kinds = (f"{TAR}+zstd", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "application/vnd.in-toto+json")
    layers = [(f"sha256:{number}", 5, kind) for number, kind in enumerate(kinds)]
    put(tmp_path, "api.json", manifest(*layers, ("sha256:e", 0, TAR)))
    one = load(scenario(tmp_path))
    said = (
        "1 of 2 layers of api are compressed as zstd and unpacked as fast as gzip here, which is slower; how fast "
        "nodes unpack is nodes.<group>.unpack.rate.",
        "1 of 2 layers of api are perhaps from a server of their own, and fetched as the others here.",
        "Of the manifest of api 1 of size 0 left out.",
        "Of the manifest of api 1 that are no layers left out.",
    )
    assert one.resolve().notes[:4] == said
    assert one.with_({"nodes": 5}).resolve().notes[:4] == said
    put(tmp_path, "new.json", manifest(API[0]))
    for changed in (
        one.with_({"images.api": "3 MB"}), one.with_({"images.api.manifest": "new.json"}),
        load(tmp_path / "s.yaml", ["images.api.manifest=new.json"]),
    ):  # fmt: skip
        assert not any("zstd" in note for note in changed.resolve().notes)


REFUSED: dict[str, tuple[object, str]] = {
    "index": (
        {"manifests": [{"digest": "sha256:0", "platform": {"os": "linux", "architecture": "amd64"}},
                       {"digest": "sha256:1", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}]},
        "'api.json': an index, which has no layers (platforms: linux/amd64, linux/arm64/v8); give the manifest of one: "
        "crane manifest --platform linux/amd64 IMAGE > api.json",
    ),
    "index of another platform": (
        {"manifests": [{"digest": "sha256:0", "platform": {"os": "linux", "architecture": "s390x"}}]},
        "'api.json': an index without linux/amd64; its platforms: linux/s390x; choose one of them with 'platform' "
        "beside 'manifest'",
    ),
    "skopeo without sizes": (
        {"Name": "quay.io/api", "Digest": "sha256:0", "Layers": ["sha256:1"]},
        "'api.json': no sizes of layers, as older versions of skopeo print it; print the manifest itself: "
        "skopeo inspect --raw docker://quay.io/api > api.json",
    ),
    "other platforms": (
        [{"Ref": "api:1", "Descriptor": {"platform": {"os": "linux", "architecture": "arm64"}}, "OCIManifest": {}}] * 2,
        "'api.json': no manifest of linux/amd64; there are: linux/arm64; choose one with 'platform' beside 'manifest'",
    ),
    "configuration": (
        {"rootfs": {"diff_ids": []}},
        "'api.json': an image's configuration, which has no sizes; give a file that crane manifest IMAGE wrote",
    ),
    "something else": (
        {"kind": "Node"}, "'api.json': no manifest of an image; give a file that crane manifest IMAGE wrote",
    ),
    "two sizes": (
        manifest(("sha256:1", 5, TAR), ("sha256:1", 6, TAR)),
        "'api.json': layer 1: sha256:1 is 6 B here and 5 B before; a layer has one size",
    ),
    "no layers": (
        {"layers": []},
        "'api.json': a manifest without layers; give an image's manifest: crane manifest IMAGE",
    ),
    "empty": ("", "'api.json': not JSON: it is empty; give a file that crane manifest IMAGE wrote"),
    "cut": (
        '{"layers": [',
        "'api.json': not JSON: line 1, column 13: expecting value; give a file that crane manifest IMAGE wrote",
    ),
    "no number": (
        '{"layers": NaN}',
        "'api.json': not read: NaN is no number of JSON; give a file that crane manifest IMAGE wrote",
    ),
    "deep": ("[" * 100_000, "'api.json': not read: nested too deep; give a file that crane manifest IMAGE wrote"),
    "large": (
        " " * (4 * 2**20 + 1),
        "'api.json': larger than 4 MiB, the most that a manifest may be; give a file that crane manifest IMAGE wrote",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_layers_is_refused_at_the_key(tmp_path: Path, case: str) -> None:
    content, expected = REFUSED[case]
    put(tmp_path, "api.json", content)
    path = scenario(tmp_path)
    assert message(path) == expected
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (one,) = caught.value.diagnostics
    assert (one.file, one.line, one.column, one.length) == (str(path), 4, 26, len("api.json"))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("{manifest: missing.json}",
         "'missing.json': no such file in '{folder}', where it is looked for; crane manifest IMAGE > missing.json "
         "makes it"),
        ("{manifest: /nowhere/api.json}",
         "'/nowhere/api.json': no such file; crane manifest IMAGE > /nowhere/api.json makes it"),
        ("{manifest: 'https://quay.io/v2/team/api/manifests/1'}",
         "'https://quay.io/v2/team/api/manifests/1': a URL, and nothing is fetched for a scenario; crane manifest "
         "IMAGE > api.json, and write manifest: api.json"),
        ("{manifest: 'quay.io/team/api:1.2'}",
         "'quay.io/team/api:1.2': no such file, and nothing is fetched for a scenario if that is an image's name; "
         "crane manifest quay.io/team/api:1.2 > api.json, and write manifest: api.json"),
        ("{manifest: 'nginx:1'}",
         "'nginx:1': no such file, and nothing is fetched for a scenario if that is an image's name; crane manifest "
         "nginx:1 > api.json, and write manifest: api.json"),
        ("{manifest: .}", "'.': a folder; give a file that crane manifest IMAGE wrote"),
        ("{manifest: /dev/zero}", "'/dev/zero': a device, pipe or socket; give a file that crane manifest IMAGE wrote"),
        ("{manifest: pipe}", "'pipe': a device, pipe or socket; give a file that crane manifest IMAGE wrote"),
        ("{manifest: s.yaml/x.json}",
         "'s.yaml/x.json': no such file in '{folder}/s.yaml', where it is looked for; crane manifest IMAGE "
         "> s.yaml/x.json makes it"),
        ("{manifest: latin}", "'latin': byte 0xe9 in line 2 is not UTF-8; crane manifest IMAGE writes JSON"),
        ("{manifest: loop}", "'loop': cannot be read: Too many levels of symbolic links; give a file that crane "
         "manifest IMAGE wrote"),
        ('{manifest: "a\\0b"}', "'a\0b': cannot be read: embedded null byte; give a file that crane manifest IMAGE "
         "wrote"),
        ("{manifest: [a]}", "a list is not text; put it in quotes"),
        ("{manifest: 1}", "'1' is not text; put it in quotes"),
        ("{manifest: ''}", "the text is empty; write some, or leave the key out"),
        ("{manifest: api.json, platform: amd64}", "'amd64' is no platform; write for example linux/arm64"),
        ("{size: 3 MB, platform: linux/amd64}",
         "images.api has no manifest of several platforms; give its 'manifest', or leave 'platform' out"),
        *((f"{{manifest: api.json, {key}: {value}}}",
           f"'{key}' stands beside 'manifest', which tells the layers of images.api; leave one of them out")
          for key, value in (("base", "other"), ("layers", "[3 MB]"), ("compressed", "3 MB"), ("unpacked", "3 MB"),
                             ("size", "3 MB"), ("digest", "x"), ("equal_layers", "3"))),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_key_is_said_whole(tmp_path: Path, image: str, expected: str) -> None:
    put(tmp_path, "api.json", manifest())
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"\n\xe9")
    (tmp_path / "loop").symlink_to("loop")
    assert message(scenario(tmp_path, image)) == expected.replace("{folder}", str(tmp_path))


def test_a_misspelt_file_is_told_its_neighbour_and_links_are_followed(tmp_path: Path) -> None:
    put(tmp_path, "in/api.json", manifest())
    (tmp_path / "link.json").symlink_to("in/api.json")
    assert len(load(scenario(tmp_path, "{manifest: link.json}")).images["api"].layers) == 3
    with pytest.raises(ScenarioError) as caught:
        load(scenario(tmp_path, "{manifest: in/apo.json}"))
    assert caught.value.diagnostics[0].help == "did you mean 'in/api.json'?"


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    path = put(tmp_path, "s.yaml", f"{HEAD}images: {{a: {{manifest: x.json}}, b: {{manifest: y.json}}, c: 3 Mb}}\n")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [one.column for one in caught.value.diagnostics] == [24, 47, 59]


def test_all_manifests_together_are_bounded_and_each_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(put(tmp_path, "x.json", manifest()).read_bytes())
    put(tmp_path, "y.json", manifest())
    monkeypatch.setattr("rolloutsim.scenario.manifest_files._MOST", size * 3 // 2)
    same = put(tmp_path, "same.yaml", f"{HEAD}images: {{a: {{manifest: x.json}}, b: {{manifest: x.json}}}}\n")
    assert len(load(same).images) == 2
    two = put(tmp_path, "two.yaml", f"{HEAD}images: {{a: {{manifest: x.json}}, b: {{manifest: y.json}}}}\n")
    assert message(two) == (
        "'y.json': with it the scenario's manifests are larger than 0 MB; give fewer of them"
    )  # fmt: skip


SAMPLES = [path.read_text(encoding="utf-8") for path in sorted(FILES.glob("0[2345]*.json"))]


@given(st.sampled_from(SAMPLES), st.data())
def test_manifests_that_are_cut_or_changed_are_layers_or_an_error(sample: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 40))
    put_in = data.draw(st.sampled_from(["", "null", "-1", "[]", "{}", '"', ": ", "\n", "99999999999999999999", "é"]))
    with TemporaryDirectory() as folder:
        put(Path(folder), "api.json", sample[:at] + put_in + sample[at + length :])
        path = scenario(Path(folder))
        try:
            found = load(path)
        except ScenarioError as error:
            where = [one.line for one in error.diagnostics]
        else:
            where = [4] if found.images["api"].layers else []
    assert set(where) == {4}
