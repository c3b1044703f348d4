-- A customer's month, for who ordered in it or in the month before.
with months as (
    select distinct cast(date_trunc('month', order_day) as date) as month_start, customer_id
    from models.order_lines
),

spoken as (
    select month_start, customer_id, true as active, false as active_before from months
    union all
    select cast(month_start + interval 1 month as date), customer_id, false, true from months
)

select month_start, customer_id, bool_or(active) as active, bool_or(active_before) as active_before
from spoken
group by month_start, customer_id
