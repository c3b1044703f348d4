"""Every problem of a center is found, with file and line and the nearest known name, and all at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metric_pipelines.dictionary import validation
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem
from metric_pipelines_tests.small_shop import Shop

METRICS = "metrics/sales"
ELSEWHERE = (
    "time_spine", "window and grain_to_date", "cron line", "five fields", "two primary", "twice",
    "without date_day", "which is a time",
)  # fmt: skip
"""Signs of problems that are not reported at the very line of the fault."""


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(folder)
    return caught.value.problems


def only(folder: Path) -> str:
    """The one problem of a center, with its file below the center's folder."""
    found = problems(folder)
    assert len(found) == 1, "\n".join(map(str, found))
    return str(found[0]).replace(str(folder) + "/", "")


def change(folder: Path, file: str, old: str, new: str) -> None:
    Shop(folder, folder).edit(file, old, new)


def test_the_small_center_is_valid(small_center: Path) -> None:
    assert len(load_valid_center(small_center).metrics) == 11


def test_the_time_zones_of_the_machine_are_looked_up_once(small_center: Path) -> None:
    for _ in range(2):
        load_valid_center(small_center)
    assert validation._time_zones.cache_info().misses == 1


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_key(small_center: Path) -> None:
    change(small_center, f"{METRICS}/revenue.yaml", "purpose:", "porpose:")
    found = [str(p).replace(str(small_center) + "/", "") for p in problems(small_center)]
    assert any(
        p.startswith("metrics/sales/revenue.yaml:5: unknown key 'porpose'") and "'purpose'" in p
        for p in found
    )
    assert any("missing key 'purpose'" in p for p in found)


def test_an_unknown_key_deep_inside_is_named_with_its_own_line(small_center: Path) -> None:
    change(small_center, "sources/shop.yaml", "min: 1, max: 100", "min: 1, maxx: 100")
    assert only(small_center).startswith("sources/shop.yaml:18: unknown key 'maxx'")
    assert "did you mean 'max'" in only(small_center)


@pytest.mark.parametrize(
    ("written", "missing"),
    [("business: sales@example.com, ", "business"), (", technical: data@example.com", "technical")],
)
def test_a_missing_owner_is_named_with_the_line_of_owners(
    small_center: Path, written: str, missing: str
) -> None:
    change(small_center, f"{METRICS}/revenue.yaml", written, "")
    assert only(small_center).startswith(f"metrics/sales/revenue.yaml:10: missing key '{missing}'")


def test_owners_that_are_missing_altogether_are_named(small_center: Path) -> None:
    change(
        small_center,
        f"{METRICS}/revenue.yaml",
        "owners: {business: sales@example.com, technical: data@example.com}\n",
        "",
    )
    assert only(small_center).startswith("metrics/sales/revenue.yaml:1: missing key 'owners'")


def test_an_owner_is_a_mail_address(small_center: Path) -> None:
    change(
        small_center, f"{METRICS}/revenue.yaml", "business: sales@example.com", "business: the sales people"
    )
    assert only(small_center).startswith("metrics/sales/revenue.yaml:10: owners.business: 'the sales people'")


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "found", "near"),
    [
        (
            "average_order",
            "numerator: revenue",
            "numerator: revenu",
            15,
            "unknown metric 'revenu'",
            "revenue",
        ),
        (
            "revenue_to_date",
            "metric: revenue",
            "metric: revenues",
            15,
            "unknown metric 'revenues'",
            "revenue",
        ),
        (
            "revenue_growth",
            "{name: revenue, alias: this",
            "{name: revenew, alias: this",
            17,
            "unknown metric 'revenew'",
            "revenue",
        ),
        (
            "revenue",
            "model: order_lines",
            "model: order_line",
            15,
            "unknown model 'order_line'",
            "order_lines",
        ),
        ("revenue", "[category]", "[categorie]", 18, "unknown dimension 'categorie'", "category"),
        ("revenue", "department: sales", "department: sale", 9, "unknown department 'sale'", "sales"),
        ("revenue", "expr: amount", "expr: amont", 17, "unknown column 'amont'", "amount"),
        ("small_revenue", "amount < 10", "amoun < 10", 18, "unknown column 'amoun'", "amount"),
    ],
)
def test_an_unknown_name_is_reported_where_it_stands_with_the_nearest(
    small_center: Path, file: str, old: str, new: str, line: int, found: str, near: str
) -> None:
    change(small_center, f"{METRICS}/{file}.yaml", old, new)
    problem = only(small_center)
    assert problem.startswith(f"metrics/sales/{file}.yaml:{line}: {found}")
    assert f"did you mean '{near}'?" in problem


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        (
            "models/order_lines.yaml",
            "unique: [[order_id]]",
            "unique: [[order_ids]]",
            "unknown column 'order_ids'",
        ),
        (
            "models/order_lines.yaml",
            "partition_by: order_day",
            "partition_by: order_days",
            "unknown column 'order_days'",
        ),
        ("models/order_lines.yaml", "time: order_day", "time: day", "unknown column 'day'"),
        (
            "models/order_lines.yaml",
            "{label: Category}",
            "{expr: lower(kategory)}",
            "unknown column 'kategory'",
        ),
        (
            "sources/shop.yaml",
            "partition_by: ordered_at",
            "partition_by: orderd_at",
            "unknown column 'orderd_at'",
        ),
        ("center.yaml", "America/New_York", "America/New_Yrok", "time zone 'America/New_Yrok'"),
        ("sources/shop.yaml", "time_zone: UTC", "time_zone: UCT+1", "time zone 'UCT+1'"),
        ("center.yaml", "end: 2024-03", "end: 2023-03", "end 2023-03"),
        (
            "models/calendar.yaml",
            "time_spine: true",
            "time_spine: false",
            "not exactly one model with time_spine",
        ),
        ("metrics/sales/revenue_7d.yaml", "7 days", "7 dais", "'7 dais'; expected: a count and a grain"),
        (
            "metrics/service/large_order_rate.yaml",
            "window: 7 days",
            "window: a week",
            "'a week'; expected: a count and a grain",
        ),
        ("metrics/sales/revenue_growth.yaml", "1 month", "''", "''; expected: a count and a grain"),
        ("metrics/sales/revenue_growth.yaml", "grain: month", "grain: day", "offset of 1 month at grain day"),
        (
            "metrics/sales/revenue_growth.yaml",
            "this_month / month_before",
            "this_month / last_month",
            "unknown column 'last_month'",
        ),
        ("metrics/sales/small_revenue.yaml", "amount < 10", "amount < (select 10)", "subquery in"),
        (
            "metrics/sales/revenue_to_date.yaml",
            "grain_to_date: month",
            "grain_to_date: month\nwindow: 3 days",
            "window and grain_to_date",
        ),
        ("metrics/sales/revenue.yaml", "agg: sum", "agg: total", "agg: 'total'"),
        ("metrics/sales/revenue.yaml", "direction: up", "direction: upwards", "direction: 'upwards'"),
        (
            "metrics/sales/revenue.yaml",
            "reviewed_on: 2024-03-01",
            "reviewed_on: 2024-02-30",
            "reviewed_on: '2024-02-30'",
        ),
        ("sources/shop.yaml", "type: int64, min: 1, max: 100", "type: integer", "unknown type 'integer'"),
        ("center.yaml", "start: 2024-01", "start: 2024-1", "partitions.start: '2024-1'"),
        ("center.yaml", "label: Small shop", "label: Small shop\nrefresh_at: every night", "five fields"),
        (
            "center.yaml",
            "label: Small shop",
            "label: Small shop\nrefresh_at: 0 25 * * *",
            "a cron line",
        ),
        ("sources/shop.yaml", "min: 1, max: 100", "min: 1, matches: '['", "a regular expression"),
        ("sources/shop.yaml", "min: 1, max: 100", "min: 1, matches: 'a(?=b)'", "without look-around"),
        ("sources/shop.yaml", '"decimal(18,2)"', '"decimal(18,30)"', "decimal(18,30); expected: at most 38"),
        ("sources/shop.yaml", '"decimal(18,2)"', '"decimal(40,2)"', "decimal(40,2); expected: at most 38"),
        ("sources/shop.yaml", "quantity: {type: int64", "quantity: {type: any", "the type it is read as"),
        (
            "sources/shop.yaml",
            "expect: expect_column_mean_to_be_between",
            "expect: expect_column_mean_to_be_betwen",
            "unknown expectation 'expect_column_mean_to_be_betwen'",
        ),
        ("sources/shop.yaml", "column: quantity", "column: quantty", "unknown column 'quantty'"),
        ("metrics/sales/revenue.yaml", "column: value", "column: amount", "unknown column 'amount'"),
        ("models/order_lines.yaml", "expr: order_id", "expr: orders_id", "unknown column 'orders_id'"),
        ("sources/shop.yaml", "sqlite:///sources/shop.sqlite", "hello", "a connection that is no URL"),
        ("sources/shop.yaml", "sqlite:///sources/shop.sqlite", '"${SHOP:x"', "a ${ that is no variable"),
        (
            "sources/shop.yaml",
            "sqlite:///sources/shop.sqlite",
            "postgresql://me:s3cret@db/shop",
            "a password in the file; expected: ${SHOP_PASSWORD}",
        ),
        (
            "sources/shop.yaml",
            "ordered_at: {type: timestamp",
            "ordered_at: {type: timestamp, min: 1",
            "min or max",
        ),
        ("sources/shop.yaml", "min: 1, max: 100", "matches: x", "matches of a int64"),
        ("sources/shop.yaml", "min: 1, max: 100", "isin: [a]", "expected: values of that type"),
        ("sources/shop.yaml", "unique: [[order_id]]", "unique: [[]]", "at least 1 item"),
        (
            "models/order_lines.yaml",
            "name: customer, type: foreign",
            "name: customer, type: primary",
            "two primary entities",
        ),
        ("models/order_lines.yaml", "name: customer, type", "name: order_line, type", "'order_line' twice"),
        ("models/order_lines.yaml", "time: order_day", "time: category", "time category, which is of type"),
        ("models/calendar.yaml", "date_day:", "day_of:", "a calendar without date_day"),
        (
            "metrics/sales/revenue_growth.yaml",
            "offset_window: 1 month",
            "offset_window: 1 month, offset_to_grain: month",
            "offset_window and offset_to_grain",
        ),
        (
            "models/order_lines.yaml",
            "category: {label: Category}",
            "category: {type: time}",
            "dimension 'category', which is a time",
        ),
        (
            "models/order_lines.sql",
            "select",
            "select now() as at_now,",
            "function now in a model",
        ),
        ("models/order_lines.sql", "select", "select random() as chance,", "function rand in a model"),
        (
            "metrics/sales/revenue.yaml",
            "dimensions: [category]",
            "dimensions: [category, category]",
            "'category' is named twice",
        ),
    ],
)
def test_what_cannot_be_computed_is_reported_with_file_and_line(
    small_center: Path, file: str, old: str, new: str, found: str
) -> None:
    line = next(i for i, text in enumerate((small_center / file).read_text().splitlines(), 1) if old in text)
    change(small_center, file, old, new)
    hits = [str(p).replace(str(small_center) + "/", "") for p in problems(small_center) if found in str(p)]
    assert hits, "\n".join(map(str, problems(small_center)))
    if not any(text in found for text in ELSEWHERE):
        near = tuple(f"{file}:{line - n}:" for n in (0, 1))
        assert any(hit.startswith(near) for hit in hits), hits


def test_a_code_that_two_metrics_have_is_reported_with_both(small_center: Path) -> None:
    change(small_center, f"{METRICS}/orders_placed.yaml", "SAL-002", "SAL-001")
    assert only(small_center).startswith(
        "metrics/sales/revenue.yaml:2: code 'SAL-001' is that of orders_placed too"
    )


def test_metrics_that_lead_back_to_themselves_are_reported_once_with_the_circle(small_center: Path) -> None:
    change(small_center, f"{METRICS}/average_order.yaml", "numerator: revenue", "numerator: ratio_two")
    text = (small_center / METRICS / "average_order.yaml").read_text()
    two = (
        text.replace("name: average_order", "name: ratio_two")
        .replace("SAL-005", "SAL-099")
        .replace("numerator: ratio_two", "numerator: average_order")
    )
    (small_center / METRICS / "ratio_two.yaml").write_text(two)
    assert "circular metrics: average_order -> ratio_two -> average_order" in only(small_center)


def test_a_metric_of_itself_is_circular(small_center: Path) -> None:
    change(small_center, f"{METRICS}/average_order.yaml", "numerator: revenue", "numerator: average_order")
    assert "circular metrics: average_order -> average_order" in only(small_center)


def test_models_that_lead_back_to_themselves_are_circular(small_center: Path) -> None:
    change(
        small_center,
        "models/order_lines.sql",
        "shop.orders as line",
        "shop.orders as line\njoin models.customer_months using (customer_id)",
    )
    assert "circular: " in only(small_center)
    assert "models/customer_months" in only(small_center)


def test_a_syntax_error_in_a_model_is_reported_once_with_its_line(small_center: Path) -> None:
    change(small_center, "models/order_lines.sql", "from shop.orders as line", "fro shop.orders as line")
    assert only(small_center).startswith("models/order_lines.sql:9: SQL error")


def test_an_unknown_table_in_a_model_is_reported_at_its_line_even_if_a_comment_names_it_first(
    small_center: Path,
) -> None:
    change(
        small_center,
        "models/order_lines.sql",
        "-- One row per order",
        "-- One row per order of the orderz table",
    )
    change(small_center, "models/order_lines.sql", "from shop.orders as line", "from shop.orderz as line")
    assert only(small_center).startswith("models/order_lines.sql:9: unknown table 'shop.orderz'")
    assert "did you mean 'shop.orders'?" in only(small_center)


def test_a_table_function_in_a_model_is_refused(small_center: Path) -> None:
    change(
        small_center,
        "models/order_lines.sql",
        "from shop.orders as line",
        "from read_csv('/etc/passwd') as line",
    )
    assert "READ_CSV('/etc/passwd')" in only(small_center)


def test_two_problems_in_two_files_are_reported_together(small_center: Path) -> None:
    change(small_center, f"{METRICS}/revenue.yaml", "department: sales", "department: sale")
    change(small_center, f"{METRICS}/small_revenue.yaml", "amount < 10", "read_text('x') = 'y'")
    assert {Path(p.where.rsplit(":", 1)[0]).name for p in problems(small_center)} == {
        "revenue.yaml",
        "small_revenue.yaml",
    }


def test_two_problems_in_one_file_are_reported_together(small_center: Path) -> None:
    change(small_center, f"{METRICS}/revenue.yaml", "direction: up", "direction: sideways")
    change(small_center, f"{METRICS}/revenue.yaml", "name: revenue\n", "name: Revenue__total\n")
    assert len(problems(small_center)) == 2


def test_problems_of_files_come_before_rules_between_files(small_center: Path) -> None:
    (small_center / "sources/shop.yaml").write_text("name: [")
    change(small_center, f"{METRICS}/revenue.yaml", "department: sales", "department: sale")
    first, second = problems(small_center)
    assert first.where.endswith("sources/shop.yaml:2")
    assert second.found == "unknown department 'sale'"


@pytest.mark.parametrize(
    "name", ["Revenue", "r", "net__revenue", "1revenue", "net-revenue", "net revenue", "", "收入", "revenue_"]
)
def test_a_name_is_lower_case_and_plain(small_center: Path, name: str) -> None:
    change(small_center, f"{METRICS}/revenue.yaml", "name: revenue\n", f"name: '{name}'\n")
    assert any("two or more of a-z" in str(p) for p in problems(small_center))


def test_a_definition_that_does_not_have_the_name_of_its_file_is_refused(small_center: Path) -> None:
    (small_center / METRICS / "revenue.yaml").rename(small_center / METRICS / "income.yaml")
    assert "name 'revenue' in income.yaml" in str(problems(small_center)[0])


def test_a_metric_defined_in_two_departments_names_both_files(small_center: Path) -> None:
    text = (small_center / METRICS / "revenue.yaml").read_text()
    (small_center / "metrics" / "service" / "revenue.yaml").write_text(text)
    problem = only(small_center)
    assert problem.startswith("metrics/service/revenue.yaml:1: 'revenue' is defined twice")
    assert "first in metrics/sales/revenue.yaml" in problem


def test_a_yml_file_is_not_silently_left_out(small_center: Path) -> None:
    (small_center / METRICS / "revenue.yaml").rename(small_center / METRICS / "revenue.yml")
    assert "revenue.yml is not read" in str(problems(small_center)[0])


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("metric/sales/tips.yaml", "metric: folder metric, which is not read; expected: folder metrics"),
        ("Alert/ops.yaml", "Alert: folder Alert, which is not read; expected: folder alerts"),
        ("tips.yaml", "tips.yaml:1: tips.yaml beside center.yaml, which is not read; expected: in alerts,"),
        ("metrics/sales/tips.txt", "metrics/sales/tips.txt:1: tips.txt is not read; expected: tips.yaml"),
        ("metrics/tips.yaml.txt", "metrics/tips.yaml.txt:1: tips.yaml.txt is not read; expected: tips.yaml"),
        ("sources/till.json", "sources/till.json:1: till.json is not read; expected: till.yaml"),
        ("models/tips.YAML", "models/tips.YAML:1: tips.YAML is not read; expected: tips.yaml"),
    ],
)
def test_a_definition_at_a_wrong_place_is_not_silently_left_out(
    small_center: Path, file: str, said: str
) -> None:
    path = small_center / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"name": "{path.name.partition(".")[0]}", "label": "Tips"}}')
    assert only(small_center).startswith(said)


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "dbt_project.yml",
        "metrics/a.txt",
        "models/a.json",
        "archive/tips.yaml",
        "source/conf.yaml",
    ],
)
def test_other_files_are_nobodys_business(small_center: Path, file: str) -> None:
    path = small_center / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"name": "tips", "label": "Tips"}')
    assert load_valid_center(small_center).folder == small_center


def test_a_file_of_another_tool_that_has_a_name_is_no_definition(small_center: Path) -> None:
    (small_center / "compose.yaml").write_text("name: compose\nservices: {}\n")
    assert load_valid_center(small_center).folder == small_center


@pytest.mark.parametrize(
    "file", ["metrics/sales/revenue.yaml", "models/calendar.yaml", "sources/shop.yaml", "center.yaml"]
)
def test_an_empty_file_is_a_problem_and_no_crash(small_center: Path, file: str) -> None:
    (small_center / file).write_text("")
    assert str(problems(small_center)[0].where).endswith(f"{file}:1")


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- b\n",
        "just a text",
        "12",
        "type: simple",
        "type: [simple]",
        "type: {a: 1}",
        "name: {a: 1}\ntype: simple",
    ],
)
def test_a_file_of_another_shape_is_a_problem_and_no_crash(small_center: Path, text: str) -> None:
    (small_center / METRICS / "revenue.yaml").write_text(text)
    assert all("revenue.yaml" in p.where for p in problems(small_center))


def test_a_model_without_its_sql_names_the_file_that_is_missing(small_center: Path) -> None:
    (small_center / "models/calendar.sql").unlink()
    assert "models/calendar.sql: cannot be read" in only(small_center)


def test_a_folder_without_a_center_says_so(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no center"):
        load_valid_center(tmp_path)


def test_a_coarser_input_cannot_give_a_finer_grain(small_center: Path) -> None:
    change(
        small_center,
        f"{METRICS}/revenue.yaml",
        "dimensions: [category]",
        "dimensions: [category]\ngrain: month",
    )
    assert any("grain day from revenue by month" in str(p) for p in problems(small_center))


def test_a_dimension_that_the_inputs_lack_is_refused(small_center: Path) -> None:
    change(
        small_center, f"{METRICS}/revenue_7d.yaml", "metric: revenue", "metric: revenue\ndimensions: [store]"
    )
    assert "dimensions store" in only(small_center)


@pytest.mark.parametrize("entity", ["custmer", "shopper"])
def test_the_entity_of_a_conversion_is_one_of_its_models(small_center: Path, entity: str) -> None:
    change(small_center, "metrics/service/large_order_rate.yaml", "entity: customer", f"entity: {entity}")
    assert f"unknown entity '{entity}'" in only(small_center)


def test_the_constant_properties_of_a_conversion_are_dimensions_of_its_models(small_center: Path) -> None:
    change(
        small_center,
        "metrics/service/large_order_rate.yaml",
        "entity: customer",
        "entity: customer\nconstant_properties: [kategory]",
    )
    assert "unknown dimension 'kategory'" in only(small_center)


@pytest.mark.parametrize("name", ["value", "numerator", "denominator", "metric_time", "partition_month"])
def test_a_dimension_must_not_take_the_name_of_a_column_that_every_metric_has(
    small_center: Path, name: str
) -> None:
    change(
        small_center,
        "models/order_lines.yaml",
        "  category: {label: Category}",
        f"  category: {{label: Category}}\n  {name}: {{expr: category}}",
    )
    assert f"{name!r} is a name of ours" in only(small_center)


def test_a_column_must_not_take_the_name_of_the_partition(small_center: Path) -> None:
    change(
        small_center, "models/order_lines.yaml", "columns:\n", "columns:\n  partition_month: {type: date}\n"
    )
    assert "'partition_month' is a name of ours" in only(small_center)


def test_what_a_table_is_partitioned_by_is_a_date_or_a_time_stamp(small_center: Path) -> None:
    change(small_center, "models/order_lines.yaml", "partition_by: order_day", "partition_by: category")
    assert "partition_by" in only(small_center)


@pytest.mark.parametrize("name", ["models", "metrics", "groups", "main", "lake", "memory"])
def test_a_source_system_must_not_take_the_name_of_a_schema_of_the_warehouse(
    small_center: Path, name: str
) -> None:
    change(small_center, "sources/shop.yaml", "name: shop\n", f"name: {name}\n")
    change(small_center, "models/order_lines.sql", "shop.", f"{name}.")
    (small_center / "sources/shop.yaml").rename(small_center / f"sources/{name}.yaml")
    assert any(f"a source system named {name!r}" in str(p) for p in problems(small_center))


def test_columns_that_differ_by_case_only_are_one_to_the_database_and_refused(small_center: Path) -> None:
    change(small_center, "models/order_lines.yaml", "columns:\n", "columns:\n  Amount: {type: double}\n")
    assert "columns 'Amount' and 'amount'" in only(small_center)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sources/shop.yaml", "reread: all", "reread: 0"),
        ("sources/shop.yaml", "reread: all", "reread: sometimes"),
        ("models/customer_months.yaml", "look_back: 1", "look_back: -1"),
    ],
)
def test_how_far_back_is_read_is_a_number_of_months_or_all(
    small_center: Path, file: str, old: str, new: str
) -> None:
    change(small_center, file, old, new)
    assert any(f"{file}:" in str(p) for p in problems(small_center))


def test_expectations_are_judged_without_importing_great_expectations(small_center: Path) -> None:
    change(small_center, "sources/shop.yaml", "min_value: 1", "min_valu: 1")
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from metric_pipelines.dictionary.center_files import load_center\n"
        "from metric_pipelines.dictionary.validation import problems_of\n"
        "assert 'min_valu' in str(*problems_of(load_center(Path(sys.argv[1]))))\n"
        "assert 'great_expectations' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, small_center], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_circle_beside_an_unknown_input_is_told_with_it(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    for name, numerator in (("round_a", "round_b"), ("round_b", "round_a"), ("lost", "revenu")):
        shop.add_metric(name, "average_order", ("numerator: revenue\n", f"numerator: {numerator}\n"))
    with pytest.raises(InvalidCenterError) as told:
        load_valid_center(small_center)
    assert "circular metrics: round_a -> round_b -> round_a" in told.value.message()
    assert "unknown metric 'revenu'" in told.value.message()


def test_a_file_that_cannot_be_read_hides_no_problem_of_another(small_center: Path) -> None:
    small_center = small_center.rename(small_center.with_name("a:center"))
    shop = Shop(small_center, small_center)
    shop.edit("metrics/sales/revenue.yaml", "direction: up", "directions: up")
    shop.edit("metrics/sales/small_revenue.yaml", "expr: amount", "expr: amounts")
    shop.edit("metrics/service/customers.yaml", "SRV-001", "SAL-002")
    with pytest.raises(InvalidCenterError) as told:
        load_valid_center(small_center)
    places = {Path(problem.where.rpartition(":")[0]).name for problem in told.value.problems}
    assert places == {"revenue.yaml", "small_revenue.yaml", "customers.yaml"}, "none that is computed from it"


@pytest.mark.parametrize("file", ["models/order_lines.yaml", "models/calendar.yaml", "sources/shop.yaml"])
def test_a_model_or_source_that_cannot_be_read_hides_what_is_wrong_elsewhere_no_more(
    small_center: Path, file: str
) -> None:
    (small_center / file).write_text("name: [")
    change(small_center, "metrics/service/customers.yaml", "SRV-001", "SAL-002")
    change(small_center, "models/customer_months.sql", "select", "select random() as chance,")
    places = {
        Path(p.where.rpartition(":")[0]).relative_to(small_center).as_posix() for p in problems(small_center)
    }
    assert places == {file, "metrics/service/customers.yaml", "models/customer_months.sql"}


def test_a_circle_hides_nothing_beside_it(small_center: Path) -> None:
    change(small_center, f"{METRICS}/average_order.yaml", "numerator: revenue", "numerator: average_order")
    for name in ("revenue", "small_revenue"):
        change(
            small_center, f"{METRICS}/{name}.yaml", "department: sales", "synonyms: [sold]\ndepartment: sales"
        )
    shop = Shop(small_center, small_center)
    for name, numerator in (("round_a", "round_b"), ("round_b", "round_a")):
        shop.add_metric(name, "average_order", ("numerator: average_order\n", f"numerator: {numerator}\n"))
    told = " ".join(p.found for p in problems(small_center))
    assert "circular metrics: average_order -> average_order" in told
    assert "circular metrics: round_a -> round_b -> round_a" in told
    assert "is called 'sold'" in told


def test_each_function_that_a_model_must_not_call_is_told_with_its_line(small_center: Path) -> None:
    change(
        small_center,
        "models/order_lines.sql",
        "select",
        "select\n    current_date as day,\n    random() as chance,",
    )
    lines = (small_center / "models/order_lines.sql").read_text().splitlines()
    wanted = {
        next(i for i, text in enumerate(lines, 1) if word in text) for word in ("current_date", "random()")
    }
    assert {int(p.where.rpartition(":")[2]) for p in problems(small_center)} == wanted


def test_where_a_model_cannot_be_read_what_is_missing_of_it_is_not_told(small_center: Path) -> None:
    Shop(small_center, small_center).edit("models/order_lines.yaml", "time: order_day", "times: order_day")
    with pytest.raises(InvalidCenterError) as told:
        load_valid_center(small_center)
    assert {Path(p.where.partition(":")[0]).name for p in told.value.problems} == {"order_lines.yaml"}


def test_an_address_written_as_a_mapping_is_not_repeated(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    file = small_center / "sources" / "shop.yaml"
    old = next(line for line in file.read_text().splitlines() if line.startswith("connection:"))
    shop.edit("sources/shop.yaml", old, "connection: {postgresql://who:hunter2@db/shop}")
    with pytest.raises(InvalidCenterError) as told:
        load_valid_center(small_center)
    assert "connection: ..." in told.value.message()
    assert "hunter2" not in told.value.message()
