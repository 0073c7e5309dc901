"""Sizes of images without a manifest: histories, lists and inspections, and what their sizes count.

`tests/data/imports/totals` was printed by Docker's command line 28.2.2, of the sizes that are named here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported
from tests.imports.saved import text

DATA = Path(__file__).parent.parent / "data" / "imports" / "totals"
NAME = "quay.io/team/api:1.2"


def images(*given: object) -> dict[str, object]:
    made = imported([str(one) for one in given])
    loads(made.text)
    return yaml.safe_load(made.text)["images"]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    def write(*contents: object, name: str = "x.json") -> str:
        path = tmp_path / name
        path.write_bytes(b"\n".join(text(content) for content in contents))
        return str(path)

    return write


def of_crictl(**more: object) -> dict[str, object]:
    return {
        "id": "sha256:aa", "repoTags": [NAME], "repoDigests": ["quay.io/team/api@sha256:11"], "size": "33765428",
        "uid": None, "username": "", "spec": None, "pinned": False, **more,
    }  # fmt: skip


def inspected(**more: object) -> dict[str, object]:
    return {
        "Id": "sha256:aa", "RepoTags": [NAME], "RepoDigests": [], "Architecture": "amd64", "Os": "linux",
        "Size": 90158023, "GraphDriver": {"Name": "overlay2"}, "RootFS": {"Type": "layers", "Layers": []}, **more,
    }  # fmt: skip


def node(runtime: str, name: str = "n") -> dict[str, object]:
    info = {"containerRuntimeVersion": runtime, "operatingSystem": "linux"}
    return {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def deployment(image: str) -> dict[str, object]:
    pod = {"containers": [{"name": "c", "image": image}]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"template": {"spec": pod}},
    }  # fmt: skip


def test_a_history_gives_unpacked_layers_from_the_base_to_the_top() -> None:
    # 77,812,345 B below 12,345,678 B, each between two commands that make no layer.
    layers = [{"unpacked": "77812345 B"}, {"unpacked": "12345678 B"}]
    given = DATA / "history-exact.json"
    assert images(given) == {"history-exact": {"ratio": 2.67, "layers": layers}}
    assert images(f"{NAME}={given}") == {NAME: {"ratio": 2.67, "layers": layers}}


def test_sizes_for_people_are_three_digits_and_said_to_be() -> None:
    given = DATA / "history.json"
    assert images(given)["history"]["layers"] == [{"unpacked": "77800000 B"}, {"unpacked": "12300000 B"}]
    told = "sizes rounded, as printed for people; docker history --human=false tells all digits"
    assert told in imported([str(given)]).text
    assert told not in imported([str(DATA / "history-exact.json")]).text


def test_histories_of_podman_and_of_the_api_are_lists(written: Callable[..., str]) -> None:
    podman = [{"id": "aa", "createdBy": "COPY", "size": 12}, {"id": "<missing>", "createdBy": "ADD", "size": 30}]
    api = [{"Id": "sha256:aa", "Created": 1, "CreatedBy": "COPY", "Tags": None, "Size": 12, "Comment": ""},
           {"Id": "<missing>", "Created": 1, "CreatedBy": "ADD", "Tags": None, "Size": 30, "Comment": ""}]  # fmt: skip
    for listed in (podman, api):
        assert images(written(listed))["x"]["layers"] == [{"unpacked": "30 B"}, {"unpacked": "12 B"}]


def test_a_manifest_beside_a_history_tells_what_is_on_the_wire(written: Callable[..., str]) -> None:
    layers = [{"size": 30_000_000, "digest": "sha256:ab"}, {"size": 5_000_000, "digest": "sha256:cd"}]
    manifest = written({"layers": layers}, name="m.json")
    assert images(f"{NAME}={DATA / 'history-exact.json'}", f"{NAME}={manifest}") == {
        NAME: {
            "layers": [
                {"compressed": "30000000 B", "unpacked": "77812345 B", "digest": "sha256:ab"},
                {"compressed": "5000000 B", "unpacked": "12345678 B", "digest": "sha256:cd"},
            ]
        }
    }


def test_what_docker_inspects_is_unpacked() -> None:
    given = DATA / "inspect.json"
    assert images(given) == {"team/api:1.2": {"unpacked": "90158023 B"}}
    made = imported([str(given)])
    assert "# from inspect.json, the total; of linux/amd64; one layer: assumed" in made.text
    assumed = next(one for one in made.assumed if one.key == "images.team/api:1.2")
    assert assumed.value == "one layer of 90158023 B unpacked"
    assert assumed.command.startswith("crane manifest --platform linux/amd64 team/api:1.2 > ")


def test_what_docker_inspects_in_containerds_store_is_on_the_wire(written: Callable[..., str]) -> None:
    descriptor = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:ee", "size": 1609}
    assert images(written([inspected(Descriptor=descriptor)])) == {NAME: {"compressed": "90158023 B"}}
    assert images(written([inspected(Descriptor=None)])) == {NAME: {"unpacked": "90158023 B"}}


def test_what_podman_lists_is_unpacked(written: Callable[..., str]) -> None:
    listed = {
        "Id": "aa", "RepoTags": None, "RepoDigests": ["quay.io/team/api@sha256:11"], "Size": 8_500_000,
        "VirtualSize": 8_500_000, "Labels": None, "Containers": 0, "Names": [NAME],
    }  # fmt: skip
    assert images(written([listed])) == {NAME: {"unpacked": "8500000 B"}}


def test_what_docker_lists_is_unpacked_by_assumption() -> None:
    given = DATA / "images.json"
    assert images(given) == {"team/api:1.2": {"unpacked": "90200000 B"}}
    made = imported([str(given)])
    assert "one layer: assumed" in made.text
    assert "rounded, as printed for people" in made.text
    assert "not used: 1 image without a tag" in made.notes
    (assumed,) = [one for one in made.assumed if one.key == "images.<image>.unpacked"]
    assert "Docker's own image store is assumed" in assumed.why
    assert assumed.command.startswith("docker info --format '{{.DriverStatus}}'")


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize(
    ("runtimes", "key", "is_assumed"),
    [
        ((), "compressed", True),
        (("containerd://2.1.4",), "compressed", False),
        (("cri-o://1.30.1",), "unpacked", False),
        (("docker://24.0.7",), "unpacked", False),
        (("cri-o://1.30.1", "containerd://2.1.4"), "compressed", True),
        (("rkt://1",), "compressed", True),
    ],
)
def test_what_crictl_counts_is_as_the_nodes_runtime_counts(
    written: Callable[..., str], runtimes: tuple[str, ...], key: str, is_assumed: bool, is_listed: bool
) -> None:
    given = [written({"images": [of_crictl()]} if is_listed else {"status": of_crictl(), "info": {}})]
    if runtimes:
        given.append(written(*[node(one, f"n{number}") for number, one in enumerate(runtimes)], name="nodes.json"))
    assert images(*given) == {NAME: {key: "33765428 B"}}
    assumed = [one for one in imported(given).assumed if one.key == "images.<image>.compressed"]
    assert len(assumed) == is_assumed
    assert all(one.command.startswith("kubectl get nodes -o json") for one in assumed)


def test_several_images_of_one_call(written: Callable[..., str]) -> None:
    other = of_crictl(repoTags=[], repoDigests=["quay.io/web@sha256:22"], size="7")
    expected = {NAME: {"compressed": "33765428 B"}, "quay.io/web@sha256:22": {"compressed": "7 B"}}
    assert images(written({"images": [of_crictl(), other]})) == expected
    assert images(written([{"status": of_crictl()}, {"status": other}])) == expected
    with pytest.raises(UnreadableError, match="x.json: several images; a name stands before a file of one: leave a= "):
        imported([f"a={written({'images': [of_crictl(), other]})}"])


def test_of_a_list_only_what_rolls_out_is_taken(written: Callable[..., str]) -> None:
    listed = written({"images": [of_crictl(), of_crictl(repoTags=["other:1"], repoDigests=[], size="7")]})
    given = [listed, written(deployment("quay.io/team/api@sha256:11"), name="d.json")]
    assert images(*given) == {"quay.io/team/api@sha256:11": {"compressed": "33765428 B"}}
    assert "x.json: 1 image left out, which no workload uses" in imported(given).notes
    given = [listed, written(deployment("other:1"), name="d.json")]
    assert "x.json: 1 image left out, which no workload uses" in imported(given).notes
    assert images(*given) == {"other:1": {"compressed": "7 B"}}


def test_layers_go_before_totals(written: Callable[..., str]) -> None:
    manifest = written({"layers": [{"size": 5, "digest": "sha256:ab"}]}, name="m.json")
    expected = {NAME: {"layers": [{"compressed": "5 B", "digest": "sha256:ab"}]}}
    assert images(written({"images": [of_crictl()]}), f"{NAME}={manifest}") == expected


def test_an_image_without_a_name_is_its_file(written: Callable[..., str]) -> None:
    given = written([inspected(RepoTags=[], RepoDigests=None)], name="api.json")
    assert images(given) == {"api": {"unpacked": "90158023 B"}}
    assert images(f"{NAME}={given}") == {NAME: {"unpacked": "90158023 B"}}
    assert images(given, written(deployment(NAME), name="d.json")) == {NAME: {"unpacked": "90158023 B"}}


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [("12.3MB", 12_300_000), ("1.02GB", 1_020_000_000), ("5kB", 5000), ("972B", 972), ("7.8 MB", 7_800_000),
     ("12345678", 12_345_678), (42, 42), ("2TB", 2 * 10**12), ("0.5 GB", 5 * 10**8)],
)  # fmt: skip
def test_sizes_are_read_as_they_are_printed(written: Callable[..., str], size: object, bytes_: int) -> None:
    given = written({"Repository": "a", "Tag": "1", "ID": "x", "Size": size})
    assert images(given) == {"a:1": {"unpacked": f"{bytes_} B"}}


@pytest.mark.parametrize("size", ["N/A", "", None, -1, True, 1.5, "12 MiB", "1e3", "9" * 20, 10**15, "١٢", "1_0"])
def test_sizes_that_are_none_are_refused(written: Callable[..., str], size: object) -> None:
    for content in (
        {"Repository": "a", "Tag": "1", "ID": "x", "Size": size}, {"ID": "x", "CreatedBy": "c", "Size": size},
        {"images": [of_crictl(size=size)]}, [inspected(Size=size)],
    ):  # fmt: skip
        with pytest.raises(UnreadableError, match=r"x\.json.*: its size is .*; allowed: bytes, or a number and kB, MB"):
            imported([written(content)])


def test_histories_without_layers_or_with_too_many_are_refused(written: Callable[..., str]) -> None:
    line = {"ID": "x", "CreatedBy": "c", "Size": "0B"}
    with pytest.raises(UnreadableError, match=r"x.json: a history without a layer that has a size; print it again: do"):
        imported([written(line, line)])
    with pytest.raises(UnreadableError, match=r"x.json: 1,001 layers; at most 1,000 are read"):
        imported([written([line | {"Size": 1}] * 1001)])


def test_a_list_of_nothing_that_has_a_name_is_refused(written: Callable[..., str]) -> None:
    line = {"Repository": "<none>", "Tag": "<none>", "ID": "x", "Size": "5kB"}
    with pytest.raises(UnreadableError, match=r"x.json: only image without a tag; read are: "):
        imported([written(line, line)])


def test_of_two_sizes_of_an_image_the_first_is_taken_and_the_other_told(written: Callable[..., str]) -> None:
    given = [written({"images": [of_crictl(size=size)]}, name=f"{size}.json") for size in ("100", "200")]
    made = imported(given)
    (said,) = [note for note in made.notes if "another size" in note]
    assert said == (
        f"200.json tells another size of {NAME}, 200 B; that of 100.json is taken: its tag may have moved, or the two "
        "count otherwise; give its manifest"
    )


def test_a_history_may_have_keys_that_are_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("- {1: a, CreatedBy: x, Size: 5000000}\n", encoding="utf-8")
    assert images(path)["x"]["layers"] == [{"unpacked": "5000000 B"}]
