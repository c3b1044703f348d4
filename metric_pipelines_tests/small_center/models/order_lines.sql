-- One row per order, on the shop's own day.
select
    line.order_id,
    line.customer_id,
    cast(line.ordered_at at time zone 'UTC' at time zone 'America/New_York' as date) as order_day,
    coalesce(product.category, 'unknown') as category,
    line.quantity,
    line.amount
from shop.orders as line
left join shop.products as product on product.product_id = line.product_id
