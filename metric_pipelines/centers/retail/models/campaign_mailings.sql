-- The CRM keeps no date of mailing: the campaign's first day stands for it.
with redeemed as (
    select
        campaign_id,
        household_id,
        min(redemption_date) as first_redeemed_on,
        count(*) as redemptions
    from crm.coupon_redemptions
    group by campaign_id, household_id
)

select
    cast(mailing.campaign_id as varchar) || '/' || cast(mailing.household_id as varchar) as mailing_id,
    mailing.campaign_id,
    mailing.household_id,
    campaign.campaign_type,
    campaign.start_date as mailed_on,
    campaign.end_date as ended_on,
    redeemed.first_redeemed_on,
    coalesce(redeemed.redemptions, 0) as redemptions
from crm.campaign_mailings as mailing
left join crm.campaigns as campaign on campaign.campaign_id = mailing.campaign_id
left join redeemed
    on redeemed.campaign_id = mailing.campaign_id and redeemed.household_id = mailing.household_id
