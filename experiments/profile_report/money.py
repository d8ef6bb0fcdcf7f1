"""Amounts as people write them; facts keep whole minor units."""

from dataclasses import dataclass

from recsys.loyalty.currencies import decimals


@dataclass(frozen=True, slots=True)
class Money:
    """
    A currency.

    Attributes:
        currency: ISO 4217 code; empty where it is not known, and then amounts stay in minor units.

    >>> Money("GBP").text(1_234_560), Money("JPY").text(1_200), Money("").text(1_200)
    ('GBP 12,346', 'JPY 1,200', '1,200 minor units')
    """

    currency: str

    @property
    def unit(self) -> str:
        """What amounts on the page count."""
        return self.currency or "minor units"

    def major(self, minor: float) -> float:
        """An amount in what people pay with."""
        return float(minor) / 10 ** decimals(self.currency) if self.currency else float(minor)

    def text(self, minor: float) -> str:
        """An amount in a sentence."""
        amount = self.major(minor)
        written = f"{amount:,.2f}" if abs(amount) < 100 and amount != int(amount) else f"{amount:,.0f}"
        return f"{self.currency} {written}" if self.currency else f"{written} minor units"
