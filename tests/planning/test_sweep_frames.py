"""A sweep as tables: for people, for programs, for pandas, xarray and Parquet."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import rolloutsim as rs
from rolloutsim.errors import OutputError
from tests.planning.test_sweep import IDEAL, RANDOM, STUCK

WEB = {"network": ["1 Gbit/s", "3 Gbit/s"], "nodes.web.count": [2, 3, 4]}


@pytest.fixture(scope="module")
def web() -> rs.Sweep:
    return rs.loads(RANDOM).sweep(WEB, replications=5)


def test_a_frame_has_a_row_for_each_run_and_case(web: rs.Sweep) -> None:
    frame = web.to_pandas()
    assert len(frame) == 6 * 5 * 2
    assert list(frame.columns[:8]) == [
        "point", "network", "network_bytes_per_s", "nodes.web.count", "replication", "case", "seed", "finished",
    ]  # fmt: skip
    assert frame["network_bytes_per_s"].unique().tolist() == [125e6, 375e6]
    assert frame["rollout_time_s"].dtype == np.float64
    assert frame["finished"].all()
    assert list(web.to_pandas("points").columns) == ["point", "sha256", *frame.columns[1:4]]
    assert set(web.to_pandas("links")["link"]) == {"registry.uplink", "web.nic.in"}


def test_a_frame_that_does_not_exist_is_named(web: rs.Sweep) -> None:
    with pytest.raises(KeyError, match=r"no table 'nodes'; tables: joined, links, points, results, thresholds, "):
        web.to_pandas("nodes")


def test_csv_is_the_frame(web: rs.Sweep) -> None:
    rows = list(csv.DictReader(io.StringIO(web.to_csv())))
    frame = web.to_pandas()
    assert list(rows[0]) == list(frame.columns)
    assert [float(row["rollout_time_s"]) for row in rows] == frame["rollout_time_s"].tolist()


def test_a_dataset_has_a_dimension_for_each_parameter_of_a_grid(web: rs.Sweep) -> None:
    """Means over the replications, cell by cell, against pandas."""
    dataset = web.to_xarray()
    assert dict(dataset["rollout_time_s"].sizes) == {"network": 2, "nodes.web.count": 3, "case": 2}
    assert dataset["network"].values.tolist() == WEB["network"]
    assert dataset["network_bytes_per_s"].values.tolist() == [125e6, 375e6]
    means = web.to_pandas().groupby(["network", "nodes.web.count", "case"])["rollout_time_s"].mean()
    for (network, count, case), mean in means.items():
        cell = dataset["rollout_time_s"].sel({"network": network, "nodes.web.count": count, "case": case})
        assert float(cell) == pytest.approx(mean, rel=1e-12)


def test_the_interval_of_a_mean_is_that_of_scipy(web: rs.Sweep) -> None:
    """Oracle: scipy.stats.t.interval of the five replications."""
    each = web.to_xarray(replications=True)["rollout_time_s"].sel(case="large", network="1 Gbit/s")
    means = web.to_xarray().sel(case="large", network="1 Gbit/s")
    for count in (2, 3, 4):
        values = each.sel({"nodes.web.count": count}).values
        assert len(set(values)) == 5
        low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
        cell = means.sel({"nodes.web.count": count})
        assert float(cell["rollout_time_ci_low_s"]) == pytest.approx(low, rel=1e-12)
        assert float(cell["rollout_time_ci_high_s"]) == pytest.approx(high, rel=1e-12)


@pytest.mark.parametrize(("design", "points", "rows"), [("zip", None, 2), ("sobol", 4, 4)])
def test_a_dataset_of_another_design_has_one_dimension_for_its_points(
    design: str, points: int | None, rows: int
) -> None:
    found = rs.loads(IDEAL).sweep({"nodes": [2, 4], "network": ["1 Gbit/s", "2 Gbit/s"]}, design=design, points=points)
    dataset = found.to_xarray()
    assert dict(dataset["rollout_time_s"].sizes) == {"point": rows, "case": 2}
    for point in range(rows):
        nodes, rate = (float(dataset[name][point]) for name in ("nodes", "network_bytes_per_s"))
        # Ideal: n S / C.
        assert float(dataset["rollout_time_s"].sel(point=point, case="large")) == pytest.approx(nodes * 1e8 / rate)


def test_what_is_unknown_is_not_a_number_in_a_frame_and_null_in_json() -> None:
    found = rs.loads(STUCK).sweep({"registry.max_connections": [5, 0]}, replications=2)
    frame = found.to_pandas()
    assert frame["rollout_time_s"].isna().tolist() == [False] * 4 + [True] * 4
    assert frame["finished"].tolist() == [True] * 4 + [False] * 4
    assert np.isnan(found.to_xarray()["rollout_time_s"].sel({"registry.max_connections": 0}).values).all()
    case = json.loads(found.to_json())["points"][1]["cases"][0]
    assert (case["finished"], case["rollout_time_s"], "rollout_time_s" in case["ci"]) == (False, None, False)


@pytest.mark.parametrize("connections", [[5, 6], [5, 0], [0, 0]])
@pytest.mark.parametrize("design", ["grid", "zip"])
def test_what_is_stuck_is_always_there_as_text(connections: list[int], design: str) -> None:
    found = rs.loads(STUCK).sweep({"registry.max_connections": connections}, replications=2, design=design)
    words = "2 fetches waiting for a connection of registry 'registry' (max_connections: 0)"
    expected = ["" if count else words for count in connections]
    dataset, each = found.to_xarray(), found.to_xarray(replications=True)
    assert dataset["stuck"].dims == dataset["rollout_time_s"].dims
    assert each["stuck"].dims == each["rollout_time_s"].dims
    for array in (dataset["stuck"], *(each["stuck"].sel(replication=number) for number in (0, 1))):
        assert array.dtype.kind == "U"
        assert array.sel(case="small").values.tolist() == array.sel(case="large").values.tolist() == expected
    points = json.loads(found.to_json())["points"]
    assert [point["cases"][0]["stuck"] for point in points] == [[text] if text else None for text in expected]


def test_a_column_that_is_unknown_everywhere_is_still_one_of_numbers() -> None:
    frame = rs.loads(STUCK).sweep({"registry.max_connections": [0]}).to_pandas()
    assert frame["rollout_time_s"].dtype == np.float64


def test_json_is_the_contract(web: rs.Sweep) -> None:
    found = json.loads(web.to_json())
    assert {key: found[key] for key in found if key not in ("points", "scenario")} == {
        "schema": "rolloutsim.sweep/1",
        "version": rs.__version__,
        "design": "grid",
        "seed": 1,
        "replications": 5,
        "complete": True,
        "runs": 30,
        "parameters": [{"path": path, "values": values} for path, values in WEB.items()],
    }
    assert found["scenario"] == {"name": "two nodes", "sha256": rs.loads(RANDOM).resolve().sha256}
    point = found["points"][5]
    assert (point["point"], point["values"]) == (5, {"network": "3 Gbit/s", "nodes.web.count": 4})
    frame = web.to_pandas()
    mine = frame[(frame["point"] == 5) & (frame["case"] == "large")]
    case = point["cases"][1]
    assert case["rollout_time_s"] == pytest.approx(mine["rollout_time_s"].mean(), rel=1e-12)
    # A percentile is the median of the replications' percentiles; five have no interval around it.
    assert case["pull_time_p95_s"] == mine["pull_time_p95_s"].median()
    assert "rollout_time_s" in case["ci"]
    assert "pull_time_p95_s" not in case["ci"]


def test_markdown_and_html_show_means_with_half_their_intervals(web: rs.Sweep) -> None:
    lines = web.to_markdown().splitlines()
    assert lines[0] == "# two nodes · grid of 6 points × 5 replications"
    assert lines[2:4] == ["| network | nodes.web.count | small | large | thresholds |", "|--:|--:|--:|--:|---|"]
    assert len(lines) == 4 + 6 + 3
    cell = lines[4].split("|")[4].strip()
    value, half = (float(text.removesuffix(" s")) for text in cell.split(" ± "))
    dataset = web.to_xarray().isel({"network": 0, "nodes.web.count": 0}).sel(case="large")
    assert value == pytest.approx(float(dataset["rollout_time_s"]), rel=5e-3)
    low, high = float(dataset["rollout_time_ci_low_s"]), float(dataset["rollout_time_ci_high_s"])
    assert half == pytest.approx((high - low) / 2, rel=5e-3)
    html = web._repr_html_()
    assert html.count("<tr>") == 7
    assert cell in html
    assert "two nodes · grid of 6 points × 5 replications" in html
    assert repr(web) == "<Sweep of two nodes · grid of 6 points × 5 replications: network, nodes.web.count>"


def test_many_cases_stand_below_each_other() -> None:
    images = "{" + ", ".join(f"i{number}: {number + 1} MB" for number in range(7)) + "}"
    found = rs.loads(IDEAL.replace("{small: 10 MB, large: 100 MB}", images)).sweep({"nodes": [2]})
    assert found.to_markdown().splitlines()[2:6] == [
        "| nodes | case | rollout time | thresholds |",
        "|--:|---|--:|---|",
        "| 2 | i0 | 0.0160 s | ✓ |",
        "| 2 | i1 | 0.0320 s | ✓ |",
    ]


def test_html_of_many_points_is_cut_and_says_so() -> None:
    html = rs.loads(IDEAL).sweep({"nodes": list(range(1, 61))})._repr_html_()
    assert html.count("<tr>") == 51
    assert "(the first 50 rows of 60)" in html


def test_names_cannot_become_html_or_markdown() -> None:
    found = rs.loads(IDEAL.replace("small", '"<b>|x"')).sweep({'images["<b>|x"]': ["1 MB", "2 MB"]})
    assert "<b>" not in found._repr_html_()
    assert r"\<b>\|x" in found.to_markdown()
    assert "<b>" not in found.to_markdown().replace(r"\<b>", "")


def test_a_parquet_file_is_the_frame(web: rs.Sweep, tmp_path: Path) -> None:
    web.to_parquet(tmp_path / "s.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s.parquet"), web.to_pandas(), check_dtype=False)
    assert [one.name for one in tmp_path.iterdir()] == ["s.parquet"]
    with pytest.raises(OutputError) as caught:
        web.to_parquet(tmp_path / "nowhere/s.parquet")
    assert str(caught.value) == f"cannot write {tmp_path}/nowhere/s.parquet: no such file or directory"


@pytest.mark.parametrize(
    ("module", "call", "message"),
    [
        ("pandas", lambda s: s.to_pandas(), "to_pandas() needs pandas: pip install 'rolloutsim[pandas]'"),
        ("xarray", lambda s: s.to_xarray(), "to_xarray() needs xarray: pip install 'rolloutsim[xarray]'"),
        ("pyarrow", lambda s: s.to_parquet("x"), "Parquet needs pyarrow: pip install 'rolloutsim[parquet]'"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    web: rs.Sweep, monkeypatch: pytest.MonkeyPatch, module: str, call: object, message: str
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else real(name))
    with pytest.raises(ImportError) as caught:
        call(web)  # type: ignore[operator]
    assert str(caught.value) == message


def test_an_incomplete_sweep_says_so(web: rs.Sweep, tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "s.sqlite"
    rs.loads(IDEAL).sweep({"nodes": [2, 3]}, path=path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM results WHERE point = 1")
        database.execute("UPDATE sweep SET complete = 0")
    found = rs.Sweep.read(path)
    assert (found.complete, json.loads(found.to_json())["runs"]) == (False, 1)
    assert found.to_markdown().endswith(
        "| 3 | – | – | – |\n\n- Rollout times by case.\n- All thresholds hold at 1 of 1 point.\n"
        "- Incomplete: 1 of 2 runs are done.\n"
    )
    assert math.isnan(found.to_xarray()["rollout_time_s"].sel(nodes=3, case="large"))
