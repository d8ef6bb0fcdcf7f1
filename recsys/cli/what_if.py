"""The options of `recsys decide` that say what would be different, and how their text becomes a value."""

from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.options import read_instant

if TYPE_CHECKING:
    from recsys.types import Consent

_PANEL = "What if"

WithoutRules = Annotated[
    list[str] | None,
    typer.Option(
        "--without-rule", metavar="ID", help="Without this part of the policy; repeat it.", rich_help_panel=_PANEL
    ),
]
AsTier = Annotated[str | None, typer.Option("--as-tier", help="In this tier.", rich_help_panel=_PANEL)]
AsStage = Annotated[str | None, typer.Option("--as-stage", help="In this stage of life.", rich_help_panel=_PANEL)]
OnBirthday = Annotated[
    bool, typer.Option("--on-birthday", help="At noon of the member's next birthday.", rich_help_panel=_PANEL)
]
AsNow = Annotated[
    int | None,
    typer.Option(
        "--as-now", parser=read_instant, metavar="INSTANT", help="At this instant, beside --now.", show_default=False,
        rich_help_panel=_PANEL,
    ),
]  # fmt: skip
WithConsent = Annotated[
    list[str] | None,
    typer.Option("--with-consent", metavar="CHANNEL", help="To email, push or sms; repeat it.", rich_help_panel=_PANEL),
]
WithoutConsent = Annotated[
    list[str] | None,
    typer.Option(
        "--without-consent", metavar="CONSENT", help="To email, push, sms or personalisation.", rich_help_panel=_PANEL
    ),
]
AsCase = Annotated[
    str | None,
    typer.Option(
        "--as-case", metavar="ID", help="Print it as a golden case of this id instead, with these changes.",
        show_default=False, rich_help_panel=_PANEL,
    ),
]  # fmt: skip


def read_consents(names: list[str] | None) -> "Consent":
    """
    Consents by their names.

    Raises:
        InputError: There is no such consent.
    """
    from recsys.errors import InputError
    from recsys.types import Consent

    consents = Consent.NONE
    for name in names or []:
        if name.upper() not in Consent.__members__ or name.lower() == "none":
            known = ", ".join(str(one.name).lower() for one in Consent)
            raise InputError(f"there is no consent {name!r}; there are {known}")
        consents |= Consent[name.upper()]
    return consents
