"""What the words of the page mean, for a reader who has met none of them."""

from experiments.profile_report.counting import FEWEST

WORDS = (
    ("as of", "Only what was known before this instant is in the figures."),
    (
        f"<{FEWEST}",
        f"One to {FEWEST - 1} members. Cells with so few are not shown in the tables of scores, of value by tier and "
        "stage, and of tiers against the record; nor are means of so few, or what a tier of so few bought and holds, "
        "because somebody might be recognised. Totals are shown elsewhere, so this hides from a glance, not from who "
        "sets out to compute it. Other tables that only count members show every count.",
    ),
    ("tier", "A level of the programme with conditions to enter and to keep it; the rules are the programme file's."),
    (
        "at risk of downgrade",
        "The tier is lost within the days said if nothing more is bought. Under rules that always look at the last "
        "months this is many members, most of whom will buy again.",
    ),
    (
        "potential, new, active, dormant, churned",
        "Joined and never ordered; ordered first lately; buys in the own rhythm; silent for longer than usual; silent "
        "for so long that almost nobody with that rhythm came back.",
    ),
    ("recency, frequency, monetary value", "Days since the last order; orders, and what was paid, in the window."),
    (
        "lifetime value",
        "The margin of the orders that are expected within the horizon; later ones count less. Not what was earned so "
        "far.",
    ),
    ("interval", "What may come lies in it as often as its percentage says, if the model is right."),
    ("tenth", "Members in the order of their value, cut into ten parts of the same size."),
    ("usable, pending, debt", "Points that can be redeemed; that will become usable; owed after returns."),
    ("liability", "What points that members hold would cost if all of them were redeemed."),
    ("breakage", "Points that ended unused, as a share of all that were earned and not taken back."),
    ("roll-forward", "How the points of the end of a month come from those of its beginning."),
    (
        "early, due, overdue",
        "Where a member stands between the last purchase of a family of products and the next, by the own rhythm.",
    ),
    ("coupon order", "An order on which an offer was redeemed."),
    ("depth", "The discount as a share of what the basket would have cost."),
    ("full price", "Something was paid, without a coupon and without any other discount."),
    ("openness", "First-time products over what is usual after as many orders; 1 is usual."),
)
