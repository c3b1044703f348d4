-- A system may have recorded an order's customer on some of its lines only; it is never two customers.
select
    channel || '/' || cast(order_number as varchar) as order_id,
    channel,
    order_number,
    sold_on,
    max(customer_id) as customer_id,
    cast(count(*) as bigint) as lines,
    cast(coalesce(sum(quantity), 0) as bigint) as units,
    cast(coalesce(sum(net_value), 0) as decimal(18, 2)) as net_value
from models.sales_lines
group by channel, order_number, sold_on
