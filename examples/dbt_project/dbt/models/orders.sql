select
    order_id::bigint as order_id,
    customer::varchar as customer,
    ordered_on::date as ordered_on,
    amount::decimal(18, 2) as amount
from {{ ref('raw_orders') }}
