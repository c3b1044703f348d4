-- Every transaction line stays: a product that the ERP does not know becomes UNKNOWN.
select
    line.basket_id,
    line.product_id,
    line.household_id,
    line.store_id,
    -- The order system keeps UTC; a business day is the store's own day.
    cast(
        line.transaction_timestamp at time zone 'UTC' at time zone 'America/New_York' as date
    ) as business_day,
    coalesce(product.department, 'UNKNOWN') as department,
    coalesce(regexp_replace(trim(product.product_category), ' +', ' ', 'g'), 'UNKNOWN') as category,
    coalesce(product.brand, 'UNKNOWN') as brand,
    -- Gasoline stands in two departments, and its quantity is never in pieces.
    coalesce(product.department = 'FUEL' or product.product_type = 'GASOLINE-REG UNLEADED', false) as is_fuel,
    line.quantity,
    line.sales_value,
    line.retail_disc,
    line.coupon_disc,
    line.coupon_match_disc,
    -- What a manufacturer's coupon paid is inside sales_value already.
    cast(line.sales_value + line.retail_disc + line.coupon_match_disc as decimal(18, 2)) as list_value
from oms.transactions as line
left join erp.products as product on product.product_id = line.product_id
