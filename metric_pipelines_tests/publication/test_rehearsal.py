"""SQL that would fail at the first refresh is found over empty tables, with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.publication.rehearsal import examined_and_rehearsed, rehearse
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.small_shop import Shop

LINES = "models/order_lines"


@pytest.mark.parametrize("center", ["small", "retail"])
def test_a_good_center_has_no_problem(small_center: Path, center: str) -> None:
    folder = small_center if center == "small" else SHIPPED / center
    assert list(rehearse(load_valid_center(folder))) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "found"),
    [
        (f"{LINES}.sql", "line.customer_id,", "line.customer,", f"{LINES}.sql:", "customer"),
        (
            f"{LINES}.yaml",
            "quantity: {type: int64",
            "pieces: {type: int64",
            f"{LINES}.yaml",
            "'pieces' is not in",
        ),
        (
            f"{LINES}.yaml",
            "quantity: {type: int64",
            "quantity: {type: double",
            f"{LINES}.yaml",
            "quantity a bigint",
        ),
        (
            "metrics/sales/small_revenue.yaml",
            "expr: amount",
            "expr: amount + order_day",
            "small_revenue.yaml",
            "+",
        ),
    ],
)
def test_what_only_a_database_knows_is_reported_with_its_file(
    small_center: Path, file: str, old: str, new: str, where: str, found: str
) -> None:
    Shop(small_center, small_center).edit(file, old, new)
    problems = list(rehearse(load_valid_center(small_center)))
    assert any(where in problem.where and found in problem.found for problem in problems), problems


def test_sql_that_does_not_run_is_told_beside_all_other_problems_with_its_line(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    shop.edit(f"{LINES}.sql", "line.customer_id,", "line.customer,")
    shop.edit("metrics/service/customers.yaml", "SRV-001", "SAL-001")
    (small_center / "metrics/sales/orders_placed.yaml").write_text("name: [")
    shop.edit("metrics/sales/small_revenue.yaml", "expr: amount", "expr: amount + order_day")
    lines = (small_center / f"{LINES}.sql").read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "line.customer," in text)
    _, found = examined_and_rehearsed(small_center)
    places = [p.where.removeprefix(f"{small_center}/") for p in found]
    assert len(places) == 4, "\n".join(map(str, found))
    assert f"{LINES}.sql:{line}" in places
    assert "LINE" not in str(found)


def test_a_semicolon_and_a_comment_after_a_models_sql_do_no_harm(small_center: Path) -> None:
    file = small_center / f"{LINES}.sql"
    file.write_text(f"{file.read_text().rstrip()};\n-- the end")
    assert examined_and_rehearsed(small_center)[1] == []


def test_a_column_of_any_type_is_what_the_sql_makes_of_it(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    shop.edit(f"{LINES}.yaml", "quantity: {type: int64", "quantity: {type: any")
    shop.edit("metrics/sales/small_revenue.yaml", "expr: amount", "expr: round(quantity)")
    assert examined_and_rehearsed(small_center)[1] == []


@pytest.mark.parametrize("file", [f"{LINES}.yaml", "models/calendar.yaml", "sources/shop.yaml"])
def test_a_table_without_columns_is_a_problem_and_no_crash(small_center: Path, file: str) -> None:
    text = (small_center / file).read_text()
    head, _, rest = text.partition("columns:")
    after = rest.lstrip("\n").splitlines(keepends=True)
    indent = len(head) - len(head.rstrip(" "))
    kept = [line for line in after if line.strip() and len(line) - len(line.lstrip()) <= indent]
    first = next(iter(kept), "")
    left = rest[rest.index(first) :] if first else ""
    (small_center / file).write_text(f"{head}columns: {{}}\n{left}")
    assert any(p.found == "no columns" for p in examined_and_rehearsed(small_center)[1])
