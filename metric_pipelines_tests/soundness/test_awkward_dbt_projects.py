"""Names that meet when they are written flat, ratios of other days, hours, rows without a time: MetricFlow's
values, or a refusal that says why. Each was once another number without a word.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.publication.dbt_center import DbtCenter
from metric_pipelines.publication.dbt_relations import named_relations
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines_tests.dbt_shop import MetricFlow, comparable, imported, manifest, written
from metric_pipelines_tests.small_shop import Shop

SEMANTICS = Path(__file__).with_name("awkward_semantics.yaml")
TABLES = """
create table sales as
select i as order_id, 1 + i % 3 as shop_id, ['a', 'b', 'c'][1 + i % 2] as shop_code,
       date '2024-01-01' + (i % 74)::int as sold_on, (i % 7)::bigint as revenue_value,
       (10 + i % 11)::bigint as price, (1 + i % 5)::bigint as quantity
from range(300) as t(i);
create table shops as select * from (values (1, 'Lyon'), (2, 'Berlin'), (3, 'Oslo')) as t(shop_id, city);
create table calls as
select i as call_id, case when i % 9 > 0 then timestamp '2024-01-02' + interval (i * 5) hour end as called_at
from range(300) as t(i);
create table days as select date '2024-01-01' + i::int as date_day from range(900) as t(i);
"""


@dataclass(frozen=True)
class Project:
    """The project here, and MetricFlow beside it."""

    made: DbtCenter
    reader: Reader
    metricflow: MetricFlow

    def notes(self, kind: str) -> dict[str, str]:
        return {note.where: note.text for note in self.made.notes if note.kind == kind}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("awkward")
    (folder / "home").mkdir()
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute(TABLES)
    file = manifest(folder / "semantic_manifest.json", SEMANTICS)
    made = imported(file, folder / "shop.duckdb", folder / "home")
    shop = Shop(written(made, folder / "center"), folder / "home")
    assert shop.refresh().troubles == []
    with open_for_reading(shop.open()) as reader:
        yield Project(made, reader, MetricFlow(file, folder / "shop.duckdb"))


@pytest.mark.parametrize(
    "metric", ["stored", "revenue", "growth", "since_the_start", "change", "sundays", "calls"]
)
@pytest.mark.parametrize("grain", ["day", "month", "quarter", "year"])
def test_values_are_metricflows(project: Project, metric: str, grain: str) -> None:
    if metric == "change" and grain == "day":
        return  # an offset of months makes a monthly metric
    for by in ([],) if metric == "calls" else ([], ["order_shop__city"]):
        theirs = {row for row in project.metricflow.rows(metric, grain, by) if row[0] is not None}
        answer = project.reader.values(metric, by, grain)
        ours = Counter(tuple(map(comparable, row[: 2 + len(by)])) for row in answer.rows)
        assert ours == Counter(theirs)
        assert ours


def test_a_name_of_two_things_can_be_asked_for_by_neither(project: Project) -> None:
    assert "neither can be asked for" in project.notes("ambiguous")["sales.order_shop"]
    assert "order__shop" in project.notes("not_carried")["metrics.of_one_shop"]
    for name in ("order__shop", "order_shop"):
        with pytest.raises(UsageError, match="unknown dimension"):
            project.reader.values("revenue", [name])


def test_moments_of_a_time_that_is_kept_by_day_are_refused(project: Project) -> None:
    for name in ("evening_calls", "late_calls"):
        assert "times are days here" in project.notes("not_carried")[f"metrics.{name}"]


def test_rows_without_a_time_are_counted_out_aloud(project: Project) -> None:
    rows = sum(project.metricflow.rows("calls", "month", []).values())
    assert rows == 4  # three months, and a period that is none
    assert project.notes("no_time") == {
        "calls.called_at": "34 row(s) without called_at belong to no period and are not counted"
    }


def model(alias: str, schema: str = "main", database: str | None = None) -> dict[str, object]:
    return {"node_relation": {"alias": alias, "schema_name": schema, "database": database}}


def test_two_relations_never_have_one_name() -> None:
    found = named_relations([model("Sales-2024"), model("sales_2024")], "duckdb:///x.duckdb")
    assert [(r.ours, r.theirs) for r in found.values()] == [
        ("sales_2024", "Sales-2024"),
        ("sales_2024_2", "sales_2024"),
    ]
    parts = named_relations([model("c", "a_b"), model("b_c", "a"), model("c"), model("b_c")], "duckdb:///x")
    assert len({relation.ours for relation in parts.values()}) == 4


def test_only_the_schema_that_a_connection_reads_by_itself_is_left_out() -> None:
    both = [model("orders"), model("orders", "public")]
    assert [r.theirs for r in named_relations(both, "duckdb:///x").values()] == ["orders", "public.orders"]
    assert [r.theirs for r in named_relations(both, "postgresql://x/y").values()] == [
        "main.orders",
        "orders",
    ]


def test_relations_of_two_databases_are_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute(TABLES)
    file = manifest(tmp_path / "semantic_manifest.json", SEMANTICS)
    plain = json.loads(file.read_text())
    for one, database in zip(plain["semantic_models"], ("shop", "archive", "shop"), strict=True):
        one["node_relation"]["database"] = database
    file.write_text(json.dumps(plain))
    with pytest.raises(UsageError, match="databases archive, shop"):
        imported(file, tmp_path / "shop.duckdb", tmp_path)
