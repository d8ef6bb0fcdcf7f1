"""How figures are called where people read them, and what the words mean."""

MEAN_NAMES = {
    "margin_minor": "expected incremental margin",
    "discount_minor": "expected discount",
    "revenue_minor": "expected revenue",
    "orders": "chance of an order",
    "offers": "offers",
    "products": "products",
    "with_offer": "members with an offer",
    "no_offer": "members with no_offer",
    "without_discount": "members without any discount",
    "empty": "members with nothing at all",
}
RATE_NAMES = {"discount_rate": "discount over revenue", "mean_depth": "mean depth of offers"}

WORDS = (
    ("A, B", "The two policies: A as it is, B as it would be. Differences are B less A."),
    (
        "members",
        "Real members of the bundle that is served, with what the store knows of them at this moment, decided for at "
        "one instant with one seed under both policies. What was decided is not logged and reaches nobody.",
    ),
    (
        "all members, interval",
        "Where all members were read, differences are exact and have no interval. Of a sample, intervals hold with "
        "95 %: paired, because the same members stand under both; one figure at a time, so of twenty that did not "
        "change one may look as if it had. There is none where all members drawn differ by the same, as by nothing: a "
        "sample cannot tell then how far others are from it.",
    ),
    (
        "expected",
        "By what training learnt of offers, within the bundle's horizon: money that is forecast, not measured. An "
        "interval of a sample says how far another sample might be, not how far the forecast is from what will come.",
    ),
    (
        "expected incremental margin",
        "Margin that the shown offers add, less their discounts and the cost of contact. Several offers in one slate "
        "count as if each were shown alone.",
    ),
    ("changed", "A slate in which any position holds something else."),
    (
        "not personalised",
        "Members who did not agree to personalisation, were erased, or are unknown to the bundle.",
    ),
    ("no_offer", "Offers could be shown there, and none is."),
    ("without any discount", "Nothing shown is expected to cost a discount."),
    ("depth", "Discount over the smallest basket that qualifies for it."),
    ("discount over revenue", "Sum of expected discounts over the sum of expected revenue of the same members."),
    ("coverage", "Things shown to at least one of the members decided for."),
    (
        "removed",
        "A candidate counts for the first rule that removes it; a rule that comes after another removes fewer than it "
        "names.",
    ),
    (
        "spend of a budget",
        "Expected discounts if every member is decided for once in each placement compared; a member who sees the same "
        "offer in two placements is counted twice.",
    ),
    ("off-policy estimate", "What the logged decisions and what followed say about the same difference."),
)
