"""Expressions that are one computation have one canonical form, and no form says anything else than its
expression: DuckDB gives the same values for both, on rows with nothing in them too.
"""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metric_pipelines.dictionary.canonical import canonical, canonical_condition
from metric_pipelines.dictionary.conditions import never_holds
from metric_pipelines.dictionary.filters import expression_tree
from metric_pipelines.dictionary.forms import text
from metric_pipelines.dictionary.yaml_types import Column

SAME = [
    ("a > 5", "5 < a"),
    ("a in (3, 1, 2, 2)", "a in (1, 2, 3)"),
    ("a in (1, 2)", "a = 2 or a = 1"),
    ("a not in (1, 2)", "a <> 1 and 2 != a"),
    ("a between 1 and 5", "a <= 5 and 1 <= a"),
    ("not (a = 1)", "a <> 1"),
    ("not (a > 5 or b = 2)", "b <> 2 and a <= 5"),
    ("a::int", "cast(a as integer)"),
    ('"a" + b', "b + (a)"),
    ("(a - b) / b", "a / nullif(b, 0) - 1"),
    ("a - b - c", "a - (b + c)"),
    ("a / b / c", "a / (b * c)"),
    ("a * b / c", "b * (a / c)"),
    ("-(a - b)", "b - a"),
    ("a = 1.0", "1 = a"),
    ("not (f = false)", "f"),
    ("f = true and g", "g and f"),
    ("case when a > 1 then b else null end", "case when 1 < a then b end"),
    ("case a when 1 then 2 end", "case when a = 1 then 2 end"),
    ("extract(year from d) = 2017", "year(d) = 2017"),
    ("a is not null", "not (a is null)"),
    ("a * 1 + 0", "a"),
    ("COALESCE(a, 0)", "ifnull(a, 0)"),
    ("greatest(a, b)", "GREATEST(b, a)"),
    ("f and true", "f"),
    ("a > 1", "a >= 2"),
    ("not (a > 1)", "a < 2"),
    ("a > 1.5", "2 <= a"),
    ("a <= -0.5", "a < 0"),
    ("a + b < 3", "b + a <= 2.9"),
    ("month(d) > 6", "extract(month from d) >= 7"),
    ("a > 1 and a < 6", "a between 2 and 5"),
    ("d > '2024-01-31'", "d >= date '2024-02-01'"),
    ("d = cast('2024-02-01' as date)", "d = '2024-02-01'"),
    ("f and 1 = 1", "f"),
    ("f or 1 > 2", "f"),
    ("'x' = 'x'", "true"),
    ("t in ('x')", "t = 'x'"),
    ("not (t in ('x', 'y'))", "t <> 'y' and t <> 'x'"),
    ("coalesce(f, false) = true", "coalesce(f, false)"),
    ("a / 1000", "a * 0.001"),
    ("2 * a / 4", "a * 0.5"),
    ("a / 3", "2 * a / 6"),
    ("a / (b / 2)", "a * 2 / b"),
    ("a + a", "2 * a"),
    ("3 * (a + b) - a", "2 * a + 3 * b"),
    ("a + 1 + 2.5 - 0.5", "a + 3"),
    ("x + 1 + x + 2", "3 + 2 * x"),
    ("n - n + a", "a"),
    ("a + b - b + b", "a + b"),
    ("(a - b) / b * 100", "100 * (a / b - 1)"),
    ("2 * 3 < a", "6 < a"),
    ("coalesce(n, 0)", "n"),
    ("coalesce(a, n, b)", "coalesce(a, n)"),
    ("coalesce(null, a)", "a"),
    ("coalesce(n + 2 * m, a)", "n + m * 2"),
    ("n is not null", "true"),
    ("n * 2 is null or g", "g"),
    ("h is true", "h"),
    ("h is not true", "not h"),
    ("c > 1.00", "c >= 1.01"),
    ("not (c + 0.5 >= 1.005)", "c + 0.50 <= 1"),
    ("a > 5 and a > 3", "a > 5"),
    ("a > 5 or a > 3", "a > 3"),
    ("a = 1 and a <> 2", "a = 1"),
    ("a in (1, 2) and a < 3", "a in (2, 1)"),
    ("a = 1 or a >= 0", "a >= 0"),
    ("t = 'x' and t <> 'y'", "t = 'x'"),
    ("d = '2024-01-31' and d < '2024-02-01'", "d = '2024-01-31'"),
    ("f or f and g", "f"),
    ("f and g or f and h", "f and (h or g)"),
    ("(f or g) and (f or h)", "f or g and h"),
    ("f and a > 1 or f and a > 2", "a > 1 and f"),
    ("f and g and a = 1 or f and h or b = 1", "f and (h or a = 1 and g) or b = 1"),
]
HELD = [
    ("f is true", "f"),
    ("f is not null and f", "f"),
    ("f is false", "not f"),
    ("coalesce(f, false)", "f"),
    ("(f is true) and a = 1 or g is true", "g or a = 1 and f"),
    ("t is not null and t = 'x'", "t = 'x'"),
    ("a in (1, 2) and not (a is null)", "a = 2 or a = 1"),
    ("t like 'x%' and t is not null", "t like 'x%'"),
    ("case when f is true then a end = 1", "case when f then a end = 1"),
    ("not (t = 'x')", "t <> 'x'"),
    ("true and 1 = 1", "true"),
]
"""Pairs that leave the same rows of a table, though one may be unknown where the other is false."""
OTHER = [
    ("(a - b) / b > 0.1", "a / b - 1 > 0.1"),
    ("round((a - b) / b, 2)", "round(a / b - 1, 2)"),
    ("a / b * c >= 1", "a * c / b >= 1"),
    ("x + y + a > 0.6", "x + (y + a) > 0.6"),
    ("floor(a / c / 10)", "floor(a / (10 * c))"),
    ("a / (b / c)", "a * c / b"),
    ("a / (b / c)", "a / b / c"),
    ("a - b", "b - a"),
    ("a / b", "b / a"),
    ("a - (b - c)", "a - b - c"),
    ("a < 5", "a <= 5"),
    ("coalesce(a, b)", "coalesce(b, a)"),
    ("t = 'X'", "t = 'x'"),
    ("t like 'a%'", "t = 'a%'"),
    ("case when a > 1 then b else 0 end", "case when a > 1 then b end"),
    ("not f", "f = false or f is null"),
    ("cast(1.0 as varchar)", "cast(1 as varchar)"),
    ("a = 1", "a = '1'"),
    ("a is null", "a = null"),
    ("date_trunc('month', d)", "date_trunc('year', d)"),
    ("f or true", "f"),
    ("f is true", "f"),
    ("c > 1", "c >= 2"),
    ("a / 2 > 1", "a / 2 >= 2"),
    ("d > '2024-01-31'", "d > '2024-02-01'"),
    ("a is not null and a = 1", "a = 1"),
    ("coalesce(f, false)", "f"),
    ("a / 3", "a * 0.333333333333333"),
    ("a / 0", "a"),
    ("round(a / 1000, 2)", "round(a * 0.001, 2)"),
    ("a / 10 > 0.3", "a * 0.1 > 0.3"),
    ("a - a", "0"),
    ("a - a + b", "b"),
    ("a - a + coalesce(a, b)", "coalesce(a, b)"),
    ("x + y - y", "x"),
    ("coalesce(a, 0)", "a"),
    ("coalesce(a, n)", "n"),
    ("a is not null", "true"),
    ("f is not true", "not f"),
    ("n / a is not null", "true"),
    ("x > 1", "x >= 1.01"),
    ("c * c > 1", "c * c >= 1.01"),
    ("a > 5 and b > 3", "a > 5"),
    ("a > 5 and a < 8", "a > 5"),
    ("a = 1 and a <> 1", "a = 1"),
    ("t <> '1' and t = date '2024-01-31'", "t = date '2024-01-31'"),
    ("t > '5' and t > '3'", "t > '5'"),
    ("f or f and g", "g"),
    ("f and g or h and f", "f or g and h"),
]
NOT_HELD = [
    ("f is not true", "not f"),
    ("f is not false", "f"),
    ("not (f is true)", "not f"),
    ("coalesce(f, true)", "f"),
    ("f is not null or f", "f"),
    ("a is not null and b = 1", "b = 1"),
    ("a is null and a = 1", "a = 1"),
    ("a is not null and (a = 1 or b = 1)", "a = 1 or b = 1"),
]
NEVER = [
    "a > 5 and a < 3", "a > 1 and a < 2", "c > 1 and c < 1.01", "a = 1 and a = 2", "a in (1, 2) and a > 2",
    "a is null and a = 1", "f and not f", "t = 'x' and t = 'y'", "a between 5 and 3", "n is null", "1 = 0",
    "d > '2024-01-31' and d < '2024-02-01'", "a = 1 and a = 2 or b = 1 and b = 2", "not (a > 1 or a <= 1)",
]  # fmt: skip
SOME = [
    "a > 5 or a < 3", "a > 1 and a < 3", "c > 1 and c < 1.02", "x > 1 and x < 1.01", "a = 1 and b = 2",
    "f or not f", "t > '5' and t < '3'", "t = '1' and t = 1", "a = 1 and a = 2 or f", "a between 3 and 3",
    "t <> '2024-01-31' and t = date '2024-01-31'", "a / 10 > 0.3 and a * 0.1 < 0.4", "a is null",
]  # fmt: skip
"""Filters that no row can meet, and some that rows may."""


TYPES = {
    "a": "int64", "b": "int64", "c": "decimal(9,2)", "d": "date", "f": "boolean", "g": "boolean",
    "t": "string", "x": "double", "y": "double", "n": "int64", "m": "decimal(9,2)", "h": "boolean",
}  # fmt: skip
FILLED = ("n", "m", "h")
COLUMNS = {name: Column(type=kind, nullable=name not in FILLED) for name, kind in TYPES.items()}


def form(written: str) -> str:
    return text(canonical(expression_tree(written), COLUMNS))


def held(written: str) -> str:
    return text(canonical_condition(expression_tree(written), COLUMNS))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_has_one_form(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_not_the_same_has_two_forms(one: str, other: str) -> None:
    assert form(one) != form(other)


@pytest.mark.parametrize(("one", "other"), HELD)
def test_conditions_that_leave_the_same_rows_have_one_form(one: str, other: str) -> None:
    assert held(one) == held(other)


@pytest.mark.parametrize(("written", "never"), [*((w, True) for w in NEVER), *((w, False) for w in SOME)])
def test_a_filter_that_excludes_itself_is_known(written: str, *, never: bool) -> None:
    assert never_holds(canonical_condition(expression_tree(written), COLUMNS), COLUMNS) == never


@pytest.mark.parametrize(("one", "other"), NOT_HELD)
def test_conditions_that_leave_other_rows_have_two_forms(one: str, other: str) -> None:
    assert held(one) != held(other)


def _binary(operators: list[str], parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda a, o, b: f"({a}) {o} ({b})", parts, st.sampled_from(operators), parts)


def _numbers(depth: int, *, divided: bool = True) -> st.SearchStrategy[str]:
    """Expressions of numbers. What is compared is not `divided`: a form may round another last digit."""
    leaves = st.sampled_from(["a", "b", "c", "n", "m", "0", "1", "2", "3.50", "null"])
    if depth == 0:
        return leaves
    part, whole = _numbers(depth - 1, divided=divided), _numbers(depth - 1, divided=False)
    firsts = ["a", "b + c", *(["a / b"] if divided else [])]
    quotients = [st.builds(lambda a, b: f"(({a}) - ({b})) / ({b})", part, part)] if divided else []
    return st.one_of(
        leaves,
        _binary(["+", "-", "*", *("/" if divided else "")], part),
        st.builds(lambda a, b: f"{a} - {b}", st.sampled_from(firsts), part.map("({})".format)),
        part.map("-({})".format),
        st.builds("({0}) {1} ({0})".format, part, st.sampled_from("+-")),
        part.map("({}) * 0.25".format),
        whole.map("nullif({}, 0)".format),
        st.builds("coalesce({}, {})".format, part, part),
        st.builds("greatest({}, {})".format, part, part),
        st.builds("case when {} then {} else {} end".format, _conditions(depth - 1), part, part),
        st.builds("case when {} then {} else null end".format, _conditions(depth - 1), part),
        *quotients,
    )


ATOMS = [
    "f", "g", "a > 1", "b in (1, 2)", "f = true", "g <> false", "true", "false", "f is true", "1 = 1",
    "a > -1.5", "b < 0.5", "d > '2024-01-31'", "d <= date '2024-02-01'", "t = 'x'", "t is not null",
    "month(d) >= 2", "coalesce(g, false)", "a is not null", "2 > 1.0", "t in ('x', 'y')", "h", "h is true",
    "n is null", "m > 1", "m >= 1.01", "c < 2.5", "a > 0", "a < 2", "b = 1", "b <> 2", "t <> 'y'",
    "d = '2024-01-31'",
]  # fmt: skip


def _conditions(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(ATOMS)
    if depth == 0:
        return leaves
    part, number = _conditions(depth - 1), _numbers(depth - 1, divided=False)
    return st.one_of(
        leaves,
        _binary(["and", "or", "=", "<>"], part),
        st.builds("({0}) and ({1}) or ({0}) and ({2})".format, part, part, part),
        st.builds("(({0}) or ({1})) and (({0}) or ({2}))".format, part, part, part),
        _binary(["=", "<>", "<", "<=", ">", ">="], number),
        part.map("not ({})".format),
        number.map("({}) is null".format),
        st.builds("({}) is not {}".format, part, st.sampled_from(["null", "true"])),
        st.builds("({}) between {} and {}".format, number, *[_numbers(0)] * 2),
        st.builds("({}) not in ({}, {})".format, number, *[_numbers(0)] * 2),
    )


@pytest.fixture(scope="module")
def rows() -> duckdb.DuckDBPyConnection:
    """Each mixture of a few numbers, nothing, true and false."""
    con = duckdb.connect()
    con.execute("set ieee_floating_point_ops = false")
    numbers, truths = "(null::int), (0), (1), (2), (-3)", "(null::boolean), (true), (false)"
    con.execute(
        f"create table rows as select a, b, c::decimal(9, 2) as c, f, g, d, t, n, m::decimal(9, 2) as m, h"
        f" from (values {numbers}) as x(a), (values {numbers}) as y(b), (values (null), (0), (2.5)) as z(c)"
        ", (values (0, 1.01, true), (2, 1, false)) as s(n, m, h)"
        f", (values {truths}) as v(f), (values {truths}) as w(g)"
        ", (values (null::date, 'x'), ('2024-01-31', null), ('2024-02-01', 'y')) as u(d, t)"
    )
    return con


@settings(max_examples=400, deadline=None)
@given(st.one_of(_numbers(3), _conditions(3)))
def test_a_form_gives_the_values_of_its_expression(rows: duckdb.DuckDBPyConnection, written: str) -> None:
    query = "select count(*), min({0}), min({1}) from rows where {2}"
    left, right = f"({written})", f"({form(written)})"
    near = f"abs(({left})::double - ({right})::double) <= 1e-9 * greatest(1, abs(({left})::double))"
    differ = f"({left} is null) <> ({right} is null) or not coalesce({near}, true)"
    found = rows.execute(query.format(left, right, differ)).fetchone()
    assert found is not None
    assert found[0] == 0, (written, right, found)


@settings(max_examples=200, deadline=None)
@given(st.one_of(_numbers(3), _conditions(3)))
@example("case when f then a else -(-(null)) end")
@example("((-(((a) - (1)) / (1))) - (a)) / (a)")
def test_a_form_is_its_own_form(written: str) -> None:
    assert form(form(written)) == form(written)


@settings(max_examples=400, deadline=None)
@given(_conditions(3))
@example("(f is true) and not (g is true)")
@example("case when f is true then a end is not null")
def test_a_condition_leaves_the_rows_that_its_form_leaves(
    rows: duckdb.DuckDBPyConnection, written: str
) -> None:
    differ = f"coalesce(({written}), false) <> coalesce(({held(written)}), false)"
    assert rows.execute(f"select count(*) from rows where {differ}").fetchone() == (0,), held(written)
    assert held(held(written)) == held(written)
    if never_holds(canonical_condition(expression_tree(written), COLUMNS), COLUMNS):
        assert rows.execute(f"select count(*) from rows where {written}").fetchone() == (0,)


def test_of_many_conditions_those_of_one_form_leave_the_same_rows(rows: duckdb.DuckDBPyConnection) -> None:
    atoms = ["f", "f is true", "not f", "f is false", "f is not true", "f is not null", "1 = 1", "a is null"]
    atoms += ["a > 1", "a >= 2", "a > 1.5", "a < 2", "a = 1", "a <> 1", "a in (1, 2)", "a is not null"]
    atoms += ["d > '2024-01-31'", "d >= '2024-02-01'", "t = 'x'", "'x' = t", "not (t = 'x')", "t <> 'x'"]
    atoms += ["h is not true", "m > 1", "m >= 1.01"]
    pairs = [f"({one}) {by} ({other})" for one in atoms for other in atoms for by in ("and", "or")]
    written = [*pairs, *(f"not ({pair})" for pair in pairs)]
    left: dict[str, set[tuple[object, ...]]] = {}
    for start in range(0, len(written), 100):
        some = written[start : start + 100]
        sums = ", ".join(f"sum(hash(rowid) % 1000003) filter (where {one})" for one in some)
        counts = ", ".join(f"count(*) filter (where {one})" for one in some)
        found = rows.execute(f"select {sums}, {counts} from rows").fetchone()
        assert found is not None
        for i, one in enumerate(some):
            left.setdefault(held(one), set()).add((found[i], found[len(some) + i]))
    assert len(written) > 4 * len(left)
    assert {form: rows_ for form, rows_ in left.items() if len(rows_) > 1} == {}
