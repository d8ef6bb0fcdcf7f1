"""The basket whose price is asked: lines in one order, whatever the order they came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from recsys.errors import InputError
from recsys.types import UNKNOWN_ROW, Channel

MOST_LINES = 500
MOST_UNITS = 10_000
"""Of one line."""

MOST_UNIT_MINOR = 10**9
MOST_BASKET_MINOR = 10**12
"""All lines together, and the shipping: times a million it still has 64 bits."""


@dataclass(frozen=True, slots=True, order=True)
class BasketLine:
    """
    Units of one product at one price.

    Attributes:
        product_id: Its id; lines are told apart by this and the price.
        unit_price_minor: The full price of one unit, 0 or more.
        quantity: Whole units, 1 or more.
        row: In the catalogue; UNKNOWN_ROW for a product that no scope can name.
    """

    product_id: str
    unit_price_minor: int
    quantity: int = 1
    row: int = UNKNOWN_ROW

    @property
    def key(self) -> tuple[str, int]:
        """What tells the line apart from the others of its basket."""
        return self.product_id, self.unit_price_minor

    @property
    def gross_minor(self) -> int:
        """Before any discount."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True)
class Basket:
    """
    What is bought together; made by `of`.

    Attributes:
        lines: By product id and price, each pair once.
        shipping_minor: The fee before anything is taken off it.
        channel: Where it is bought, for rules of points; no coupon is refused for it. None where it is not known.

    Example:
        >>> Basket.of([BasketLine("tea", 250, 2), BasketLine("cup", 900), BasketLine("tea", 250)]).gross_minor
        1650
    """

    lines: tuple[BasketLine, ...]
    shipping_minor: int = 0
    channel: Channel | None = None

    @classmethod
    def of(cls, lines: Iterable[BasketLine], *, shipping_minor: int = 0, channel: Channel | None = None) -> "Basket":
        """
        Put lines into the order of their keys, those of one product at one price together.

        Raises:
            InputError: There is no line or there are too many, or an amount is not possible.
        """
        given = list(lines)
        if not 1 <= len(given) <= MOST_LINES:
            raise InputError(f"the basket has {len(given)} lines; it may have 1 to {MOST_LINES}; send what is in it")
        units: dict[tuple[str, int], int] = {}
        rows: dict[tuple[str, int], int] = {}
        for line in given:
            _require_between(line.unit_price_minor, 0, MOST_UNIT_MINOR, f"the unit price of {line.product_id!a}")
            _require_between(line.quantity, 1, MOST_UNITS, f"the quantity of {line.product_id!a}")
            units[line.key] = units.get(line.key, 0) + line.quantity
            rows[line.key] = line.row
        for (product_id, _), quantity in units.items():
            _require_between(quantity, 1, MOST_UNITS, f"the quantity of {product_id!a}, its lines together,")
        _require_between(shipping_minor, 0, MOST_UNIT_MINOR, "the shipping")
        basket = cls(
            tuple(BasketLine(*key, quantity=quantity, row=rows[key]) for key, quantity in sorted(units.items())),
            shipping_minor,
            channel,
        )
        _require_between(basket.gross_minor, 0, MOST_BASKET_MINOR, "the basket")
        return basket

    @cached_property
    def gross_minor(self) -> int:
        """All lines before any discount, without shipping."""
        return sum(line.gross_minor for line in self.lines)


def split(whole: int, weights: list[int]) -> list[int]:
    """
    Part *whole* by weight, exactly: rounded down, and what is left by the largest remainders, the first of equals.

    Largest-remainder method (Hamilton); with lines in the order of their keys the order they came in does not matter.

    Args:
        whole: 0 to the sum of the weights, so that no part is above its weight.
        weights: 0 or more each.

    Example:
        >>> split(100, [333, 333, 334])
        [33, 33, 34]
    """
    total = sum(weights)
    if whole == total:
        return list(weights)
    parts = [whole * weight // total for weight in weights]
    missing = whole - sum(parts)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda at: (-(whole * weights[at] % total), at))
        for at in by_remainder[:missing]:
            parts[at] += 1
    return parts


def price_of_free_units(lines: Iterable[tuple[int, int]], *, buy: int, get: int) -> int:
    """
    What the free units of "buy x, get y" cost, in minor units.

    All units stand in a row from the dearest to the cheapest; of each full x + y in that order the cheapest y are free.
    That is the most that any grouping gives the member.

    Args:
        lines: What a line costs and how many units it has; a line that does not part evenly has units that differ by
            one minor unit.
        buy, get: x and y, at least 1 each.

    Example:
        >>> price_of_free_units([(900, 3), (500, 1), (800, 4)], buy=2, get=1)  # 500 300 300 | 300 200 200 | 200 200
        500
    """
    runs: list[tuple[int, int]] = []
    for amount, quantity in lines:
        price, dearer = divmod(amount, quantity)
        runs += [(price + 1, dearer), (price, quantity - dearer)]
    runs = sorted((run for run in runs if run[1]), reverse=True)
    ends = list(accumulate(quantity for _, quantity in runs))
    size = buy + get
    counted = ends[-1] // size * size if ends else 0

    def free_before(position: int) -> int:
        sets, rest = divmod(min(position, counted), size)
        return sets * get + max(rest - buy, 0)

    return sum(
        price * (free_before(end) - free_before(end - quantity))
        for (price, quantity), end in zip(runs, ends, strict=True)
    )


def _require_between(value: int, least: int, most: int, what: str) -> None:
    if not least <= value <= most:
        raise InputError(f"{what} is {value}; it may be {least} to {most}; correct it")
