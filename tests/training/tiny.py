"""Workspaces of a few members and products, every purchase written out, for what happens at the edges."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from features.workspace import Workspace
from tests.training.shop import START, member_row, product_row, write_rows

Row = dict[str, object]


def bought(
    member: int, product: int, day: float, *, order: str | None = None, quantity: int = 1, paid_minor: int = 100
) -> Row:
    """One order line; without a name, all that a member buys at one instant is one order."""
    return {
        "purchase_id": f"b{member}-{product}-{day}", "order_id": order or f"o{member}-{day}",
        "member_id": f"m{member:03}", "product_id": f"p{product:03}", "quantity": quantity, "paid_minor": paid_minor,
        "discount_minor": 0, "purchased_at": START + timedelta(days=day), "channel": None, "store_id": None,
        "offer_id": None,
    }  # fmt: skip


def write_tiny(
    path: Path, purchases: Sequence[Row], *, n_members: int = 8, products: int | Sequence[Row] = 5
) -> Workspace:
    """The canonical tables with these purchases; the facts end 150 days after the start."""
    listed = [product_row(product) for product in range(products)] if isinstance(products, int) else products
    members = [member_row(member) for member in range(n_members)]
    return write_rows(path, {"members": members, "products": list(listed), "purchases": list(purchases)})
