"""What metrics are called, and words that several of them are called by."""

from __future__ import annotations

from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.dictionary.names import folded, quarrels
from metric_pipelines_tests.small_shop import Shop


def test_words_are_compared_without_case_and_underscores() -> None:
    assert folded("Net_Revenue  ") == folded("net revenue")


def test_metrics_that_share_a_word_quarrel(shop: Shop) -> None:
    assert quarrels(load_center(shop.center).metrics.values()) == []
    shop.edit("metrics/sales/revenue.yaml", "unit:", "synonyms: [Turn over, 营业额]\nunit:")
    shop.edit("metrics/sales/revenue_7d.yaml", "unit:", "synonyms: [turn_over, 营业额, week]\nunit:")
    shop.edit("metrics/sales/large_orders.yaml", "label: {en: Large orders}", "label: {en: Week}")
    found = quarrels(load_center(shop.center).metrics.values())
    assert found == [
        (("large_orders", "revenue_7d"), ["Week"]),
        (("revenue", "revenue_7d"), ["Turn over", "营业额"]),
    ]
