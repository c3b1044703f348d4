-- Every transaction line stays: a product that the ERP does not know becomes UNKNOWN.
with paid as (
    select
        *,
        -- The order system keeps UTC; a business day is the store's own day, an hour its own hour.
        transaction_timestamp at time zone 'UTC' at time zone 'America/New_York' as paid_at
    from oms.transactions
),

line as (
    select *, cast(paid_at as date) as business_day from paid
),

promoting as (
    -- Of the other stores nothing is known, neither that they promoted nor that they did not.
    select distinct month_start, store_id from models.promotion_weeks
)

select
    line.basket_id,
    line.product_id,
    line.household_id,
    line.store_id,
    line.week,
    line.business_day,
    extract(hour from line.paid_at) as hour,
    coalesce(product.department, 'UNKNOWN') as department,
    coalesce(product.category, 'UNKNOWN') as category,
    coalesce(product.brand, 'UNKNOWN') as brand,
    coalesce(product.is_fuel, false) as is_fuel,
    case
        when promoting.store_id is null then 'UNKNOWN'
        else coalesce(promotion.display_location, 'NONE')
    end as display_location,
    case
        when promoting.store_id is null then 'UNKNOWN'
        else coalesce(promotion.mailer_location, 'NONE')
    end as mailer_location,
    case
        when promoting.store_id is null then 'UNKNOWN'
        when promotion.store_id is null then 'NONE'
        when promotion.placements = 2 then 'BOTH'
        when promotion.mailer_location = 'NONE' then 'DISPLAY'
        else 'MAILER'
    end as promotion,
    line.quantity,
    line.sales_value,
    line.retail_disc,
    line.coupon_disc,
    line.coupon_match_disc,
    -- What a manufacturer's coupon paid is inside sales_value already.
    cast(line.sales_value + line.retail_disc + line.coupon_match_disc as decimal(18, 2)) as list_value
from line
left join models.products as product on product.product_id = line.product_id
left join promoting
    on promoting.month_start = date_trunc('month', line.business_day)
    and promoting.store_id = line.store_id
-- A week that turns the month stands in both: by the line's month it is found once.
left join models.promotion_weeks as promotion
    on promotion.month_start = date_trunc('month', line.business_day)
    and promotion.product_id = line.product_id
    and promotion.store_id = line.store_id
    and promotion.week = line.week
