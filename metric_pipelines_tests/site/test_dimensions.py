"""The pages tell what a metric can be asked by: own dimensions and joined ones, with members in order."""

from __future__ import annotations

import pytest

from metric_pipelines_tests.joined_shop import publish_by, with_customers, with_weekdays
from metric_pipelines_tests.site.conftest import build
from metric_pipelines_tests.small_shop import Shop


@pytest.fixture
def page(fresh_shop: Shop) -> dict[str, str]:
    shop = with_weekdays(with_customers(fresh_shop))
    shop.keep("revenue", models=["customers"])
    publish_by(shop, "revenue", "customer__region")
    folder = build(shop).index.parent
    return {file.stem: file.read_text(encoding="utf-8") for file in folder.rglob("*.html")}


def test_a_card_shows_joined_dimensions_with_labels_model_and_members(page: dict[str, str]) -> None:
    published, _, others = page["revenue"].partition("Can also be asked by")
    assert "<code>customer__region</code>" in published
    assert "South &lt; North" in published
    assert "南 &lt; 北" in published
    assert "models/customers.html" in published
    for name in ("category", "customer__visits", "customer__often", "day__weekday"):
        assert f"<code>{name}</code>" in others
    assert "星期一 &lt; 星期二" in others


def test_a_model_shows_its_dimensions(page: dict[str, str]) -> None:
    assert "<code>region</code>" in page["customers"]
    assert "Daily &lt; Twice &lt; Once" in page["customers"]
    assert "<code>customer__region</code>" in page["order_lines"]
