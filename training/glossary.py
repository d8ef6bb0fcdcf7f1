"""What the words of a report mean, for a reader who has met none of them."""

from training.slices import COLD_BUYERS, HOT_SHARE

GLOSSARY = (
    ("member, product, purchase", "A person in the programme, something sold, and one line of a receipt."),
    ("ranker", "Any way to put products into an order for a member: a floor, a source, or ours."),
    (
        "floor",
        "A simple rule that needs no training: best sellers of 7 or 28 days, or what the member bought most often and "
        "then the best sellers. The best floor is the best of them on the very members judged, which errs against us.",
    ),
    ("source", "One model or rule that proposes products by itself. Our list is made of the lists of all sources."),
    ("ours, blend", "The list that is served: sources joined by weighted ranks, or put into order by a re-ranker."),
    (
        "re-ranker",
        "A second model that orders what the sources propose; served only where it is surely and clearly better.",
    ),
    (
        "rrf, weighted blend, reranked",
        "Sources joined by rank with equal weights, with chosen weights, or by the re-ranker.",
    ),
    ("cut-off, test window", "Models know what was before the cut-off; the window after it says who was right."),
    ("validation window", "The window before the test window; every choice was made there."),
    ("fold", "One of several test windows, one after another, each with models of its own."),
    ("repeats allowed", "The list may hold what the member bought before; all that they bought counts."),
    ("new products only", "What the member bought before is neither shown nor counted."),
    (
        "NDCG@10",
        "How well the first ten places hold what was bought, early places counting more: 0 none of it, 1 as well as "
        "ten places can (Järvelin and Kekäläinen 2002). NDCG (full) divides by the best list of all that was bought.",
    ),
    ("recall@10, recall@20", "The share of what the member bought that is in the first ten or twenty places."),
    ("hit rate@10", "The share of members of whom the first ten places hold at least one product that they bought."),
    ("MRR@10", "One over the place of the first product that was bought, 0 where none is in the first ten; the mean."),
    (
        "MAP@10",
        "Precision at each of the first ten places that holds something bought, summed, over the most it can be.",
    ),
    ("gain", "The figure of a ranker less that of the best floor, on the same members."),
    (
        "interval, beyond luck",
        "Drawn from resampling the members judged: with other members of the same kind the gain would mostly lie in "
        "it. Beyond luck: it does not hold zero. It speaks of these windows and not of later ones.",
    ),
    ("stage", "How a member stands at the cut-off: potential, new, active, dormant, churned."),
    (
        "unsold, cold, warm, hot",
        f"Products by their buyers before the cut-off: none, fewer than {COLD_BUYERS}, the others, and the "
        f"{HOT_SHARE:.0%} with the most.",
    ),
    ("coverage", "The share of the products on sale that are in somebody's first ten places."),
    ("novelty", "Mean of -log2 of the share of buying members who bought a shown product: how little known it is."),
    ("Gini", "How unequally the places are shared among the products on sale: 0 all alike, 1 one product has all."),
    ("minor units", "The smallest unit of the currency, such as pence or cents."),
    ("margin", "Price less the cost of a unit, before any discount of an offer."),
    ("CPU-seconds", "Time that one processor core worked to fit; of ours the sum over the sources."),
    ("reliability, calibration", "Whether of all cases foretold with a chance of 10 in 100, 10 in 100 happen."),
    ("gate", "What a trained bundle must show before it is served; recsys publish checks it."),
)
