-- Orders from the catalog, taken by the call centers. A line whose day was not recorded belongs to no month: it is laid aside.
create table catalog.sales_lines as
select
    sale.cs_order_number as order_number,
    sale.cs_item_sk as item_id,
    day.d_date as sold_on,
    sale.cs_bill_customer_sk as customer_id,
    sale.cs_call_center_sk as call_center_id,
    sale.cs_promo_sk as promotion_id,
    sale.cs_quantity as quantity,
    sale.cs_ext_list_price as list_value,
    sale.cs_coupon_amt as coupon_value,
    sale.cs_net_paid as net_paid,
    sale.cs_ext_wholesale_cost as wholesale_cost
from catalog_sales as sale
join date_dim as day on day.d_date_sk = sale.cs_sold_date_sk
order by sold_on, order_number, item_id;

create table catalog.undated_sales_lines as
select cs_order_number as order_number, cs_item_sk as item_id, cs_net_paid as net_paid
from catalog_sales
where cs_sold_date_sk is null
order by order_number, item_id;

create table catalog.return_lines as
select
    back.cr_order_number as order_number,
    back.cr_item_sk as item_id,
    day.d_date as returned_on,
    back.cr_refunded_customer_sk as customer_id,
    back.cr_reason_sk as reason_id,
    back.cr_return_quantity as quantity,
    back.cr_return_amount as return_value,
    back.cr_net_loss as net_loss
from catalog_returns as back
join date_dim as day on day.d_date_sk = back.cr_returned_date_sk
order by returned_on, order_number, item_id;

create table catalog.undated_return_lines as
select cr_order_number as order_number, cr_item_sk as item_id, cr_return_amount as return_value
from catalog_returns
where cr_returned_date_sk is null
order by order_number, item_id;
