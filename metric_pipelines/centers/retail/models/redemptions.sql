select
    redemption.redemption_id,
    redemption.household_id,
    redemption.coupon_upc,
    redemption.campaign_id,
    campaign.campaign_type,
    redemption.redemption_date as redeemed_on,
    campaign.start_date as campaign_started_on,
    date_diff('day', campaign.start_date, redemption.redemption_date) as days_since_start
from crm.coupon_redemptions as redemption
left join crm.campaigns as campaign on campaign.campaign_id = redemption.campaign_id
