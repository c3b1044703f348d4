"""Health says stale by what changed and by how old the newest day is, not because midnight has passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from metric_pipelines.publication.health import Health, health
from metric_pipelines_tests.small_shop import Shop


def of(shop: Shop, metric: str, days_later: int = 0) -> Health:
    """The health of a metric, as it would be judged some days later."""
    opened = shop.open()
    facts = replace(opened.facts(), today=opened.today + timedelta(days=days_later))
    return next(found for found in health(facts, {}) if found.metric == metric)


def test_up_to_date_is_healthy(published_once: Shop) -> None:
    assert of(published_once, "revenue").state == "healthy"


def test_a_day_that_has_passed_alone_makes_nothing_stale(published_once: Shop) -> None:
    assert of(published_once, "revenue", 1).state == "healthy"


def test_a_newest_day_older_than_allowed_is_stale_and_says_so(published_once: Shop) -> None:
    found = of(published_once, "revenue", 2)
    assert found.state == "stale"
    assert "its newest day is 2024-03-" in found.reason
    assert "1 allowed" in found.reason


def test_the_allowed_age_is_the_metrics_own(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "direction: up", "direction: up\nfreshness: {within_days: 5}")
    assert of(shop, "revenue", 5).state == "healthy"
    assert of(shop, "revenue", 6).state == "stale"
    assert of(shop, "orders_placed", 5).state == "stale"


def test_a_changed_definition_is_stale_by_what_changed(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    assert "definition or an input changed" in of(shop, "average_order").reason
