-- Master data: a revised item keeps its old row, and a sale names the row that was in force.
create table erp.items as
select
    i_item_sk as item_id,
    i_item_id as item_code,
    cast(i_rec_start_date as varchar) as valid_from,
    cast(i_rec_end_date as varchar) as valid_to,
    i_category as category,
    i_class as class,
    i_brand as brand
from item
order by item_id;

create table erp.stores as
select s_store_sk as store_id, s_store_id as store_code, s_store_name as store_name, s_state as state
from store
order by store_id;

create table erp.return_reasons as
select r_reason_sk as reason_id, trim(r_reason_desc) as reason
from reason
order by reason_id;
