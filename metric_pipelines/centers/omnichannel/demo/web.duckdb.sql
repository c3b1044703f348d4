-- The web shop. A line whose day was not recorded belongs to no month: it is laid aside.
create table web.sales_lines as
select
    sale.ws_order_number as order_number,
    sale.ws_item_sk as item_id,
    day.d_date as sold_on,
    sale.ws_bill_customer_sk as customer_id,
    sale.ws_web_site_sk as web_site_id,
    sale.ws_promo_sk as promotion_id,
    sale.ws_quantity as quantity,
    sale.ws_ext_list_price as list_value,
    sale.ws_coupon_amt as coupon_value,
    sale.ws_net_paid as net_paid,
    sale.ws_ext_wholesale_cost as wholesale_cost
from web_sales as sale
join date_dim as day on day.d_date_sk = sale.ws_sold_date_sk
order by sold_on, order_number, item_id;

create table web.undated_sales_lines as
select ws_order_number as order_number, ws_item_sk as item_id, ws_net_paid as net_paid
from web_sales
where ws_sold_date_sk is null
order by order_number, item_id;

create table web.return_lines as
select
    back.wr_order_number as order_number,
    back.wr_item_sk as item_id,
    day.d_date as returned_on,
    back.wr_refunded_customer_sk as customer_id,
    back.wr_reason_sk as reason_id,
    back.wr_return_quantity as quantity,
    back.wr_return_amt as return_value,
    back.wr_net_loss as net_loss
from web_returns as back
join date_dim as day on day.d_date_sk = back.wr_returned_date_sk
order by returned_on, order_number, item_id;

create table web.undated_return_lines as
select wr_order_number as order_number, wr_item_sk as item_id, wr_return_amt as return_value
from web_returns
where wr_returned_date_sk is null
order by order_number, item_id;
