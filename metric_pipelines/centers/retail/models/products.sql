-- Nothing of a product stays empty, and the double spaces of the ERP become one.
select
    product_id,
    department,
    coalesce(regexp_replace(trim(product_category), ' +', ' ', 'g'), 'UNKNOWN') as category,
    coalesce(regexp_replace(trim(product_type), ' +', ' ', 'g'), 'UNKNOWN') as product_type,
    brand,
    cast(manufacturer_id as varchar) as manufacturer,
    -- Gasoline stands in two departments, and its quantity is never in pieces.
    department = 'FUEL' or coalesce(product_type = 'GASOLINE-REG UNLEADED', false) as is_fuel
from erp.products
