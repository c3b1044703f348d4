with days as (
    select
        customer_id,
        channel,
        sold_on,
        cast(count(*) as bigint) as orders,
        cast(sum(net_value) as decimal(18, 2)) as net_value
    from models.orders
    where customer_id is not null
    group by customer_id, channel, sold_on
)

select
    days.customer_id,
    days.channel,
    days.sold_on,
    days.orders,
    days.net_value,
    coalesce(customer.standing, 'UNKNOWN') as standing
from days
left join models.customers as customer on customer.customer_id = days.customer_id
