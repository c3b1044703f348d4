"""What has no number by longer periods than its own is refused: it would be one, and mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import metric_pipelines
from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.questions import Asked, checked
from metric_pipelines.dictionary.rollup_rules import rollup_problems
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import UsageError

CENTERS = Path(metric_pipelines.__file__).parent / "centers"


@pytest.fixture(scope="module")
def retail() -> Center:
    return load_valid_center(CENTERS / "retail")


@pytest.mark.parametrize("grain", ["quarter", "year"])
@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("returning_households", ", active_households once in all"),  # would be below zero
        ("repeat_rate", ", active_households once in all"),  # would be above 100 %
        ("net_revenue_growth_mom", "no meaning by longer periods"),  # 29 to 31 March beside 28 February
        ("baskets_growth_mom", "no meaning by longer periods"),
    ],
)
def test_a_longer_period_is_refused(retail: Center, metric: str, grain: str, reason: str) -> None:
    with pytest.raises(UsageError) as told:
        checked(retail, metric, Asked(grain=grain))
    assert "grain month" in told.value.message()
    kept = retail.metrics[metric].model_copy(update={"rollups": [[grain]]})
    assert len(list(rollup_problems(retail, kept))) == 1
    if reason.startswith(","):  # whatever it says of itself
        free = retail.metrics[metric].model_copy(update={"coarsest_grain": None})
        assert reason in shapes.kept_to_its_grain(retail, free)
    else:
        assert reason in told.value.message()
    checked(retail, metric, Asked(grain="month"))


@pytest.mark.parametrize(
    "metric", ["active_households", "baskets_per_active_household", "household_retention", "net_revenue"]
)
def test_what_means_the_same_by_quarter_is_answered(retail: Center, metric: str) -> None:
    assert checked(retail, metric, Asked(grain="quarter")).grain == "quarter"


def test_revenue_by_customer_of_a_quarter_is_answered() -> None:
    center = load_valid_center(CENTERS / "omnichannel")
    assert checked(center, "revenue_per_customer", Asked(grain="quarter")).grain == "quarter"
