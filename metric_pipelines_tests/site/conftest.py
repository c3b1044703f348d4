"""Sites of the small shop, built once for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from metric_pipelines.site.writing import Site, build_site
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import Shop

DAGSTER = "http://127.0.0.1:3999/assets"
EVIL = """<script>alert("x")</script> & 'quoted' </textarea>{{ 7 * 7 }}"""

DRAFT = """name: repeat_rate
label: {en: Repeat rate, zh: 复购率}
type: draft
department: sales
owners: {business: head-of-sales@example.com}
formula_in_words: {en: customers who came back / customers, zh: 复购客户数 / 客户数}
notes: {备注: "<b>to be agreed</b>"}
origin: {file: list.xlsx, sheet: 指标, row: 7}
"""


def build(shop: Shop, now: datetime | None = None) -> Site:
    """The site of a shop as it stands."""
    return build_site(shop.open(), DAGSTER, now or datetime.now(UTC))


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.found, self.text = file, list[tuple[str, dict[str, str]]](), ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *tags: str) -> Iterator[dict[str, str]]:
        """The attributes of all elements of some kinds."""
        return (attributes for tag, attributes in self.found if tag in tags)

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.found if "id" in attributes]


@dataclass(frozen=True)
class BuiltSite:
    """A site beside the shop it was built from."""

    shop: Shop

    @property
    def folder(self) -> Path:
        return self.shop.home / "site"

    def pages(self) -> list[Elements]:
        return [Elements(file) for file in sorted(self.folder.rglob("*.html"))]

    def page(self, path: str) -> Elements:
        return Elements(self.folder / path)


@pytest.fixture(scope="session")
def eventful(story: Story) -> BuiltSite:
    """A site of a shop that lived: a filter changed, two metrics of one word, February came spoiled, and
    somebody wrote HTML into a definition, and a draft came in; built before and after.
    """

    def tell(shop: Shop) -> None:
        shop.edit("metrics/sales/revenue.yaml", "label: {en: Revenue}", "label: {en: Revenue, zh: 销售额}")
        shop.edit("metrics/sales/revenue.yaml", "unit:", "synonyms: [turnover, 营业额]\nunit:")
        meant = "intended: [{with: revenue, reason: Both departments say turnover.}]"
        shop.edit(
            "metrics/sales/small_revenue.yaml", "unit:", f"synonyms: [Turnover, 营业额]\n{meant}\nunit:"
        )
        build(shop)
        shop.edit("metrics/sales/small_revenue.yaml", "filter: amount < 10", "filter: amount < 12")
        shop.edit("metrics/service/customers.yaml", "counted: Orders.", f"counted: {json.dumps(EVIL)}")
        (shop.center / "metrics" / "sales" / "repeat_rate.yaml").write_text(DRAFT, encoding="utf-8")
        shop.edit("sources/shop.yaml", "sqlite:///", "sqlite:///./")
        shop.refresh()
        shop.sql("update orders set amount = amount * 100 where order_id between 101 and 112")
        shop.refresh()
        build(shop)

    return BuiltSite(story("eventful_site", tell))
