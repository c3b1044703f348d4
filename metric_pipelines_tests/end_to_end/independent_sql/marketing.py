"""Campaigns: who was mailed, who redeemed, how soon."""

from __future__ import annotations

from metric_pipelines_tests.end_to_end.independent_sql.query import Query

QUERIES: dict[str, Query] = {
    "mailings": Query(
        "select month, {by}count(*) from mailings group by all",
        ("campaign_type", "campaign", "household__income"),
    ),
    "mailed_households": Query(
        "select month, {by}count(distinct household_id) from mailings group by all",
        ("campaign_type", "household__size"),
    ),
    "answered_mailings": Query(
        "select month, {by}count(redeemed_on) from mailings group by all",
        ("campaign_type", "campaign", "household__income"),
    ),
    "redemption_rate": Query(
        "select month, {by}count(redeemed_on)::double / count(*) from mailings group by all",
        ("campaign_type", "campaign", "household__income"),
    ),
    "prompt_redemption_rate": Query(
        """
        select month, {by}count(*) filter (where redeemed_on - day < 14)::double / count(*)
        from mailings group by all
        """,
        ("campaign_type", "campaign", "household__children"),
    ),
    "redeeming_mailings": Query(
        """
        select date_trunc('month', redeemed_on)::date as month, {by}count(*)
        from (select * exclude (month) from mailings) where redeemed_on is not null group by all
        """,
        ("campaign_type", "campaign", "household__age"),
    ),
    "coupon_redemptions": Query(
        "select month, {by}count(*) from redemptions group by all",
        ("campaign_type", "campaign", "day__weekday", "household__income"),
    ),
    "redeeming_households": Query(
        "select month, {by}count(distinct household_id) from redemptions group by all",
        ("campaign_type", "campaign", "household__income"),
    ),
    "coupons_per_redeeming_household": Query(
        "select month, {by}count(*)::double / count(distinct household_id) from redemptions group by all",
        ("campaign", "day__weekend", "household__home_ownership"),
    ),
    "days_to_redemption": Query(
        "select month, {by}avg(days) from redemptions group by all",
        ("campaign_type", "household__age"),
    ),
}
