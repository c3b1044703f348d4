"""The computation of a metric in one line: what is shown is what is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines_tests.small_shop import Shop


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("agg: count", "count(*)"),
        ("agg: sum\nexpr: '1'", "sum(1)"),
        ("agg: count_distinct\nexpr: customer_id", "count_distinct(customer_id)"),
        ("agg: percentile\nexpr: amount\npercentile: 0.5", "percentile(amount, 0.5)"),
        (
            "agg: percentile\nexpr: amount\npercentile: 0.99\npercentile_type: discrete",
            "percentile(amount, 0.99 discrete)",
        ),
    ],
)
def test_a_formula_says_what_is_aggregated_and_how(small_center: Path, written: str, shown: str) -> None:
    Shop(small_center, small_center).edit(
        "metrics/sales/small_revenue.yaml", "agg: sum\nexpr: amount", written
    )
    center = load_valid_center(small_center)
    assert formula(center, center.metrics["small_revenue"]) == f"{shown} from order_lines where amount < 10"
