-- No basket spans households, stores or moments: were one to, its id would stand here twice, which the
-- contract refuses.
select
    basket_id,
    household_id,
    store_id,
    business_day,
    hour,
    concat(store_id, '/', business_day) as store_day,
    concat(store_id, '/', business_day, 'T', hour) as store_hour,
    count(*) as lines,
    cast(coalesce(sum(quantity) filter (where not is_fuel), 0) as bigint) as units,
    cast(sum(sales_value) as decimal(18, 2)) as net_value,
    cast(sum(list_value) as decimal(18, 2)) as list_value,
    cast(sum(retail_disc + coupon_match_disc) as decimal(18, 2)) as discount_value,
    cast(sum(coupon_disc) as decimal(18, 2)) as coupon_value
from models.basket_lines
group by basket_id, household_id, store_id, business_day, hour
