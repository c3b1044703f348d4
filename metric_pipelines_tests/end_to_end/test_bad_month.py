"""A month whose prices are wrong by ten: withheld with all that is derived from it, while the rest is
published and the last good values are served; repaired, everything is as it was.
"""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from metric_pipelines.demo import changes
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, moved
from metric_pipelines_tests.end_to_end.conftest import BAD, After
from metric_pipelines_tests.end_to_end.dagster_view import FAILED, SUCCEEDED, DagsterView

pytestmark = pytest.mark.slow

WITHHELD = {
    "metrics/coupon_match_discounts",
    "metrics/discounts",
    "metrics/display_revenue",
    "metrics/fuel_revenue",
    "metrics/list_revenue",
    "metrics/mailer_revenue",
    "metrics/manufacturer_coupons",
    "metrics/metered_fuel_revenue",
    "metrics/net_revenue",
    "metrics/private_label_merchandise_revenue",
    "metrics/private_label_revenue",
    "metrics/promoted_revenue",
    "metrics/promotion_store_revenue",
    "metrics/retail_discounts",
}
BLOCKED = {
    ("metrics/average_basket", BAD): "metrics/net_revenue",
    ("metrics/average_discount_per_basket", BAD): "metrics/discounts",
    ("metrics/average_sale_in_mailer", BAD): "metrics/promotion_store_revenue",
    ("metrics/average_sale_off_display", BAD): "metrics/promotion_store_revenue",
    ("metrics/average_sale_on_display", BAD): "metrics/promotion_store_revenue",
    ("metrics/average_sale_out_of_mailer", BAD): "metrics/promotion_store_revenue",
    ("metrics/average_unit_price", BAD): "metrics/net_revenue",
    ("metrics/discount_rate", BAD): "metrics/discounts",
    ("metrics/display_lift", BAD): "metrics/promotion_store_revenue",
    ("metrics/fuel_price_per_gallon", BAD): "metrics/metered_fuel_revenue",
    ("metrics/fuel_revenue_share", BAD): "metrics/fuel_revenue",
    ("metrics/mailer_lift", BAD): "metrics/promotion_store_revenue",
    ("metrics/merchandise_revenue", BAD): "metrics/net_revenue",
    ("metrics/net_revenue_growth_mom", BAD): "metrics/net_revenue",
    ("metrics/net_revenue_growth_mom", "2017-03"): "metrics/net_revenue",
    ("metrics/net_revenue_mtd", BAD): "metrics/net_revenue",
    ("metrics/net_revenue_rolling_28d", BAD): "metrics/net_revenue",
    ("metrics/net_revenue_rolling_28d", "2017-03"): "metrics/net_revenue",
    ("metrics/net_revenue_ytd", BAD): "metrics/net_revenue",
    ("metrics/net_revenue_ytd", "2017-03"): "metrics/net_revenue",
    ("metrics/price_realisation", BAD): "metrics/net_revenue",
    ("metrics/private_label_share", BAD): "metrics/private_label_revenue",
    ("metrics/private_label_share_without_fuel", BAD): "metrics/private_label_merchandise_revenue",
    ("metrics/promoted_share", BAD): "metrics/promoted_revenue",
    ("metrics/revenue_per_active_household", BAD): "metrics/net_revenue",
}


@pytest.fixture(scope="module")
def mended(broken: After, tmp_path_factory: pytest.TempPathFactory) -> After:
    """After the night that read the repaired month."""
    at_work = CenterAtWork(moved(broken.at_work.home, tmp_path_factory.mktemp("mended") / "home"))
    mark = at_work.ledger.mark()
    changes.fix(at_work.sources)
    return After(at_work, at_work.refresh(), broken.before, mark)


def view(after: After, instance: dg.DagsterInstance) -> DagsterView:
    return DagsterView(instance, after.at_work.definitions())


def test_the_refresh_ends_failed_and_names_what_is_not_published(broken: After) -> None:
    assert not broken.refreshed.success
    with broken.at_work.instance() as instance:
        said = view(broken, instance).failure_of(broken.refreshed.run_id)
    assert f"{len(WITHHELD) + len(BLOCKED)} not published" in said
    for key in WITHHELD:
        assert f"{key} {BAD} withheld: expectations failed: " in said
    told = said.splitlines()
    for (key, month), root in BLOCKED.items():
        (line,) = (line for line in told if line.startswith(f"{key} {month} blocked: "))
        assert f"{root} {BAD}: expectations failed: " in line


def test_what_failed_is_withheld_and_what_is_derived_from_it_is_blocked(broken: After) -> None:
    assert broken.at_work.in_state("withheld") == {(key, BAD) for key in WITHHELD}
    assert broken.at_work.in_state("blocked") == set(BLOCKED)
    assert broken.at_work.in_state("missing") == set()


def test_neighbours_of_the_same_group_and_month_are_published(broken: After) -> None:
    made = set(broken.at_work.attempts_after(broken.mark))
    assert ("metrics/units", BAD, "published") in made
    assert ("metrics/baskets", BAD, "published") in made
    assert ("metrics/net_revenue", BAD, "withheld") in made


def test_what_is_blocked_is_not_even_computed(broken: After) -> None:
    made = {(asset, month) for asset, month, _ in broken.at_work.attempts_after(broken.mark)}
    assert not made & set(BLOCKED)


def test_every_metric_still_shows_its_last_good_values(broken: After) -> None:
    assert broken.at_work.fingerprints() == broken.before


def test_an_answer_gives_the_last_good_values_and_names_the_gap(
    broken: After, published_quarter: CenterAtWork
) -> None:
    answer = broken.at_work.values("net_revenue", grain="month")
    assert answer.rows == published_quarter.values("net_revenue", grain="month").rows
    assert [(gap.month, gap.state, gap.kept) for gap in answer.gaps] == [(BAD, "withheld", True)]
    assert "expect_column_mean_to_be_between" in answer.gaps[0].reason


def test_an_answer_of_a_derived_metric_names_the_root(broken: After) -> None:
    answer = broken.at_work.values("net_revenue_rolling_28d", start=date(2017, 3, 1))
    assert len(answer.rows) == 31
    assert [(gap.month, gap.state, gap.kept) for gap in answer.gaps] == [("2017-03", "blocked", True)]
    assert answer.gaps[0].reason.startswith(f"metrics/net_revenue {BAD}: ")


def test_a_route_through_the_model_serves_the_last_good_values_too(
    broken: After, published_quarter: CenterAtWork
) -> None:
    question = {"by": ["brand"], "grain": "month"}
    answer = broken.at_work.values("net_revenue", **question)
    assert answer.route == "model"
    assert answer.rows == published_quarter.values("net_revenue", **question).rows


def test_the_rows_that_were_withheld_are_kept_out_of_readers_reach(broken: After) -> None:
    files = list((broken.at_work.home / "rejected").rglob("metrics__net_revenue@2017-02.parquet"))
    assert len(files) == 1
    assert broken.at_work.home / "lake" not in files[0].parents


def test_dagster_shows_failed_checks_for_the_withheld_month_alone(broken: After) -> None:
    with broken.at_work.instance() as instance:
        found = view(broken, instance)
        assert found.checks("metrics/net_revenue") == {
            ("contract", "2017-01"): SUCCEEDED, ("expectations", "2017-01"): SUCCEEDED,
            ("contract", BAD): SUCCEEDED, ("expectations", BAD): FAILED,
            ("contract", "2017-03"): SUCCEEDED, ("expectations", "2017-03"): SUCCEEDED,
        }  # fmt: skip
        assert set(found.checks("metrics/units").values()) == {SUCCEEDED}
        failed = [e for e in found.evaluations(("metrics/net_revenue", BAD)) if not e.passed]
        assert [e.severity for e in failed] == [dg.AssetCheckSeverity.ERROR]
        assert "expect_column_mean_to_be_between" in str(failed[0].metadata["reason"].value)


def test_dagster_shows_a_warning_for_each_blocked_month(broken: After) -> None:
    with broken.at_work.instance() as instance:
        found = view(broken, instance)
        for pair, root in BLOCKED.items():
            evaluations = found.evaluations(pair)
            assert {e.passed for e in evaluations} == {False}, pair
            assert {e.severity for e in evaluations} == {dg.AssetCheckSeverity.WARN}
            assert f"{root} {BAD}" in str(evaluations[0].metadata["not evaluated"].value)


def test_repaired_all_is_published_with_the_values_of_before(mended: After) -> None:
    assert mended.refreshed.success
    assert mended.at_work.in_state("published") == set(mended.at_work.workshop().graph.pairs())
    assert mended.at_work.fingerprints() == mended.before


def test_the_repair_computes_what_was_withheld_and_nothing_of_other_months(mended: After) -> None:
    made = set(mended.at_work.attempts_after(mended.mark))
    assert {(key, BAD, "published") for key in WITHHELD} <= made
    assert {month for key, month, _ in made if key.startswith("metrics/")} == {BAD}


def test_repaired_dagster_shows_all_fresh_and_no_check_failed(mended: After) -> None:
    with mended.at_work.instance() as instance:
        found = view(mended, instance)
        assert found.stale(mended.at_work.in_state("published")) == {}
        for key in [*WITHHELD, *(key for key, _ in BLOCKED)]:
            assert set(found.checks(key).values()) == {SUCCEEDED}, key
