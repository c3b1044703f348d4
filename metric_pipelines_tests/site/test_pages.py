"""The pages say what the dictionary and the ledger know, in both languages, and load nothing from outside."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, urlsplit

import pytest

from metric_pipelines.site.assets import kind_of
from metric_pipelines_tests.site.conftest import DAGSTER, EVIL, BuiltSite, Elements, build
from metric_pipelines_tests.small_shop import Shop, revenue_by_month

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "use": "href"}


def said(text: str) -> str:
    return " ".join(text.split())


def test_every_link_leads_to_a_page_and_to_a_place_on_it(eventful: BuiltSite) -> None:
    pages = {page.file: page for page in eventful.pages()}
    checked = 0
    for page in pages.values():
        for attributes in page.of("a", "link", "script"):
            target = attributes.get("href", attributes.get("src", ""))
            if not target or urlsplit(target).scheme in ("http", "mailto", "data"):
                continue
            path, _, place = target.partition("#")
            file = (page.file.parent / unquote(path)).resolve() if path else page.file
            assert file.is_file(), f"{page.file.name} -> {target}"
            assert not place or place in pages[file].ids, f"{page.file.name} -> {target}"
            checked += 1
    assert checked > 500


def test_nothing_is_loaded_from_outside(eventful: BuiltSite) -> None:
    for page in eventful.pages():
        for tag, attributes in page.found:
            loaded = attributes.get(LOADS.get(tag, ""), "")
            assert urlsplit(loaded).scheme in ("", "data"), (page.file, loaded)
            assert not any(name.startswith("on") for name in attributes), (page.file, attributes)
            if tag == "a" and attributes.get("href", "").startswith("http"):
                assert attributes["href"].startswith(DAGSTER)
    css = (eventful.folder / "assets" / "site.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import", css)


def test_ids_are_given_once_a_page(eventful: BuiltSite) -> None:
    for page in eventful.pages():
        assert len(page.ids) == len(set(page.ids)), page.file


def test_both_languages_are_in_every_page(eventful: BuiltSite) -> None:
    for page in eventful.pages():
        english = sum(a.get("lang") == "en" for a in page.of("span"))
        chinese = sum(a.get("lang") == "zh" for a in page.of("span"))
        assert english == chinese > 10, page.file
        [root] = page.of("html")
        assert root == {"lang": "en", "data-lang": "en"}
        for attributes in page.of("title", "option", "input", "nav"):
            if "data-zh" in attributes and attributes["data-zh"] != attributes["data-en"]:
                assert CHINESE.search(attributes["data-zh"])


def test_the_centers_language_comes_first(shop: Shop) -> None:
    shop.edit("center.yaml", "label: Small shop", "label: Small shop\nlanguage: zh")
    site = build(shop)
    [root] = Elements(site.index).of("html")
    assert root == {"lang": "zh-CN", "data-lang": "zh"}


def test_definitions_are_escaped(eventful: BuiltSite) -> None:
    page = eventful.page("metrics/customers.html")
    assert EVIL in page.text
    assert "alert" not in "".join(a.get("src", "") for a in page.of("script"))
    assert sum(1 for _ in page.of("script")) == sum(
        1 for _ in eventful.page("metrics/revenue.html").of("script")
    )


def test_a_withheld_month_shows_its_reason_and_its_last_good_value(eventful: BuiltSite) -> None:
    text = said(eventful.page("metrics/revenue.html").text)
    assert "the maximum is" in text
    assert "最大值为" in text
    assert "withheld暂缓发布" in text
    february = revenue_by_month()["2024-02"]
    assert re.search(rf"2024-02\s*{february:,} USD.*?last good value", text)


def test_months_that_follow_one_another_are_told_in_short(eventful: BuiltSite) -> None:
    texts = [said(page.text) for page in eventful.pages()]
    assert any("2024-02 to 2024-03" in text and "2024-02 至 2024-03" in text for text in texts)
    assert not any("2024-02, 2024-03" in text for text in texts)


@pytest.mark.parametrize(
    ("connection", "kind"),
    [
        ("postgresql+psycopg://reader:${PASSWORD}@db/oms", "postgresql"),
        ("file:exports", "file"),
        ("${CRM:-sqlite:///sources/crm.sqlite}", "sqlite"),
        ("${CRM}", ""),
        ("${ENGINE}://reader@db/oms", ""),
    ],
)
def test_a_source_shows_its_kind_and_nothing_else_of_its_connection(connection: str, kind: str) -> None:
    assert kind_of(connection) == kind


def test_what_is_blocked_names_the_root(eventful: BuiltSite) -> None:
    page = eventful.page("metrics/average_order.html")
    assert "metrics/revenue" in page.text
    assert "revenue.html" in {a.get("href") for a in page.of("a")} | {
        a.get("href", "").split("/")[-1] for a in page.of("a")
    }
    attention = said(eventful.page("index.html").text)
    assert "Needs attention" in attention
    assert re.search(r"holds back \d metrics", attention)


def test_the_values_are_those_that_were_published(eventful: BuiltSite) -> None:
    page = eventful.page("metrics/revenue.html")
    spec = re.search(r'class="spec">(.*?)</script>', page.file.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert spec is not None
    points = json.loads(spec[1])["data"]["values"]
    assert {p["month"]: p["text"] for p in points} == {m: f"{v:,}" for m, v in revenue_by_month().items()}
    assert [p["month"] for p in points if p["kept"]] == ["2024-02"]


def test_the_change_log_tells_computations_restatements_and_withholdings(eventful: BuiltSite) -> None:
    text = said(eventful.page("metrics/small_revenue.html").text)
    assert "Computation 2 first used" in text
    assert "amount < 10 →becomes变为 amount < 12" in text
    assert "Restated: 2024-01 to 2024-03" in text
    assert "Withheld: 2024-02" in said(eventful.page("metrics/revenue.html").text)


def test_changes_are_told_since_the_build_before(eventful: BuiltSite) -> None:
    text = said(eventful.page("changes.html").text)
    since, recent = text.split("In the last 30 days")
    for part in (since, recent):
        assert "Definition changed" in part
        assert "Restated: 2024-01 to 2024-03" in part
        assert "Withheld: 2024-02" in part


def test_metrics_that_share_a_word_stand_side_by_side(eventful: BuiltSite) -> None:
    text = said(eventful.page("compare/revenue--small_revenue.html").text)
    assert "turnover" in text
    assert "营业额" in text
    assert "sum(amount) from order_lines where amount < 12" in text
    assert "Both departments say turnover." in text
    links = [a.get("href", "") for a in eventful.page("metrics/revenue.html").of("a")]
    assert "../compare/revenue--small_revenue.html" in links


def test_lineage_goes_from_source_systems_to_dependents_and_to_columns(eventful: BuiltSite) -> None:
    page = eventful.page("metrics/revenue.html")
    boxes = [a["href"] for a in page.of("a") if "box" in a.get("class", "")]
    assert {
        "../sources/shop.html#orders",
        "../models/order_lines.html",
        "../metrics/average_order.html",
    } <= set(boxes)
    assert "shop.orders.amount" in page.text


def test_cards_link_to_dagster(eventful: BuiltSite) -> None:
    links = [a.get("href") for a in eventful.page("metrics/revenue.html").of("a")]
    assert f"{DAGSTER}/metrics/revenue" in links


def test_owners_departments_and_sources_have_pages(eventful: BuiltSite) -> None:
    assert "large_order_rate" in eventful.page("departments/service.html").text
    assert "revenue_7d" in eventful.page("owners/sales-example-com.html").text
    assert "ordered_at" in eventful.page("sources/shop.html").text
    assert "select" in eventful.page("models/order_lines.html").text


def test_a_connection_is_not_shown(eventful: BuiltSite) -> None:
    for page in eventful.pages():
        assert "sqlite:///" not in page.file.read_text(encoding="utf-8")


def test_before_anything_was_published_there_are_definitions_and_no_numbers(fresh_shop: Shop) -> None:
    site = build(fresh_shop)
    text = Elements(site.index.parent / "metrics" / "revenue.html").text
    assert "never published" in text
    assert "no data" in text
    assert "sum(amount) from order_lines" in text


def test_a_metric_that_does_not_add_up_says_so(eventful: BuiltSite) -> None:
    assert "never add its values up" in eventful.page("metrics/customers.html").text


def test_a_draft_is_listed_and_has_a_page_without_a_number(eventful: BuiltSite) -> None:
    first = eventful.page("index.html")
    [row] = [a for a in first.of("tr") if a.get("data-state") == "draft"]
    assert row["data-department"] == "sales"
    assert row["data-owner"] == "head-of-sales@example.com"
    assert {"repeat rate", "复购率", "复购客户数 / 客户数"} <= set(row["data-search"].split("\n"))
    assert any(option.get("value") == "draft" for option in first.of("option"))
    assert any(option.get("value") == "head-of-sales@example.com" for option in first.of("option"))
    page = eventful.page("metrics/repeat_rate.html")
    for text in (
        "Not computed yet",
        "尚未计算",
        "customers who came back / customers",
        "how it is computed: `type` and its keys",
        "the key `unit`",
        "metrics/sales/repeat_rate.yaml",
        "list.xlsx · 指标, row 7",
        "<b>to be agreed</b>",
    ):
        assert text in page.text
    assert not list(page.of("table"))
    assert "Repeat rate" in eventful.page("departments/sales.html").text
    assert "Repeat rate" in eventful.page("owners/head-of-sales-example-com.html").text
