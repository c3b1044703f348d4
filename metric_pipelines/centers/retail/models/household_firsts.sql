-- The first basket of each household; of two baskets of one day the one with the lower number.
select household_id, business_day as first_on, store_id, basket_id
from models.baskets
qualify row_number() over (partition by household_id order by business_day, basket_id) = 1
