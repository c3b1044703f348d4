"""A filter is one condition over its model's columns; nothing else gets through as text."""

from __future__ import annotations

import duckdb
import pytest

from metric_pipelines.dictionary.filters import FUNCTIONS, parsed_expression, parsed_filter
from metric_pipelines.errors import DefinitionError

COLUMNS = ["brand", "amount", "is_fuel", "day", "note"]

HOSTILE = [
    "brand = 'a') or (1 = 1",
    "1 = 1; drop table models",
    "brand = 'a'; select 1",
    "brand = 'a' -- and the rest",
    "brand = 'a' /* and */",
    "/*+ hint */ is_fuel",
    "brand in (select content from read_text('/etc/passwd'))",
    "amount > (select max(amount) from lake.models.other)",
    "amount > all (select 1)",
    "amount = any (select 1)",
    "exists (select 1)",
    "is_fuel union all select content from read_text('/etc/passwd')",
    "is_fuel intersect select true",
    "is_fuel except select true",
    "with a as (select 1) select true",
    "select true",
    "values (true)",
    "read_text('/etc/passwd') = ''",
    "brand = read_text('/etc/passwd')",
    "brand in (from read_csv('/etc/passwd'))",
    "brand = getenv('HOME')",
    "brand = current_setting('secret_directory')",
    "brand = getvariable('x')",
    "brand = current_user",
    "day = current_date",
    "day < now()",
    "random() < 0.5",
    "nextval('s') = 1",
    "query('select 1') is null",
    "list_transform([1], lambda x: x) = [1]",
    "regexp_matches(brand, 'x')",
    "brand ~ 'x'",
    "brand similar to 'x'",
    "brand glob 'x'",
    "brand || 'x' = 'ax'",
    "concat(brand, 'x') = 'ax'",
    "columns('.*') = 1",
    "* = 1",
    "count(*) > 1",
    "sum(amount) > 1",
    "row_number() over () = 1",
    "amount > 1 as condition",
    "amount > 1, true",
    "brand = :name",
    "brand = ?",
    "brand = $1",
    "brand = $$a$$",
    "brand = E'a'",
    "brand = 'a' 'b'",
    "amount[1] = 1",
    "{'a': 1} = {'a': 1}",
    "{{ brand }} = 'a'",
    "{% raw %} is_fuel",
    "{{ Dimension('line__brand') }} = 'a'",
    "interval 1 day = interval 1 day",
    "struct_pack(a := 1) is null",
    "x.brand = 'a'",
    "lake.models.brand = 'a'",
    "price > 1",
    'brand = "a"',
    "Brand = 'a'",
    "rowid = 1",
    "attach 'x'",
    "copy (select 1) to 'x'",
    "set memory_limit = '1MB'",
    "brand = 'a",
    "brand = 'a' and",
    "(brand = 'a'",
    "",
    "   ",
    "(" * 1_900 + "is_fuel" + ")" * 1_900,
    "not " * 900 + "is_fuel",
    "- " * 1_900 + "1 = 1",
    "is_fuel" + " or is_fuel" * 400,
]

HONEST = [
    "is_fuel",
    "not is_fuel",
    "brand = 'Private'",
    "brand <> 'Private'",
    "brand = 'O''Neill'",
    "brand = '''quoted'''",
    "brand = '{{ 1 }}'",
    "brand in ('a', 'b')",
    "brand not in ('a', 'b')",
    "brand is null or brand = ''",
    "brand is not null",
    "brand like 'P%'",
    "lower(brand) = 'private'",
    "coalesce(brand, 'none') = 'none'",
    "length(trim(note)) > 0",
    "amount >= 10 and amount < 20",
    "amount between 10 and 20",
    "(amount > 1 or is_fuel) and not (brand = 'a' and amount < 3)",
    "amount * 2 - 1 > -3 / 2.0",
    "abs(amount) > 1e3",
    "cast(note as bigint) = 3",
    "day >= date '2024-01-01'",
    "year(day) = 2024 and month(day) in (1, 2)",
    "case when is_fuel then amount else 0 end > 3",
    "date_diff('day', day, day) < 7",
    "true",
]


def test_the_battery_has_the_size_it_promises() -> None:
    assert len(set(HOSTILE)) >= 60
    assert len(set(HONEST)) >= 20


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:40])
def test_a_hostile_filter_is_refused_with_where_it_stands(text: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parsed_filter(text, COLUMNS, "m.yaml:9")
    assert caught.value.where == "m.yaml:9"


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_filter_means_to_duckdb_what_it_says(text: str) -> None:
    rows = (
        "(values ('Private', 12, true, date '2024-01-05', '3'), ('a', -5, false, date '2023-07-01', '12'), "
    )
    rows += f"(null, 1500, true, date '2024-02-29', '0')) as t({', '.join(COLUMNS)})"
    rendered = parsed_filter(text, COLUMNS, "m.yaml:9")
    kept, same = (
        duckdb.sql(f"select * from {rows} where {t} order by all").fetchall() for t in (text, rendered)
    )
    assert kept == same


@pytest.mark.parametrize("text", ["1", "'a'", "amount", "null", "amount + 1", "case when is_fuel then 1 end"])
def test_an_expression_that_is_no_condition_is_no_filter_unless_it_is_a_column(text: str) -> None:
    if text == "amount":
        assert parsed_filter(text, COLUMNS, "m.yaml:9") == "amount"
        return
    with pytest.raises(DefinitionError, match="a condition, true or false"):
        parsed_filter(text, COLUMNS, "m.yaml:9")


def test_an_unknown_column_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(DefinitionError, match=r"unknown column 'brnad'.*did you mean 'brand'"):
        parsed_filter("brnad = 'a'", COLUMNS, "m.yaml:9")


def test_a_refusal_quotes_at_most_the_beginning_of_a_long_text() -> None:
    with pytest.raises(DefinitionError) as caught:
        parsed_filter("x" * 10_000, COLUMNS, "m.yaml:9")
    assert len(str(caught.value)) < 300


def test_what_is_aggregated_may_be_arithmetic_but_no_aggregate() -> None:
    assert parsed_expression("amount * 2", COLUMNS, "m.yaml:9").sql() == "amount * 2"
    with pytest.raises(DefinitionError):
        parsed_expression("sum(amount)", COLUMNS, "m.yaml:9")


CALLS = {
    "date_diff": "date_diff('day', day, day)",
    "date_trunc": "date_trunc('month', day)",
    "extract": "extract(year from day)",
    "substring": "substring(brand, 1, 2)",
    "coalesce": "coalesce(brand, note)",
    "ifnull": "ifnull(brand, note)",
    "nullif": "nullif(brand, note)",
    "greatest": "greatest(amount, 1)",
    "least": "least(amount, 1)",
    "round": "round(amount, 1)",
} | {name: f"{name}(brand)" for name in ("length", "lower", "trim", "upper")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_a_refusal_names_is_allowed(name: str) -> None:
    of = "day" if name in ("day", "month", "year") else "amount"
    parsed_expression(CALLS.get(name, f"{name}({of})"), COLUMNS, "")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "leave it out"),
        ("amount =< 1", "<= or >="),
        ("where amount < 1", "leave the word where out"),
        ("brand = 'x", "close the quote"),
        ("(amount < 1", "close the bracket"),
        ("amount <", "a sign is missing"),
        ("amount < 1 && is_fuel", "write and"),
        ("sum(amount) > 1", "agg says how rows are aggregated"),
        ("day < now()", "write date '2017-06-30'"),
        ("brand = private", "write 'private' in single quotes"),
        ("lenght(brand) = 1", "did you mean 'length'"),
    ],
)
def test_a_refusal_says_what_to_do(text: str, remedy: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parsed_filter(text, COLUMNS, "here")
    assert remedy in caught.value.remedy
