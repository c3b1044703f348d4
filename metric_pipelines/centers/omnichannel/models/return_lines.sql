with returned as (
    select
        'Store' as channel, ticket_number as order_number, item_id, returned_on,
        reason_id, quantity, return_value, net_loss
    from store.return_lines
    union all
    select 'Web', order_number, item_id, returned_on, reason_id, quantity, return_value, net_loss
    from web.return_lines
    union all
    select 'Catalog', order_number, item_id, returned_on, reason_id, quantity, return_value, net_loss
    from catalog.return_lines
)

select
    returned.channel,
    returned.order_number,
    returned.item_id,
    returned.returned_on,
    coalesce(item.category, 'UNKNOWN') as category,
    coalesce(reason.reason, 'UNKNOWN') as reason,
    returned.quantity,
    returned.return_value,
    returned.net_loss
from returned
left join erp.items as item on item.item_id = returned.item_id
left join erp.return_reasons as reason on reason.reason_id = returned.reason_id
