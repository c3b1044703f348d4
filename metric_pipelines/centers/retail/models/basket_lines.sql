-- Every transaction line stays: a product that the ERP does not know becomes UNKNOWN.
with line as (
    select
        *,
        -- The order system keeps UTC; a business day is the store's own day, an hour its own hour.
        transaction_timestamp at time zone 'UTC' at time zone 'America/New_York' as paid_at
    from oms.transactions
)

select
    line.basket_id,
    line.product_id,
    line.household_id,
    line.store_id,
    cast(line.paid_at as date) as business_day,
    extract(hour from line.paid_at) as hour,
    coalesce(product.department, 'UNKNOWN') as department,
    coalesce(product.category, 'UNKNOWN') as category,
    coalesce(product.brand, 'UNKNOWN') as brand,
    coalesce(product.is_fuel, false) as is_fuel,
    line.quantity,
    line.sales_value,
    line.retail_disc,
    line.coupon_disc,
    line.coupon_match_disc,
    -- What a manufacturer's coupon paid is inside sales_value already.
    cast(line.sales_value + line.retail_disc + line.coupon_match_disc as decimal(18, 2)) as list_value
from line
left join models.products as product on product.product_id = line.product_id
