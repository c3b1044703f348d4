"""What a dbt project becomes here says what MetricFlow says, row by row, or is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Owners
from metric_pipelines.errors import SourceDataError, UsageError
from metric_pipelines.exchange.dbt.reading import read_dbt
from metric_pipelines.publication.dbt_center import DbtCenter, Wanted, dbt_center
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines.query.periods import period_start
from metric_pipelines_tests.dbt_shop import FIRST, LAST, MetricFlow, Rows, comparable, manifest, warehouse
from metric_pipelines_tests.small_shop import Shop

pytestmark = pytest.mark.long
GRAINS = ("day", "week", "month", "quarter", "year")
NOT_CARRIED = {"frequent_buyers_orders"}
TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Imported:
    """The shop imported and refreshed, and MetricFlow beside it."""

    made: DbtCenter
    shop: Shop
    reader: Reader
    metricflow: MetricFlow


def imported(manifest_file: Path, database: Path, home: Path) -> DbtCenter:
    owners = Owners(business="a@example.com", technical="b@example.com")
    wanted = Wanted("dbt", f"duckdb:///{database}", "shop", "imported", owners, TODAY)
    return dbt_center(read_dbt(manifest_file), wanted, None, home, lambda _: None, lambda _: None)


def written(made: DbtCenter, folder: Path) -> Path:
    for name, text in made.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


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
    refused = {n.where.removeprefix("metrics."): n.text for n in shop.made.notes if n.kind == "not_carried"}
    assert set(refused) == NOT_CARRIED
    assert "the metric orders by customer" in refused["frequent_buyers_orders"]
    assert any(n.kind == "not_joined" and "nicknames" in n.text for n in shop.made.notes)
    assert any(n.kind == "saved_query" for n in shop.made.notes)


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
