-- Two households in three told nothing about themselves; they are UNKNOWN, not missing.
select
    household.household_id,
    coalesce(answer.age, 'UNKNOWN') as age,
    coalesce(answer.income, 'UNKNOWN') as income,
    coalesce(answer.home_ownership, 'UNKNOWN') as home_ownership,
    coalesce(answer.marital_status, 'UNKNOWN') as marital_status,
    coalesce(answer.household_size, 'UNKNOWN') as household_size,
    coalesce(answer.household_comp, 'UNKNOWN') as household_comp,
    coalesce(answer.kids_count, 'UNKNOWN') as kids_count
from crm.households as household
left join crm.demographics as answer on answer.household_id = household.household_id
