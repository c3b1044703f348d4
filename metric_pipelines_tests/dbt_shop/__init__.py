"""A small shop as dbt would have built it, and what MetricFlow says of it on the same rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.yaml_types import Owners
from metric_pipelines.exchange.dbt.reading import read_dbt
from metric_pipelines.publication.dbt_center import DbtCenter, Wanted, dbt_center

SEMANTICS = Path(__file__).with_name("semantics.yaml")
TODAY = date(2026, 11, 24)
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
TABLES = """
create table orders as
select i as order_id, 1 + (i * 7) % 12 as customer_id, date '2024-01-02' + (i * 5 % 80)::int as ordered_on,
       date '2024-01-04' + (i * 5 % 80)::int as shipped_on,
       case i % 3 when 0 then 'web' when 1 then 'shop' end as channel,
       ((i * 37) % 90 + 0.25)::decimal(18, 2) as amount
from range(70) as t(i);
create table customers as
select i as customer_id, case when i % 4 = 0 then 'gold' else 'plain' end as tier, 1 + i % 3 as region_id,
       date '2024-01-01' + (i * 6)::int as since
from range(1, 12) as t(i);
create table regions as select * from (values (1, 'FR'), (2, 'DE')) as t(region_id, country);
create table agents as
select a as agent_id, (a + p) % 2 as team_id, 'desk ' || a || p as desk,
       date '2024-01-01' + (30 * p)::int as from_day,
       case when p < 2 then date '2024-01-31' + (30 * p)::int end as to_day
from range(3) as a(a), range(3) as p(p) where a + p > 0;
create table teams as select * from (values (0, 'Ada'), (1, 'Bo')) as t(team_id, lead);
create table nicknames as select * from (values (1, 'a'), (1, 'b')) as t(customer_id, nickname);
create table visits as
select 1 + (i * 3) % 12 as customer_id, date '2024-01-01' + (i * 4 % 82)::int as visited_on,
       case when i % 5 > 0 then 'page' || i % 2 end as page
from range(60) as t(i);
create table balances as
select c as customer_id, date '2024-01-01' + (d * 3)::int as on_day, (c * 10 + d)::bigint as balance
from range(1, 5) as a(c), range(30) as b(d) where (c + d) % 4 > 0;
create table days as
select date '2024-01-01' + i::int as date_day from range(91) as t(i);
"""


def warehouse(file: Path) -> Path:
    """Writes what dbt would have built."""
    with duckdb.connect(str(file)) as con:
        con.execute(TABLES)
    return file


def manifest(file: Path, semantics: Path = SEMANTICS) -> Path:
    """Writes the shop's `semantic_manifest.json`, its time spine too."""
    plain = read_dbt(semantics).manifest
    for model in plain["semantic_models"]:
        model["node_relation"] = _relation(model["node_relation"]["alias"])
    column = {"name": "date_day", "time_granularity": "day"}
    spine = {"node_relation": _relation("days"), "primary_column": column, "custom_granularities": []}
    plain["project_configuration"]["time_spines"] = [spine]
    file.write_text(json.dumps(plain), encoding="utf-8")
    return file


def imported(manifest_file: Path, database: Path, home: Path) -> DbtCenter:
    """What a manifest becomes here, its relations being in a DuckDB file."""
    owners = Owners(business="a@example.com", technical="b@example.com")
    wanted = Wanted("dbt", f"duckdb:///{database}", "shop", "imported", owners, TODAY)
    return dbt_center(read_dbt(manifest_file), wanted, None, home, lambda _: None, lambda _: None)


def written(made: DbtCenter, folder: Path) -> Path:
    """Writes it as a center."""
    for name, text in made.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _relation(alias: str) -> dict[str, Any]:
    return {"alias": alias, "schema_name": "main", "relation_name": f"main.{alias}", "database": None}


Rows = Counter[tuple[Any, ...]]


class MetricFlow:
    """MetricFlow itself, over the same database."""

    def __init__(self, manifest: Path, database: Path) -> None:
        self._manifest = manifest
        self.con = duckdb.connect(str(database), read_only=True)

    @cached_property
    def engine(self) -> Any:
        from metric_pipelines.semantics.metricflow_sql import _engine

        return _engine(self._manifest.read_text(encoding="utf-8"))

    def dimensions(self, metric: str) -> list[str]:
        """All that a metric can be grouped by, beside its time."""
        names = {d.dunder_name for d in self.engine.simple_dimensions_for_metrics([metric])}
        return sorted(name for name in names if not name.startswith("metric_time"))

    def rows(self, metric: str, grain: str, by: list[str], where: Sequence[str] = ()) -> Rows:
        """(period, dimension, value) as MetricFlow answers; periods without a value left out."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        time = f"metric_time__{grain}"
        request = MetricFlowQueryRequest.create(
            metric_names=[metric], group_by_names=[time, *by], where_constraints=list(where) or None
        )
        found = self.con.execute(self.engine.explain(request).sql_statement.sql)
        names = [str(column[0]) for column in found.description or []]
        value, at = names.index(metric), names.index(time)
        rest = [i for i in range(len(names)) if i not in (value, at)]
        return Counter(
            tuple(comparable(row[i]) for i in (at, *rest, value))
            for row in found.fetchall()
            if row[value] is not None
        )

    def saved(self, name: str) -> list[tuple[Any, ...]]:
        """The answer to a saved query, in its order: (group by as written, metrics as written)."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(saved_query_name=name)
        found = self.con.execute(self.engine.explain(request).sql_statement.sql).fetchall()
        return [tuple(map(comparable, row)) for row in found]


def comparable(value: Any) -> Any:
    """Numbers to nine digits, times as text."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(f"{float(value):.9g}")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value


__all__ = [
    "FIRST",
    "LAST",
    "SEMANTICS",
    "MetricFlow",
    "comparable",
    "imported",
    "manifest",
    "warehouse",
    "written",
]
