-- One row per order, with the city of its customer.
select line.order_id, line.ordered_on, coalesce(customer.city, 'unknown') as city, line.amount
from warehouse.orders as line
left join warehouse.customers as customer on customer.customer = line.customer
