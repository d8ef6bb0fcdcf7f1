"""The categories of the simulated shop: what they sell, at what price, how often, and in which season."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """
    One category.

    Attributes:
        name: As in the products table.
        nouns: What its products are called.
        demand: Relative share of lines.
        price_minor: Median price; prices are log-normal around it.
        price_spread: Standard deviation of the log price.
        margin: Mean (price - cost) / price.
        interval_days: Mean days between two purchases of a favourite; 0 = bought once, never a favourite.
        more: Probability of each of three further units on a line.
        peak_month: Month of the strongest demand; 0 = no season.
        swing: Demand in the peak month is (1 + swing) times the mean, half a year away (1 - swing), at least 0.05.
    """

    name: str
    nouns: tuple[str, ...]
    demand: float
    price_minor: int
    price_spread: float
    margin: float
    interval_days: float
    more: float
    peak_month: int = 0
    swing: float = 0.0


CATEGORIES = (
    Category("dairy", ("milk", "yogurt", "butter", "cream"), 8.0, 140, 0.35, 0.28, 7, 0.25),
    Category("bakery", ("bread", "rolls", "croissants", "muffins"), 7.0, 160, 0.35, 0.45, 6, 0.12),
    Category("eggs", ("eggs",), 2.5, 220, 0.25, 0.25, 12, 0.05),
    Category("fruit", ("apples", "bananas", "berries", "grapes"), 7.0, 210, 0.40, 0.35, 7, 0.20, 7, 0.25),
    Category("vegetables", ("tomatoes", "carrots", "salad", "potatoes"), 7.0, 150, 0.40, 0.35, 6, 0.25),
    Category("meat", ("chicken", "mince", "steak", "sausages"), 5.0, 480, 0.45, 0.25, 10, 0.12, 12, 0.20),
    Category("fish", ("salmon", "cod", "prawns"), 2.5, 550, 0.40, 0.25, 14, 0.05),
    Category("cheese", ("cheddar", "mozzarella", "brie", "feta"), 4.0, 310, 0.40, 0.30, 12, 0.10, 12, 0.30),
    Category("ready meals", ("lasagne", "curry", "soup", "pie"), 4.0, 380, 0.35, 0.35, 9, 0.20),
    Category("frozen", ("peas", "chips", "pizza", "fish fingers"), 3.5, 320, 0.40, 0.33, 18, 0.15),
    Category("ice cream", ("ice cream", "sorbet", "ice lollies"), 2.0, 350, 0.35, 0.40, 25, 0.10, 7, 0.80),
    Category("pasta and rice", ("spaghetti", "penne", "basmati rice"), 3.0, 160, 0.35, 0.35, 24, 0.25),
    Category("cereals", ("muesli", "corn flakes", "porridge oats"), 3.0, 270, 0.30, 0.35, 21, 0.10),
    Category("coffee", ("ground coffee", "coffee beans", "coffee capsules"), 3.0, 520, 0.40, 0.38, 24, 0.10),
    Category("tea", ("black tea", "green tea", "herbal tea"), 2.0, 290, 0.35, 0.40, 32, 0.08, 1, 0.25),
    Category("soft drinks", ("cola", "lemonade", "orange juice", "water"), 4.0, 190, 0.40, 0.45, 10, 0.40, 7, 0.30),
    Category("wine", ("red wine", "white wine", "sparkling wine"), 2.5, 850, 0.45, 0.28, 20, 0.25, 12, 0.50),
    Category("beer", ("lager", "pale ale", "stout"), 2.5, 620, 0.40, 0.25, 16, 0.20, 7, 0.30),
    Category("confectionery", ("chocolate", "sweets", "biscuits"), 4.0, 180, 0.45, 0.42, 9, 0.35, 12, 0.50),
    Category("snacks", ("crisps", "nuts", "crackers"), 4.0, 190, 0.35, 0.42, 8, 0.30),
    Category("nappies", ("nappies", "wipes"), 1.5, 950, 0.30, 0.20, 14, 0.10),
    Category("baby food", ("baby porridge", "fruit puree", "formula"), 1.2, 170, 0.35, 0.30, 7, 0.40),
    Category("pet food", ("cat food", "dog food", "pet treats"), 2.5, 680, 0.50, 0.30, 15, 0.20),
    Category("laundry", ("detergent", "softener", "stain remover"), 2.0, 780, 0.40, 0.40, 38, 0.05),
    Category("household paper", ("toilet paper", "kitchen towel", "tissues"), 2.2, 540, 0.35, 0.30, 26, 0.05),
    Category("cleaning", ("washing-up liquid", "spray cleaner", "sponges"), 2.0, 260, 0.40, 0.42, 30, 0.12),
    Category("hair care", ("shampoo", "conditioner", "hair gel"), 1.6, 420, 0.50, 0.45, 42, 0.05),
    Category("skin care", ("face cream", "body lotion", "cleanser"), 1.5, 890, 0.60, 0.55, 50, 0.02),
    Category("vitamins", ("vitamin C", "vitamin D", "magnesium"), 1.2, 990, 0.50, 0.55, 33, 0.02, 1, 0.50),
    Category("sun care", ("sun cream", "after-sun lotion"), 0.8, 950, 0.40, 0.50, 0, 0.05, 7, 1.00),
    Category("kitchenware", ("pan", "knife", "mug", "baking tin"), 0.8, 1_600, 0.70, 0.50, 0, 0.03),
    Category("toys", ("puzzle", "building blocks", "soft toy"), 0.9, 1_800, 0.60, 0.50, 0, 0.02, 12, 1.00),
    Category("home textiles", ("towel", "cushion", "bed linen"), 0.6, 2_400, 0.60, 0.55, 0, 0.08),
    Category("garden", ("plant pot", "compost", "seeds"), 0.6, 1_500, 0.60, 0.50, 0, 0.15, 5, 0.95),
)

BRANDS = (
    "Own Label", "Alderbrook", "Bramley & Co", "Cobalt", "Dunmore", "Everfield", "Fennwick", "Goldhill", "Harrow Lane",
    "Ivybridge", "Juniper", "Kestrel", "Larkspur", "Maplewood", "Northmoor", "Orchard Row", "Pemberton", "Quayside",
    "Rosewater", "Silverleaf", "Thistle", "Umberland", "Valemont", "Westerby", "Yarrow", "Zephyr",
)  # fmt: skip
"""Made-up brand names; the first is the retailer's own."""

VARIANTS = (
    "classic", "light", "organic", "value", "finest", "family pack", "mini", "original", "free from", "extra", "large",
    "small", "double", "fresh", "select", "traditional", "country", "simple",
)  # fmt: skip
