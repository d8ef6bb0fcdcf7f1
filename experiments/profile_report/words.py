"""What the words of the page mean, for a reader who has met none of them."""

from experiments.profile_report.counting import FEWEST

WORDS = (
    ("as of", "Only what was known before this instant is in the figures."),
    (
        f"<{FEWEST}",
        f"One to {FEWEST - 1} members. Cells of cross tables with so few are not shown, nor are means of them, because "
        "somebody might be recognised. The totals of rows and columns are shown elsewhere, so this hides the cell from "
        "a glance, not from who sets out to compute it.",
    ),
    ("recency, frequency, monetary value", "Days since the last order; orders, and what was paid, in the window."),
    ("coupon order", "An order on which an offer was redeemed."),
    ("depth", "The discount as a share of what the basket would have cost."),
    ("full price", "Something was paid, without a coupon and without any other discount."),
)
