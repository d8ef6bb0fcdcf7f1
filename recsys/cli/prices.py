"""What a basket costs: `price`."""

from enum import StrEnum
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.decisions import Language
from recsys.cli.root import DECISIONS, answer_of, app


class Choose(StrEnum):
    """Which of the coupons are used."""

    BEST = "best"
    GIVEN = "given"


class Channel(StrEnum):
    """Where the basket is bought."""

    WEB = "web"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


@app.command(rich_help_panel=DECISIONS)
def price(
    workspace: given.Workspace,
    basket: Annotated[str, typer.Option(help="Products, ID,ID:QUANTITY,ID:QUANTITY@UNIT_PRICE_MINOR,...")],
    coupons: Annotated[
        str | None, typer.Option(help="Offers held, ID,ID,...", show_default="the member's wallet")
    ] = None,
    member: Annotated[
        str | None, typer.Option(help="Whose tier, points, wallet and redemptions count.", show_default="nobody")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="Price it for this tier.", show_default="the member's, or the lowest")
    ] = None,
    choose: Annotated[
        Choose, typer.Option(help="The cheapest combination of coupons, or all that can be used in their order.")
    ] = Choose.BEST,
    shipping: Annotated[int, typer.Option(min=0, help="The shipping fee in minor units.")] = 0,
    channel: Annotated[
        Channel | None, typer.Option(help="Where it is bought, for rules of points.", show_default="anywhere")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the words why a coupon is not used.")] = Language.EN,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Say what a basket costs, with every discount, and why coupons were not used; nothing is redeemed."""
    with answer_of(as_json) as answer:
        from recsys.offers.pricing.priced import Choose as Chosen
        from recsys.types import Channel as Sold
        from serving.price_commands import price as command

        answer.show(command(
            workspace, basket=basket, coupons=coupons, member_id=member, tier=tier, choose=Chosen(choose.value),
            shipping_minor=shipping, channel=Sold(channel.value) if channel else None,
            language=language.value, now=now,
        ))  # fmt: skip
