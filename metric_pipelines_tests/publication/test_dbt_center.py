"""What a dbt project becomes here says what MetricFlow says, row by row, or is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from metric_pipelines.dictionary.periods import period_start
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import SourceDataError, UsageError
from metric_pipelines.exchange.dbt.reading import read_dbt
from metric_pipelines.publication.dbt_center import DbtCenter
from metric_pipelines.query import Reader, answer_saved, open_for_reading
from metric_pipelines_tests.dbt_shop import (
    FIRST,
    LAST,
    MetricFlow,
    Rows,
    comparable,
    imported,
    manifest,
    warehouse,
    written,
)
from metric_pipelines_tests.small_shop import Shop

pytestmark = pytest.mark.long
GRAINS = ("day", "week", "month", "quarter", "year")
NOT_CARRIED = {"frequent_buyers_orders"}


@dataclass(frozen=True)
class Imported:
    """The shop imported and refreshed, and MetricFlow beside it."""

    made: DbtCenter
    shop: Shop
    reader: Reader
    metricflow: MetricFlow


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    folder = tmp_path_factory.mktemp("dbt")
    database, file = warehouse(folder / "shop.duckdb"), manifest(folder / "semantic_manifest.json")
    made = imported(file, database, folder / "home")
    shop = Shop(written(made, folder / "center"), folder / "home")
    (folder / "home").mkdir()
    result = shop.refresh()
    assert result.troubles == []
    with open_for_reading(shop.open()) as reader:
        yield Imported(made, shop, reader, MetricFlow(file, database))


def within(rows: Rows, grain: str) -> Rows:
    """Rows of periods that the center covers."""
    first = period_start(grain, FIRST).isoformat()  # type: ignore[arg-type]
    return Counter({row: n for row, n in rows.items() if row[0] and first <= row[0] <= LAST.isoformat()})


def metric_names() -> list[str]:
    from metric_pipelines_tests.dbt_shop import SEMANTICS

    names = {m["name"] for m in read_dbt(SEMANTICS).manifest["metrics"] if not m["type_params"]["is_private"]}
    return sorted(names - NOT_CARRIED)


@pytest.mark.parametrize("metric", metric_names())
def test_values_are_metricflows_by_every_grain_and_dimension(shop: Imported, metric: str) -> None:
    compared, unknown = 0, set()
    for grain in GRAINS:
        for dimension in [None, *shop.metricflow.dimensions(metric)]:
            by = [dimension] if dimension else []
            try:
                answer = shop.reader.values(metric, by, grain)
            except UsageError as error:
                unknown |= {dimension} if "unknown dimension" in str(error) else set()
                continue
            ours = Counter(tuple(comparable(v) for v in row[: 2 + len(by)]) for row in answer.rows)
            theirs = within(shop.metricflow.rows(metric, grain, by), grain)
            assert ours == theirs, (metric, grain, by)
            compared += len(ours)
    assert compared > 0
    assert unknown <= {"customer__nickname"}


def test_what_is_not_carried_over_is_named_with_its_reason(shop: Imported) -> None:
    refused = {
        n.where.removeprefix("metrics."): n.text
        for n in shop.made.notes
        if n.kind == "not_carried" and n.where.startswith("metrics.")
    }
    assert set(refused) == NOT_CARRIED
    assert "the metric orders by customer" in refused["frequent_buyers_orders"]
    assert any(n.kind == "not_joined" and "nicknames" in n.text for n in shop.made.notes)


FILTERS = {
    "customer_tier = 'gold'": "{{ Dimension('customer__tier') }} = 'gold'",
    "customer_tier = 'plain'": "{{ Dimension('customer__tier') }} = 'plain'",
    "customer_tier <> 'gold' or order_channel = 'web'": (
        "{{ Dimension('customer__tier') }} <> 'gold' or {{ Dimension('order__channel') }} = 'web'"
    ),
    "order_shipped_on >= date '2024-02-10'": (
        "{{ TimeDimension('order__shipped_on', 'day') }} >= date '2024-02-10'"
    ),
    "metric_time >= date '2024-02-10'": "{{ TimeDimension('metric_time', 'day') }} >= date '2024-02-10'",
}


@pytest.mark.parametrize("metric", metric_names())
def test_values_under_a_condition_are_metricflows(shop: Imported, metric: str) -> None:
    compared = 0
    for ours, theirs in FILTERS.items():
        for by in ([], ["customer__tier"], ["order__channel"]):
            for grain in ("day", "month"):
                try:
                    answer = shop.reader.values(metric, by, grain, filter=ours)
                except UsageError:
                    continue
                found = Counter(tuple(map(comparable, row[: 2 + len(by)])) for row in answer.rows)
                assert answer.route == "model"
                assert found == within(shop.metricflow.rows(metric, grain, by, [theirs]), grain), (by, ours)
                compared += len(found)
    assert compared > 0


def test_saved_queries_answer_as_metricflow_does(shop: Imported) -> None:
    assert {f for f in shop.made.files if f.startswith("queries/")} == {
        "queries/by_channel.yaml",
        "queries/gold_weeks.yaml",
        "queries/visits_and_amounts_by_tier.yaml",
    }
    for name in ("by_channel", "visits_and_amounts_by_tier"):
        answer = answer_saved(shop.reader, name)
        theirs = [row for row in shop.metricflow.saved(name) if any(v is not None for v in row[2:])]
        assert Counter(tuple(map(comparable, row)) for row in answer.rows) == within(
            Counter(theirs), answer.grain
        )
    best = answer_saved(shop.reader, "gold_weeks")
    theirs = shop.metricflow.saved("gold_weeks")
    assert len(best.rows) == len(theirs) == 7
    assert [comparable(row[3]) for row in best.rows] == [row[3] for row in theirs]
    assert best.query.label.en == "Best weeks of gold customers"
    assert best.query.description is not None
    assert best.query.description.en == "Weeks of gold customers, the best first."


def test_saved_queries_that_cannot_be_answered_are_named(shop: Imported) -> None:
    notes = {n.where.removeprefix("saved_queries."): n for n in shop.made.notes if "saved_queries" in n.where}
    assert "no period" in notes["of_all_time"].text
    assert "frequent_buyers_orders" in notes["of_a_refused_metric"].text
    assert "metric_time" in notes["of_time_that_moves"].text
    assert "customer__nickname" in notes["by_nickname"].text
    assert notes["by_channel"].kind == "export"
    assert set(notes) == {
        "of_all_time",
        "of_a_refused_metric",
        "of_time_that_moves",
        "by_nickname",
        "by_channel",
    }


def test_few_questions_are_refused(shop: Imported) -> None:
    """What is compared above is most of what MetricFlow answers."""
    asked = refused = 0
    for metric in metric_names():
        for grain in GRAINS:
            asked += 1
            try:
                shop.reader.values(metric, [], grain)
            except UsageError:
                refused += 1
    assert refused <= asked // 10


def test_a_center_of_dbt_is_valid_and_its_sources_say_what_is_unique(shop: Imported) -> None:
    center = load_valid_center(shop.shop.center)
    assert center.sources["dbt"].tables["customers"].checks.unique == [["customer_id"]]
    assert center.sources["dbt"].tables["nicknames"].checks.unique == []
    assert center.settings.clock.today == LAST


def test_a_relation_that_does_not_exist_is_named(tmp_path: Path) -> None:
    file = manifest(tmp_path / "semantic_manifest.json")
    plain = json.loads(file.read_text())
    plain["semantic_models"][0]["node_relation"] |= {"alias": "ordres", "relation_name": "main.ordres"}
    file.write_text(json.dumps(plain))
    with pytest.raises(SourceDataError, match="orders") as error:
        imported(file, warehouse(tmp_path / "shop.duckdb"), tmp_path)
    assert "ordres" in str(error.value)
