select customer::varchar as customer, city::varchar as city
from {{ ref('raw_customers') }}
