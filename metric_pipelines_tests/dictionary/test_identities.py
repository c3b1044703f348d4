"""What the last SELECT of a model says of its columns, and what it does not say surely."""

from __future__ import annotations

import pytest

from metric_pipelines.dictionary.identities import identities
from metric_pipelines.dictionary.yaml_types import Column

COLUMNS = {
    "paid": Column(type="decimal(18,2)"),
    "off": Column(type="decimal(18,2)"),
    "units": Column(type="int64"),
    "gift": Column(type="int64", nullable=True),
    "total": Column(type="decimal(18,2)"),
    "again": Column(type="any", nullable=True),
}
PASSED = "line.paid, line.off, line.units, line.gift"
SAID = {
    f"select {PASSED}, line.paid + line.off as total from shop.lines as line": {"total": '"paid" + "off"'},
    f"select {PASSED}, cast(line.paid + line.off as decimal(18, 2)) as total from shop.lines as line": {
        "total": '"paid" + "off"'
    },
    "with line as (select * from shop.lines) "
    "select paid, off, paid - off as total, paid as again from line": {
        "total": '"paid" - "off"', "again": '"paid"',
    },
    "select LINE.Paid, line.paid + line.units::bigint as total, line.units from shop.lines as line": {
        "total": '"paid" + ("units")'
    },
    "select units, units > 1 /* many */ as again from shop.lines": {"again": '"units" > 1'},
    "select cost as paid, cost + price as total, price as off from shop.lines": {"total": '"paid" + "off"'},
}  # fmt: skip
NOTHING = [
    "select paid, off, cast(paid + off as decimal(18, 1)) as total from shop.lines",  # cents get lost
    "select paid, off, cast(paid + off as double) as total from shop.lines",
    "select paid, off, try_cast(paid + off as decimal(18, 2)) as total from shop.lines",
    "select paid, off, round(paid + off, 0) as total from shop.lines",
    "select paid, paid + off as total from shop.lines",  # off does not come along
    "select paid, coalesce(off, 0) as off, paid + off as total from shop.lines",  # off is another here
    "select a.paid, b.off, b.paid + b.off as total from shop.lines as a, shop.lines as b",
    "select paid, gift, paid + gift as total from shop.lines",  # total is never empty, the sum may be
    "select paid, sum(off) as off, paid + sum(off) as total from shop.lines group by paid",
    "select paid, off, sum(paid + off) over () as total from shop.lines",
    "select paid, off, paid + off as total from shop.lines union all select 1, 2, 4",
    "select * from shop.lines",
    "select paid,, off from",
]


@pytest.mark.parametrize("sql", SAID)
def test_a_column_is_what_the_last_select_computes_it_from(sql: str) -> None:
    found = identities(sql, COLUMNS, "model.sql")
    assert {name: tree.sql("duckdb") for name, tree in found.items()} == SAID[sql]


@pytest.mark.parametrize("sql", NOTHING)
def test_what_is_not_sure_is_not_taken_for_an_identity(sql: str) -> None:
    assert identities(sql, COLUMNS, "model.sql") == {}
