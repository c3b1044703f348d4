-- A week that turns the month stands in both, since the days of each are sold by it. Where a product stands
-- twice in a store and week, the greatest code is kept: 0, which says no place, sorts before all others.
with months as (
    select distinct
        week_start,
        unnest([
            cast(date_trunc('month', week_start) as date),
            cast(date_trunc('month', date_trunc('week', week_start) + interval 6 day) as date)
        ]) as month_start
    from erp.promotions
),

placed as (
    select
        months.month_start,
        promotion.week_start,
        promotion.week,
        promotion.product_id,
        promotion.store_id,
        max(promotion.display_location) as display_location,
        max(promotion.mailer_location) as mailer_location
    from erp.promotions as promotion
    inner join months on months.week_start = promotion.week_start
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
