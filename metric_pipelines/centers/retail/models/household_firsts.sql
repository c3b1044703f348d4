with numbered as (
    select
        household_id,
        business_day,
        store_id,
        basket_id,
        row_number() over (partition by household_id order by business_day, basket_id) as nth
    from models.baskets
)

select
    numbered.household_id,
    numbered.business_day as first_on,
    numbered.store_id,
    numbered.basket_id,
    coalesce(household.income, 'UNKNOWN') as income,
    coalesce(household.age, 'UNKNOWN') as age
from numbered
left join models.households as household on household.household_id = numbered.household_id
where numbered.nth = 1
