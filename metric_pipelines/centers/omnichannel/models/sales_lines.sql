-- Three channels under one roof. No line is left out: what a system did not record stays empty.
with sold as (
    select
        'Store' as channel, ticket_number as order_number, item_id, sold_on, customer_id,
        store_id as outlet_id, quantity, list_value, coupon_value, net_paid, wholesale_cost
    from store.sales_lines
    union all
    select
        'Web', order_number, item_id, sold_on, customer_id,
        web_site_id, quantity, list_value, coupon_value, net_paid, wholesale_cost
    from web.sales_lines
    union all
    select
        'Catalog', order_number, item_id, sold_on, customer_id,
        call_center_id, quantity, list_value, coupon_value, net_paid, wholesale_cost
    from catalog.sales_lines
)

select
    sold.channel,
    sold.order_number,
    sold.item_id,
    sold.sold_on,
    sold.customer_id,
    sold.outlet_id,
    coalesce(item.category, 'UNKNOWN') as category,
    sold.quantity,
    sold.list_value,
    sold.coupon_value,
    sold.net_paid as net_value,
    sold.wholesale_cost as cost_value,
    -- A margin needs both: a line that lacks one of them would pull it up or down by the other.
    sold.net_paid is not null and sold.wholesale_cost is not null as has_margin,
    sold.net_paid is not null and sold.list_value is not null as has_discount
from sold
left join erp.items as item on item.item_id = sold.item_id
