"""Types are guessed from all values: one value decides against; what cannot be told is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import duckdb
import pytest

from metric_pipelines.dictionary.source_definitions import SourceColumn
from metric_pipelines.ingest.drafting.keys import unique_key
from metric_pipelines.ingest.drafting.rules import months_by, with_rules
from metric_pipelines.ingest.drafting.types import FIRST_ROWS, Typed, typed
from metric_pipelines.ingest.spool import spooled
from metric_pipelines.ingest.system import Declared
from metric_pipelines.warehouse.lake import step_database

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def con() -> Iterator[Con]:
    with step_database() as found:
        found.execute("set ieee_floating_point_ops = false")
        yield found


def guessed(con: Con, *columns: Sequence[str | None], kind: str = "", signs: bool = True) -> Typed:
    names = {f"c{i}": f"c{i}" for i in range(len(columns))}
    raw = spooled(con, list(names), [list(zip(*columns, strict=True))])
    return typed(con, raw, names, Declared(dict.fromkeys(names, kind)), signs=signs)


def kind(found: Typed, column: str = "c0") -> str:
    return found.columns[column].type


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-20", None, "0"], "int64"),
        (["007", "1"], "string"),
        (["9223372036854775808"], "string"),
        (["110101199003071234"], "int64"),
        (["1.5", "20", "-.25"], "decimal(18,2)"),
        (["1.234", "20"], "decimal(18,4)"),
        (["12345678901234.56"], "decimal(38,2)"),
        (["0.1", "0.30000000000000004"], "double"),
        (["1e-7", "2"], "double"),
        (["true", "False", None], "boolean"),
        (["2024-01-31", None], "date"),
        (["2024-02-30"], "string"),
        (["2024-01-31", "2024-01-31 08:30"], "timestamp"),
        (["2024-01-31T08:30:00.250000"], "timestamp"),
        (["2024-01-31 08:30:00+08:00"], "string"),
        (["1", "x"], "string"),
        ([None, None], "string"),
        (["", "1"], "string"),
        (["+86139", "12"], "string"),
        (["1-2", "2"], "string"),
    ],
)
def test_types(con: Con, values: list[str | None], expected: str) -> None:
    assert kind(guessed(con, values)) == expected


@pytest.mark.parametrize(
    ("values", "form", "expected"),
    [
        (["31.01.2024", "1.2.2024"], "%d.%m.%Y", "date"),
        (["31.01.24"], "%d.%m.%y", "date"),
        (["31/01/2024", "02/03/2024"], "%d/%m/%Y", "date"),
        (["01/31/2024", "02/03/2024"], "%m/%d/%Y", "date"),
        (["2024/1/5"], "%Y/%m/%d", "date"),
        (["2024年1月5日"], "%Y年%m月%d日", "date"),
        (["20240131", "20231201"], "%Y%m%d", "date"),
        (["5-Jan-2024"], "%d-%b-%Y", "date"),
        (["31.01.2024 08:30"], "%d.%m.%Y %H:%M", "timestamp"),
        (["1/31/2024 3:05 PM"], "%m/%d/%Y %I:%M %p", "timestamp"),
    ],
)
def test_days_as_they_are_written(con: Con, values: list[str], form: str, expected: str) -> None:
    column = guessed(con, values).columns["c0"]
    assert (column.type, column.format) == (expected, form)


def test_a_day_that_could_be_a_month_stays_a_string_and_is_said(con: Con) -> None:
    found = guessed(con, ["01/02/2024", "03/04/2024"])
    assert kind(found) == "string"
    assert [doubt.kind for doubt in found.doubts] == ["ambiguous_day"]


def test_numbers_of_eight_digits_are_days_only_where_all_are(con: Con) -> None:
    assert kind(guessed(con, ["20240131", "20240132"])) == "int64"
    assert kind(guessed(con, ["20240131"], signs=False)) == "int64"


@pytest.mark.parametrize(
    ("values", "decimal", "thousands"),
    [
        (["1.234,50", "2,5"], ",", "."),
        (["1,234.50", "2.5"], ".", ","),
        (["12,50", "3"], ",", None),
        (["1 234,5", "0,5"], ",", " "),
        (["1'234.50", "7"], ".", "'"),
        (["1.5", "2"], ".", None),
    ],
)
def test_signs_of_numbers(con: Con, values: list[str], decimal: str, thousands: str | None) -> None:
    found = guessed(con, values)
    assert (found.signs.decimal, found.signs.thousands) == (decimal, thousands)
    assert kind(found) == "decimal(18,2)"


def test_a_number_that_could_be_two_stays_a_string_and_is_said(con: Con) -> None:
    found = guessed(con, ["1,234", "12,345"])
    assert kind(found) == "string"
    assert [doubt.kind for doubt in found.doubts] == ["ambiguous_number"]
    decided = guessed(con, ["1,234", "12,345"], ["1,5", "2,25"])
    assert (kind(decided), kind(decided, "c1")) == ("decimal(18,4)", "decimal(18,2)")


def test_one_value_behind_the_first_rows_decides_too(con: Con) -> None:
    found = guessed(con, [*map(str, range(1, FIRST_ROWS + 1)), "n/a"])
    assert kind(found) == "string"
    [doubt] = found.doubts
    assert (doubt.kind, doubt.details) == ("almost", {"n": 1, "example": "n/a", "type": "number"})


def test_what_a_database_says_of_its_columns_counts(con: Con) -> None:
    assert kind(guessed(con, ["1", "2"], kind="string", signs=False)) == "string"
    assert kind(guessed(con, ["2024-01-31"], kind="string", signs=False)) == "date"
    assert kind(guessed(con, ["1.5", "2"], kind="decimal(12,3)", signs=False)) == "decimal(12,3)"
    assert kind(guessed(con, ["1", "2"], kind="decimal", signs=False)) == "decimal(18,2)"
    assert kind(guessed(con, ["1", "2"], kind="double", signs=False)) == "double"
    assert kind(guessed(con, [None], kind="timestamp", signs=False)) == "timestamp"
    assert kind(guessed(con, ["18446744073709551615"], kind="int64", signs=False)) == "decimal(38,0)"
    assert kind(guessed(con, ["2024-01-31 00:00:00"], kind="timestamp", signs=False)) == "timestamp"
    assert kind(guessed(con, ["0000-00-00"], kind="date", signs=False)) == "string"


def columns(**types: str) -> dict[str, SourceColumn]:
    return {name: SourceColumn(type=kind, nullable=True) for name, kind in types.items()}


def test_rules_are_those_that_all_rows_keep_with_room(con: Con) -> None:
    con.execute(
        "create or replace table rows as select i as id, (i * 2.5)::decimal(18,2) as amount, i - 5 as delta,"
        " if(i % 2 = 0, 'a', 'b') as kind, 'note ' || i as note, if(i = 3, null, 'x') as flag"
        " from range(40) t(i)"
    )
    types = columns(
        id="int64", amount="decimal(18,2)", delta="int64", kind="string", note="string", flag="string"
    )
    found = with_rules(con, "rows", types)
    told = {
        name: column.model_dump(exclude_defaults=True, exclude={"type"}) for name, column in found.items()
    }
    assert told == {
        "id": {"min": 0},
        "amount": {"min": 0, "max": 1000},
        "delta": {},
        "kind": {"isin": ["a", "b"]},
        "note": {},
        "flag": {"nullable": True, "isin": ["x"]},
    }


def test_the_smallest_key_is_found(con: Con) -> None:
    con.execute(
        "create or replace table rows as select i // 3 as order_no, i % 3 as line, 'n' || i as note,"
        " i as order_id, i::double as price from range(30) t(i)"
    )
    every = columns(order_no="int64", line="int64", note="string", order_id="int64", price="double")
    assert unique_key(con, "rows", every) == ["order_id"]
    assert unique_key(con, "rows", columns(order_no="int64", line="int64", price="double")) == [
        "order_no",
        "line",
    ]
    assert unique_key(con, "rows", columns(line="int64", price="double")) is None


def test_months_are_by_days_that_every_row_has_and_that_can_be(con: Con) -> None:
    con.execute(
        "create or replace table rows as select date '2024-01-01' + i::int as day,"
        " date '9999-12-31' as until, date '1950-01-01' as born, timestamp '2024-01-01 10:00:00' as at,"
        " if(i > 1, null, current_date) as paid from range(9) t(i)"
    )
    types = columns(until="date", born="date", day="date", at="timestamp", paid="date")
    assert months_by(con, "rows", types, date(2024, 6, 1)) == ["day", "at"]
