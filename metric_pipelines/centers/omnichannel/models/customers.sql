select
    customer_id,
    case preferred when true then 'Preferred' when false then 'Regular' else 'UNKNOWN' end as standing,
    coalesce(state, 'UNKNOWN') as state,
    birth_year
from crm.customers
