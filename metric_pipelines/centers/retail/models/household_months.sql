-- Each active month speaks twice: for itself, and for the month after it.
with months as (
    select
        cast(date_trunc('month', business_day) as date) as month_start,
        household_id,
        count(*) as baskets
    from models.baskets
    group by all
),

spoken as (
    select month_start, household_id, baskets, 0 as baskets_before from months
    union all
    select cast(month_start + interval 1 month as date), household_id, 0, baskets from months
),

added as (
    select
        month_start,
        household_id,
        cast(sum(baskets) as bigint) as baskets,
        cast(sum(baskets_before) as bigint) as baskets_before
    from spoken
    group by month_start, household_id
),

-- Until its last day is there, nobody can be said to have stayed away for the month.
ended as (
    select
        cast(date_trunc('month', business_day) as date) as month_start,
        max(business_day) = last_day(max(business_day)) as month_over
    from models.baskets
    group by all
)

select
    cast(added.month_start as varchar) || '/' || cast(added.household_id as varchar) as household_month_id,
    added.month_start,
    added.household_id,
    added.baskets > 0 as active,
    added.baskets_before > 0 as active_before,
    coalesce(ended.month_over, false) as month_over,
    added.baskets,
    added.baskets_before
from added
left join ended on ended.month_start = added.month_start
