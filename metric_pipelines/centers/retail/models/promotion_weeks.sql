-- The ERP has millions of promotions, of which a small part was bought: only those are grouped and kept. The
-- first product of each store and week stays too, bought or not, so that the stores that take part are known.
-- A week that turns the month stands in both, since the days of each are sold by it. Where a product stands
-- twice in a store and week, the greatest code is kept: 0, which says no place, sorts before all others.
with bought as (
    select distinct
        cast(
            date_trunc(
                'month', transaction_timestamp at time zone 'UTC' at time zone 'America/New_York'
            ) as date
        ) as month_start,
        week,
        product_id,
        store_id
    from oms.transactions
),

weeks as (
    select distinct week_start, week from erp.promotions
),

months as (
    select distinct
        week_start,
        week,
        unnest([
            cast(date_trunc('month', week_start) as date),
            cast(date_trunc('month', date_trunc('week', week_start) + interval 6 day) as date)
        ]) as month_start
    from weeks
),

firsts as (
    select week_start, store_id, min(product_id) as product_id from erp.promotions group by all
),

kept as (
    select months.month_start, months.week_start, bought.product_id, bought.store_id
    from bought
    inner join months on months.month_start = bought.month_start and months.week = bought.week
    union
    select months.month_start, firsts.week_start, firsts.product_id, firsts.store_id
    from firsts
    inner join months on months.week_start = firsts.week_start
),

undelivered as (
    select distinct bought.month_start, bought.week
    from bought
    anti join weeks on weeks.week = bought.week
),

placed as (
    select
        kept.month_start,
        promotion.week_start,
        promotion.week,
        promotion.product_id,
        promotion.store_id,
        max(promotion.display_location) as display_location,
        max(promotion.mailer_location) as mailer_location
    from erp.promotions as promotion
    inner join kept
        on kept.week_start = promotion.week_start
        and kept.product_id = promotion.product_id
        and kept.store_id = promotion.store_id
    group by all
)

select
    month_start,
    week_start,
    week,
    product_id,
    store_id,
    case display_location when '0' then 'NONE' else display_location end as display_location,
    case mailer_location when '0' then 'NONE' else mailer_location end as mailer_location,
    cast(if(display_location = '0', 0, 1) + if(mailer_location = '0', 0, 1) as bigint) as placements
from placed

union all

-- A week with sales and without any promotion was not delivered. Its row has neither start nor product, which
-- the contract refuses: else what was sold in it would be taken for sold without one.
select month_start, null, week, null, null, null, null, null from undelivered
