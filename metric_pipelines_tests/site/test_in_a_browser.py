"""The pages as a browser shows them from the file system: search, filters, languages, charts, access."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from metric_pipelines_tests.end_to_end.browser import browsing
from metric_pipelines_tests.site.conftest import BuiltSite

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
PAGES = [
    "index.html",
    "changes.html",
    "metrics/revenue.html",
    "metrics/average_order.html",
    "metrics/repeat_rate.html",
    "models/order_lines.html",
    "sources/index.html",
    "sources/shop.html",
    "departments/index.html",
    "departments/sales.html",
    "owners/index.html",
    "owners/sales-example-com.html",
    "compare/index.html",
    "compare/revenue--small_revenue.html",
]
WIDTHS = (1440, 390)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def visit(browser: webdriver.Chrome, eventful: BuiltSite) -> Iterator[Callable[..., None]]:
    def to(path: str, width: int = 1440, lang: str = "en") -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(f"{eventful.folder.as_uri()}/{path}")
        if browser.execute_script("return document.documentElement.dataset.lang") != lang:
            browser.find_element(By.CSS_SELECTOR, f"[data-language={lang}]").click()

    yield to
    browser.execute_script("localStorage.clear()")


def shown(browser: webdriver.Chrome) -> list[str]:
    rows = browser.find_elements(By.CSS_SELECTOR, "table.metrics tbody tr")
    return [row.find_element(By.TAG_NAME, "code").text for row in rows if row.is_displayed()]


def waited(found: Callable[[], Any]) -> Any:
    for _ in range(100):
        value = found()
        if value:
            return value
        time.sleep(0.05)
    return found()


def test_search_finds_by_name_code_synonym_in_both_languages(
    browser: webdriver.Chrome, visit: Callable[..., None]
) -> None:
    visit("index.html")
    assert len(shown(browser)) == 12
    query = browser.find_element(By.ID, "q")
    for words, expected in (
        ("SRV-002", ["returning_customers"]),
        ("销售额", ["revenue"]),
        ("营业额", ["revenue", "small_revenue"]),
        ("复购率", ["repeat_rate"]),
        ("Large Order", ["large_order_rate", "large_orders"]),
    ):
        query.clear()
        query.send_keys(words)
        assert sorted(shown(browser)) == sorted(expected)
        assert browser.find_element(By.ID, "shown").text == str(len(expected))
    query.clear()
    query.send_keys("revenue")
    assert shown(browser)[0] == "revenue"
    query.clear()
    query.send_keys("no such thing")
    assert shown(browser) == []
    assert browser.find_element(By.ID, "nothing").is_displayed()


def test_filters_narrow_and_are_kept_in_the_address(
    browser: webdriver.Chrome, visit: Callable[..., None]
) -> None:
    visit("index.html")
    Select(browser.find_element(By.ID, "department")).select_by_value("service")
    assert sorted(shown(browser)) == ["customers", "large_order_rate", "returning_customers"]
    Select(browser.find_element(By.ID, "department")).select_by_value("")
    Select(browser.find_element(By.ID, "state")).select_by_value("withheld")
    withheld = shown(browser)
    assert "revenue" in withheld
    assert "customers" not in withheld
    address = browser.current_url
    assert address.endswith("#state=withheld")
    Select(browser.find_element(By.ID, "state")).select_by_value("draft")
    assert shown(browser) == ["repeat_rate"]
    visit("changes.html")
    browser.get(address)
    assert shown(browser) == withheld
    browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    assert waited(lambda: len(shown(browser)) == 12)


def test_the_language_is_switched_and_remembered(
    browser: webdriver.Chrome, visit: Callable[..., None]
) -> None:
    visit("index.html", lang="zh")
    assert "指标" in browser.find_element(By.TAG_NAME, "h1").text
    assert browser.find_element(By.ID, "q").get_attribute("placeholder") == "名称、编号或别名，中英文均可"
    link = browser.find_element(By.CSS_SELECTOR, "a[href='metrics/revenue.html']")
    link.click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "销售额"
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-CN"
    assert "销售额" in browser.title


def test_charts_are_drawn_from_the_file_system(browser: webdriver.Chrome, visit: Callable[..., None]) -> None:
    browser.get_log("browser")
    for path in ("metrics/revenue.html", "compare/revenue--small_revenue.html"):
        visit(path)
        marks = waited(lambda: browser.find_elements(By.CSS_SELECTOR, ".chart svg .mark-symbol path"))
        assert len(marks) >= 3
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(
    browser: webdriver.Chrome, visit: Callable[..., None], width: int
) -> None:
    for path in PAGES:
        visit(path, width)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, path


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_serious_fault(
    browser: webdriver.Chrome, visit: Callable[..., None], width: int
) -> None:
    script = AXE.read_text(encoding="utf-8")
    for path in PAGES:
        visit(path, width, "zh" if width == WIDTHS[1] else "en")
        browser.execute_script(script)
        found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
        bad = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert not bad, (path, json.dumps(bad, indent=1)[:3000])
