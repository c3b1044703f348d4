"""What metrics are called, and words that several of them are called by."""

from __future__ import annotations

import pytest

from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.dictionary.names import as_said, folded, quarrels
from metric_pipelines_tests.small_shop import Shop


def test_words_are_compared_without_case_and_underscores() -> None:
    assert folded("Net_Revenue  ") == folded("net revenue")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Month-to-date sales", "month to date sales"),
        ("A.B.C.", "ABC"),
        ("e-mail", "E mail"),
        ("Customers (web)", "customers: web"),
        ("customers’ orders", "Customers' orders"),
        ("net\u2011sales", "net sales"),
        ("net\u200bsales", "Net sales"),
        ("ＡＢＣ（客户）", "abc(客户)"),
        ("客户、留存率", "客户 留存率"),
        ("毛利率％", "毛利率%"),
        ("Umsatz · Netto", "umsatz netto"),
        ("SAL-001", "sal 001"),
    ],
)
def test_words_that_sound_alike_are_one(one: str, other: str) -> None:
    assert as_said(one) == as_said(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("top 1.5", "top 15"),
        ("days 1-2", "days 12"),
        ("return %", "return"),
        ("sales/orders", "sales orders"),
        ("revenue", "revenues"),
        ("C+", "C"),
        ("毛利", "毛利率"),
        ("café", "cafe"),
        ("-", "."),
    ],
)
def test_words_that_sound_otherwise_are_two(one: str, other: str) -> None:
    assert as_said(one) != as_said(other)


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
