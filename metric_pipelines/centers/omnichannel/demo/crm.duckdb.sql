-- Customers of all channels, without names and addresses: nothing here needs them.
create table crm.customers as
select
    person.c_customer_sk as customer_id,
    person.c_preferred_cust_flag = 'Y' as preferred,
    person.c_birth_year as birth_year,
    place.ca_state as state
from customer as person
left join customer_address as place on place.ca_address_sk = person.c_current_addr_sk
order by customer_id;
