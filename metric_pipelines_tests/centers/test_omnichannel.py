"""The center `omnichannel` on TPC-DS: every metric equals SQL by hand over the raw tables, month by month.

In every run, a hundredth of scale 1 and the fourteen months around a year border and a 29 February, without
an orchestrator; all five years of a tenth where long tests are asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import metric_pipelines
from metric_pipelines.demo import script
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.centers.by_hand import CASES, Case, raw_tables
from metric_pipelines_tests.small_shop import Shop

pytest.importorskip("duckdb_extension_tpcds")

CENTER = SHIPPED / "omnichannel"
FEW = {
    "gross_margin_rate",
    "net_revenue_growth_yoy",
    "return_rate",
    "store_to_web_conversion",
    "customers",
}
"""What the quick run computes, with what these are computed from."""


def shop_of(folder: Path, first: str, last: str, scale: float, metrics: set[str] | None) -> Shop:
    """The center over some months, with some metrics and their inputs, laid out and refreshed."""
    center = Path(shutil.copytree(CENTER, folder / "center"))
    shop = Shop(center, folder / "home")
    shop.edit("center.yaml", "start: 1998-01, end: 2002-12", f"start: {first}, end: {last}")
    if metrics is not None:
        graph = shop.open().graph
        kept = metrics | {key.partition("/")[2] for m in metrics for key in graph.upstream(f"metrics/{m}")}
        for file in center.glob("metrics/*/*.yaml"):
            if file.stem not in kept:
                file.unlink()
    script.load(center, shop.home / "sources", scale)
    done = shop.refresh()
    assert done.troubles == []
    return shop


def differences(shop: Shop, case: Case, raw: Any) -> list[str]:
    """Where the center's answer and the rows by hand are not the same."""
    frame = metric_pipelines.values(case.metric, by=case.by, grain=case.grain)
    rows = frame[["metric_time", *case.by, "value"]].itertuples(index=False)
    got = {(row[0].date(), *row[1:-1]): float(row[-1]) for row in rows}
    want = {
        tuple(row[:-1]): float(row[-1]) for row in raw.execute(case.sql).fetchall() if row[-1] is not None
    }
    assert want, f"{case.metric}: nothing to compare"
    return [
        f"{case.metric} {key}: {got.get(key)}, by hand {want.get(key)}"
        for key in sorted(got.keys() | want.keys(), key=str)
        if got.get(key) != pytest.approx(want.get(key), rel=1e-9)
    ]


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_of(tmp_path_factory.mktemp("omnichannel"), "1999-01", "2000-02", 0.01, FEW)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Shop], None]:
    def point_at(shop: Shop) -> None:
        monkeypatch.setenv("METRIC_PIPELINES_CENTER", str(shop.center))
        monkeypatch.setenv("METRIC_PIPELINES_HOME", str(shop.home))

    return point_at


def test_the_shipped_center_is_valid_and_every_metric_has_a_value_by_hand() -> None:
    center = load_valid_center(CENTER)
    assert {case.metric for case in CASES} == set(center.metrics)


def test_it_says_everywhere_that_it_is_synthetic() -> None:
    center = load_valid_center(CENTER)
    assert "synthetic" in center.settings.label.en.lower()
    for described in (center.settings, *center.sources.values()):
        assert "synthetic" in described.description.en.lower()
        assert "合成数据" in described.description.zh
    assert all("Synthetic data" in metric.caveats.en for metric in center.metrics.values() if metric.caveats)


def test_its_metrics_equal_sql_by_hand(quarters: Shop, asked: Callable[[Shop], None], tmp_path: Path) -> None:
    asked(quarters)
    raw = raw_tables(tmp_path / "raw.duckdb", 0.01, date(1999, 1, 1), date(2000, 3, 1))
    metrics = load_valid_center(quarters.center).metrics
    found = [line for case in CASES if case.metric in metrics for line in differences(quarters, case, raw)]
    assert found == []


def test_the_year_before_is_the_same_calendar_month(quarters: Shop, asked: Callable[[Shop], None]) -> None:
    asked(quarters)
    revenue = metric_pipelines.values("net_revenue", grain="month").set_index("metric_time").value
    growth = metric_pipelines.values("net_revenue_growth_yoy", by=["channel", "category"])
    first = growth.metric_time.min()
    assert str(first.date()) == "2000-01-01"  # nothing has a year before it until then
    leap = metric_pipelines.values(
        "net_revenue_growth_yoy", ["channel", "category"], start="2000-02-01", end="2000-03-01"
    )
    assert len(leap)
    assert revenue["2000-02-01"] > 0


@pytest.mark.long
def test_a_unit_cost_that_slipped_by_a_digit_is_withheld(quarters: Shop, tmp_path: Path) -> None:
    import duckdb

    shop = quarters.copy(tmp_path)
    with duckdb.connect(str(shop.home / "sources" / "web.duckdb")) as con:
        con.execute(
            "update sales_lines set wholesale_cost = wholesale_cost / 10 where sold_on >= date '2000-02-01'"
            " and sold_on < date '2000-03-01'"
        )
    shop.refresh()
    assert ("web/sales_lines", "2000-02") in shop.stands("withheld")
    assert ("metrics/gross_margin_rate", "2000-02") in shop.stands("blocked")
    assert ("metrics/gross_margin_rate", "2000-01") in shop.stands("published")


@pytest.mark.long
def test_five_years_of_a_tenth_equal_sql_by_hand(asked: Callable[[Shop], None], tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "1998-01", "2002-12", 0.1, None)
    asked(shop)
    raw = raw_tables(tmp_path / "raw.duckdb", 0.1, date(1998, 1, 1), date(2003, 1, 1))
    assert [line for case in CASES for line in differences(shop, case, raw)] == []
