select 1 as order_id, 1 as customer_id, now() as ordered_at, 1 as amount, 1 as tax
