"""What every column of the truth means; written into truth.json beside the truth."""

TRUTH_COLUMNS = {
    "members": {
        "member_id": "As in the facts.",
        "response_type": "sure_thing, persuadable, lost_cause or sleeping_dog.",
        "taste_group": "The group that the member's tastes were drawn around.",
        "orders_per_day_active": "Orders a day in an active spell on a day of mean demand.",
        "left": "The member has left for good before the end of the history.",
        "sensitivity": "The member's factor on the pull of every offer.",
        "p_order_without": "Probability of at least one order in the window without an offer.",
        "orders_without": "Expected orders in the window without an offer.",
        "order_margin_minor": "Expected price minus cost of one order without an offer, in minor units.",
        "order_spend_minor": "Expected price of one order without an offer, in minor units.",
        "taste": "Latent factors; times a product's taste they add to its log weight within its category.",
        "category_share": "Share of each category (in the order of truth.json) among lines that are not favourites.",
    },
    "effects": {
        "member_id": "As in the facts.",
        "offer_id": "As in the facts.",
        "eligible": "Valid through the whole window, open to the member's tier, its limit not used up.",
        "log_rate_ratio": "Log of the order rate in the window with the offer over that without; the causal effect.",
        "p_order_without": "As in members.",
        "p_order_with": "Probability of at least one order in the window with the offer.",
        "orders_without": "As in members.",
        "orders_with": "Expected orders in the window with the offer.",
        "p_redeem": "Probability that the offer is redeemed (qualifying baskets: a mean over drawn baskets).",
        "discount_minor": "Expected cost of the offer, redeemed or not, in minor units (a mean over drawn baskets).",
        "incremental_margin_minor": "Expected gain over no offer in minor units: (orders_with - orders_without) x "
        "order_margin_minor + margin of units added to use the offer - discount_minor - contact cost.",
    },
    "exposures": {
        "exposure_id": "As in the facts.",
        "p_order_without": "Probability of at least one order in that exposure's window, had nothing been shown.",
        "p_order_with": "The same, given the arm that was drawn; equal to p_order_without for no_offer.",
    },
    "products": {
        "product_id": "As in the facts.",
        "log_popularity": "Log weight within the category before taste.",
        "taste": "Latent factors.",
    },
}
"""By table, by column. The window of members and effects is the 14 days from ``now``."""
