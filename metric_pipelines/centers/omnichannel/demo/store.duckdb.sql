-- The tills of the stores. A line whose day was not recorded belongs to no month: it is laid aside.
create table store.sales_lines as
select
    sale.ss_ticket_number as ticket_number,
    sale.ss_item_sk as item_id,
    day.d_date as sold_on,
    sale.ss_customer_sk as customer_id,
    sale.ss_store_sk as store_id,
    sale.ss_promo_sk as promotion_id,
    sale.ss_quantity as quantity,
    sale.ss_ext_list_price as list_value,
    sale.ss_coupon_amt as coupon_value,
    sale.ss_net_paid as net_paid,
    sale.ss_ext_wholesale_cost as wholesale_cost
from store_sales as sale
join date_dim as day on day.d_date_sk = sale.ss_sold_date_sk
order by sold_on, ticket_number, item_id;

create table store.undated_sales_lines as
select ss_ticket_number as ticket_number, ss_item_sk as item_id, ss_net_paid as net_paid
from store_sales
where ss_sold_date_sk is null
order by ticket_number, item_id;

create table store.return_lines as
select
    back.sr_ticket_number as ticket_number,
    back.sr_item_sk as item_id,
    day.d_date as returned_on,
    back.sr_customer_sk as customer_id,
    back.sr_reason_sk as reason_id,
    back.sr_return_quantity as quantity,
    back.sr_return_amt as return_value,
    back.sr_net_loss as net_loss
from store_returns as back
join date_dim as day on day.d_date_sk = back.sr_returned_date_sk
order by returned_on, ticket_number, item_id;

create table store.undated_return_lines as
select sr_ticket_number as ticket_number, sr_item_sk as item_id, sr_return_amt as return_value
from store_returns
where sr_returned_date_sk is null
order by ticket_number, item_id;
