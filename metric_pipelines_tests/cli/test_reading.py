"""Commands that read: what is published, what it means, how it is; tables, and JSON with stable names."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot

from metric_pipelines.cli.values import csv_of
from metric_pipelines_tests.cli.conftest import Sit, Terminal, file_of
from metric_pipelines_tests.small_shop import Shop, revenue_by_month

BOTH = {"en", "zh"}


def test_values_are_the_published_ones(cli: Terminal) -> None:
    said = cli("values", "revenue", "--grain", "month", "--json").json
    assert list(said) == ["metric", "grain", "dimensions", "unit", "rows", "withheld", "source"]
    assert {row["metric_time"][:7]: row["value"] for row in said["rows"]} == revenue_by_month()
    assert (said["unit"], said["source"], said["withheld"]) == ("USD", "published", [])


def test_values_go_by_dimensions_repeated_or_separated(cli: Terminal) -> None:
    rows = cli(
        "values", "revenue", "--by", "category", "--grain", "month", "--end", "2024-02-01", "--json"
    ).json["rows"]
    assert {row["category"] for row in rows} == {"tea", "coffee", "unknown"}
    assert {row["metric_time"] for row in rows} == {"2024-01-01"}


def test_values_take_a_condition(cli: Terminal) -> None:
    asked = ("values", "revenue", "--grain", "month", "--filter", "category = 'tea'")
    said = cli(*asked, "--json").json
    assert (said["filter"], said["source"]) == ("category = 'tea'", "model")
    by = cli("values", "revenue", "--grain", "month", "--by", "category", "--json").json["rows"]
    assert [r["value"] for r in said["rows"]] == [r["value"] for r in by if r["category"] == "tea"]
    wrong = cli("values", "revenue", "--filter", "categori = 'tea'")
    assert wrong.code == 2
    assert "did you mean 'category'?" in wrong.err


def test_a_condition_that_no_row_fits_is_told_and_not_taken_for_what_is_unpublished(cli: Terminal) -> None:
    fits_none = "category = 'coffee'"
    span = ("--start", "2024-02-02", "--end", "2024-02-03")
    asked = ("values", "revenue", *span, "--filter", fits_none)
    assert f"No rows in this span fit the filter: {fits_none}" in cli(*asked).out
    assert f"该区间没有符合筛选条件的行：{fits_none}" in cli("--lang", "zh", *asked).out
    assert fits_none in cli(*asked, "--csv").err
    said = cli(*asked, "--json").json
    assert (said["rows"], said["unmatched"]) == ([], fits_none)
    assert cli("values", "revenue", "--filter", fits_none, "--json").json["unmatched"] is None
    saved = ("query", "tea_and_coffee", "--start", "2030-01-01")
    assert "No published value in this span." in cli(*saved).out
    assert cli(*saved, "--json").json["unmatched"] is None


def test_values_explain_themselves_in_both_languages(cli: Terminal) -> None:
    asked = ("values", "revenue", "--grain", "month")
    plain = cli(*asked).out
    told = cli(*asked, "--explain").out
    assert told.startswith(plain)
    assert "published rows, added up" in told
    assert "metrics.revenue" in told
    assert "snapshot" in told
    assert "select" in told
    assert "已发布的行，相加" in cli("--lang", "zh", *asked, "--explain").out
    assert cli(*asked, "--explain", "--csv").code == 2


def test_an_explanation_is_json_too(cli: Terminal) -> None:
    asked = ("values", "customers", "--grain", "quarter", "--explain", "--json")
    said = cli(*asked).json["explanation"]
    assert said["how"] == "model"
    assert set(said["why_not"]) == {"same", "rollup", "combined"}
    assert said["from"] == ["models/order_lines"]
    assert [month for at in said["as_of"] for month in at["months"]] == ["2024-01", "2024-02", "2024-03"]
    assert "count(distinct" in said["sql"].lower()


def test_saved_queries_are_listed_and_answered(cli: Terminal) -> None:
    listed = cli("query")
    assert "tea_and_coffee" in listed.out
    assert "metric-pipelines query tea_and_coffee" in listed.out
    said = cli("query", "tea_and_coffee", "--json").json
    assert list(said["rows"][0]) == ["metric_time", "category", "revenue", "customers"]
    assert said["units"] == {"revenue": "USD", "customers": "customers"}
    table = cli("query", "tea_and_coffee", "--start", "2024-02-01", "--end", "2024-03-01").lines
    assert "Tea and coffee" in table[0]
    assert {line.split()[0] for line in table[2:4]} == {"2024-02"}
    rows = list(csv.DictReader(io.StringIO(cli("query", "tea_and_coffee", "--csv").out)))
    assert [row["revenue"] for row in rows] == [str(row["revenue"]) for row in said["rows"]]
    assert "did you mean 'tea_and_coffee'?" in cli("query", "tea_and_cofee").err


def test_values_as_a_table_name_periods_and_unit(cli: Terminal) -> None:
    said = cli("values", "revenue", "--grain", "month")
    assert "Revenue by month" in said.lines[0]
    assert said.lines[1].split() == ["Period", "Value", "(USD)"]
    assert said.lines[2].split()[0] == "2024-01"


def test_shares_are_percent_in_a_table_and_shares_in_csv(cli: Terminal) -> None:
    table = cli("values", "large_order_rate").lines
    rows = list(csv.DictReader(io.StringIO(cli("values", "large_order_rate", "--csv").out)))
    assert rows
    assert float(table[2].split()[-1]) == pytest.approx(100 * float(rows[0]["value"]), abs=0.005)


def test_no_text_in_csv_is_taken_for_a_formula() -> None:
    rows = [(date(2024, 1, 1), text, Decimal("-1.50")) for text in ("=1+1", "+1", "-1", "@x", "\tx", "tea")]
    text = csv_of(["metric_time", "category", "value"], rows)
    cells = [row["category"] for row in csv.DictReader(io.StringIO(text))]
    assert cells == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "tea"]
    assert ",-1.50" in text


def test_values_before_are_marked_and_explained(spoiled: Terminal) -> None:
    said = spoiled("values", "revenue", "--grain", "month")
    marked = [line for line in said.lines if line.rstrip().endswith("†")]
    assert [line.split()[0] for line in marked] == ["2024-02"]
    assert "expectations failed" in said.out
    gap = spoiled("values", "revenue", "--json").json["withheld"][0]
    assert gap["month"] == "2024-02"
    assert gap["kept"] is True
    assert set(gap) == {"month", "state", "kept", "reason"}


def test_csv_tells_of_kept_values_beside_it(spoiled: Terminal) -> None:
    said = spoiled("values", "revenue", "--grain", "month", "--csv")
    assert "2024-02" in said.err
    assert "†" not in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["revnue"], "revenue"),
        (["revenue", "--grain", "dya"], "day"),
        (["revenue", "--by", "categry"], "category"),
        (["revenue", "--start", "1.2.2024"], "2017-11-30"),
        (["revenue", "--json", "--csv"], "one of them"),
    ],
)
def test_a_wrong_question_is_exit_2_with_a_hint(cli: Terminal, words: list[str], hint: str) -> None:
    said = cli("values", *words)
    assert said.code == 2
    assert hint in said.err


def test_nothing_published_is_exit_3_and_says_what_to_run(at: Sit, fresh_shop: Shop) -> None:
    said = at(fresh_shop)("scorecard")
    assert said.code == 3
    assert "metric-pipelines refresh" in said.err
    assert "load-demo" not in said.err  # that is for the shipped center


def test_a_card_is_shown_before_anything_is_published(at: Sit, fresh_shop: Shop) -> None:
    said = at(fresh_shop)("show", "revenue")
    assert said.code == 0
    assert "never published" in said.out


def test_metrics_are_listed_and_found(cli: Terminal) -> None:
    every = cli("metrics", "--json").json
    assert set(every) == {"query", "department", "reading", "metrics"}
    assert {"name", "code", "label", "description", "department", "tier", "unit"} <= set(every["metrics"][0])
    some = cli("metrics", "revenue", "--department", "sales", "--json").json["metrics"]
    assert some[0]["name"] == "revenue"
    assert cli("metrics", "--department", "sale").code == 2
    readers = cli("metrics", "--reading", "shop.orders.customer_id", "--json").json["metrics"]
    assert {"customers", "large_order_rate"} <= {metric["name"] for metric in readers}
    assert "revenue" not in {metric["name"] for metric in readers}
    assert "did you mean 'shop.orders.customer_id'" in cli("metrics", "--reading", "shop.orders.customer").err
    assert "No metric matches" in cli("metrics", "qqqq").out


def test_a_card_holds_everything(cli: Terminal) -> None:
    card = cli("show", "revenue", "--columns", "--json").json
    assert set(card["label"]) == BOTH
    assert card["formula"] == "sum(amount) from order_lines"
    assert card["file"].startswith(str(file_of(cli.shop, "revenue")))
    assert card["review_due"] == date(2025, 3, 1).isoformat()
    assert [row["month"] for row in card["values"]] == ["2024-01", "2024-02", "2024-03"]
    assert {(c["check"], c["result"]) for c in card["checks"]} == {
        ("contract", "passed"),
        ("expectations", "passed"),
    }
    assert "shop/orders" in card["lineage"]["upstream"]
    assert "metrics/average_order" in card["lineage"]["downstream"]
    assert {"column": "shop.orders.amount", "roles": ["value"]} in card["columns"]


def test_a_card_is_drawn_with_lineage_both_ways(cli: Terminal) -> None:
    out = cli("show", "revenue", "--columns").out
    for part in ("Derived from", "└── models/order_lines", "shop/orders", "Read by", "metrics/average_order"):
        assert part in out
    assert "expect" not in out.split("Rules")[1].split("Verdict")[0]  # the rule's name alone


def test_the_sql_of_a_metric_is_printed_alone(cli: Terminal) -> None:
    said = cli("show", "revenue", "--sql")
    assert said.code == 0
    query = sqlglot.parse_one(said.out, dialect="duckdb")
    assert {table.name for table in query.find_all(sqlglot.exp.Table)} >= {"order_lines"}
    assert query.named_selects == ["metric_time", "category", "value"]


def test_a_failed_check_stands_on_the_card(spoiled: Terminal) -> None:
    checks = spoiled("show", "revenue", "--json").json["checks"]
    failed = [c for c in checks if c["result"] == "failed"]
    assert [(c["check"], c["month"]) for c in failed] == [("expectations", "2024-02")]
    out = spoiled("show", "revenue").out
    assert "failed  2024-02" in out
    assert "kept" in out


def test_two_definitions_are_compared_in_words_and_by_month(cli: Terminal) -> None:
    said = cli("compare", "revenue", "small_revenue", "--json").json
    assert said["metrics"] == ["revenue", "small_revenue"]
    assert "formula" in said["differing"]
    first = said["values"][0]
    assert set(first) == {"month", "first", "second", "difference"}
    assert first["difference"] == first["second"] - first["first"]
    out = cli("compare", "revenue", "small_revenue").out
    assert "The same for both" in out
    assert "Difference" in out


def test_unlike_units_have_no_difference(cli: Terminal) -> None:
    assert {row["difference"] for row in cli("compare", "revenue", "customers", "--json").json["values"]} == {
        None
    }
    assert "units differ" in cli("compare", "revenue", "customers").out


def test_health_is_exit_0_when_all_is_well(cli: Terminal) -> None:
    said = cli("health", "--json")
    assert said.code == 0
    assert said.json["healthy"] is True
    assert set(said.json["metrics"][0]) == {"metric", "state", "reason", "months"}


def test_health_is_exit_1_when_something_is_withheld_and_says_each_reason_once(spoiled: Terminal) -> None:
    said = spoiled("health")
    assert said.code == 1
    assert said.out.count("metrics/revenue 2024-02") == 1
    assert spoiled("health", "customers").code == 0
    assert spoiled("health", "revenue").code == 1


def test_the_scorecard_has_a_line_a_metric(cli: Terminal) -> None:
    said = cli("scorecard", "--json").json
    lines = {line["metric"]: line for line in said["metrics"]}
    assert len(lines) == 11
    assert set(lines["revenue"]) >= {
        *(
            "metric",
            "label",
            "department",
            "unit",
            "value",
            "period",
            "complete",
            "month_before",
            "year_before",
        ),
        *("checks", "trend", "state", "reason", "withheld"),
    }
    assert lines["revenue"]["year_before"] is None
    assert lines["revenue"]["checks"] == {"passed": 6, "warned": 0, "failed": 0}


def test_the_scorecard_tells_what_is_withheld(spoiled: Terminal) -> None:
    out = spoiled("scorecard").out
    assert "withheld 2024-02" in out
    assert "1 ✗" in out


def test_a_valid_center_is_counted(cli: Terminal) -> None:
    said = cli("validate", "--json")
    assert said.code == 0
    assert said.json["valid"] is True
    assert (said.json["counts"]["metrics"], said.json["counts"]["sources"]) == (11, 1)


def test_every_problem_of_a_center_is_listed_with_file_and_line(broken: Terminal) -> None:
    said = broken("validate")
    assert said.code == 2
    places = [f"{file_of(broken.shop, name).name}:" for name in ("revenue", "orders_placed")]
    assert all(place in said.err for place in places)
    assert "did you mean 'order_lines'" in said.err
    problems = broken("validate", "--format", "json").json["problems"]
    assert {"where", "file", "line", "found", "expected", "remedy"} == set(problems[0])
    assert all(p["where"] == f"{p['file']}:{p['line']}" for p in problems)
    assert broken("validate", "--json").json["problems"] == problems


def test_a_format_that_there_is_not_is_refused(cli: Terminal) -> None:
    assert cli("validate", "--format", "text").code == 0
    said = cli("validate", "--format", "jason")
    assert (said.code, "did you mean 'json'" in said.err) == (2, True)
    both = cli("validate", "--json", "--format", "text")
    assert (both.code, "--json: together with --format text" in both.err) == (2, True)
    assert cli("validate", "--json", "--format", "json").json["valid"] is True


def test_a_broken_center_stops_every_command_alike(broken: Terminal) -> None:
    for words in (["metrics"], ["show", "revenue"], ["refresh", "--dry-run"]):
        said = broken(*words)
        assert (said.code, said.out) == (2, "")
        assert "revenue.yaml:" in said.err


def test_an_error_has_its_heading_in_the_language_that_is_spoken(cli: Terminal) -> None:
    said = cli("show", "revnue", "--lang", "zh")
    assert "用法有误" in said.err
    assert "unknown metric 'revnue'" in said.err


def test_the_unexpected_is_exit_3_with_its_place_on_demand(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr("metric_pipelines.settings.Settings.load", fails)
    short, long = cli("metrics"), cli("metrics", "--debug")
    assert (short.code, long.code) == (3, 3)
    assert "the disk is on fire" in short.err
    assert "Traceback" not in short.err
    assert "Traceback" in long.err


def test_ctrl_c_is_exit_130(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metric_pipelines.settings.Settings.load", stopped)
    assert cli("metrics").code == 130


def test_the_shipped_center_says_load_demo_first(
    cli: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Terminal(Shop(Path("retail"), tmp_path), monkeypatch, cli.capsys)("scorecard")
    assert said.code == 3
    assert "metric-pipelines load-demo, then metric-pipelines refresh" in said.err


def test_a_healthy_metric_is_so_in_the_language_that_is_spoken(cli: Terminal) -> None:
    assert "已发布、已检查、为最新" in cli("--lang", "zh", "show", "customers").out
    assert "published, checked, up to date" in cli("show", "customers").out
