"""The options that several commands share, and how their text becomes a value."""

import getpass
import socket
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from recsys.errors import InputError


class Source(StrEnum):
    """What `ingest` can read."""

    ONLINE_RETAIL = "online_retail"
    COMPLETE_JOURNEY = "complete_journey"
    SIMULATED = "simulated"
    TABLES = "tables"


class ExportFormat(StrEnum):
    """What `export` can write."""

    PARQUET = "parquet"
    CSV = "csv"


class Clock(StrEnum):
    """Which instant `serve` takes for now."""

    AUTO = "auto"
    WALL = "wall"
    WORKSPACE = "workspace"


class Benchmark(StrEnum):
    """What `bench` can measure."""

    ALLOCATION = "allocation"
    BULK = "bulk"
    CLV = "clv"
    COLD_START = "cold_start"
    COLLABORATIVE = "collaborative"
    NEXT_BASKET = "next_basket"
    NEXT_PRODUCT = "next_product"
    OFFER_RESPONSE = "offer_response"
    OFFERS = "offers"
    POLICY = "policy"
    PROFILE = "profile"
    REDEMPTION = "redemption"
    RELATED = "related"
    RETAIL = "retail"
    SCALE = "scale"
    SERVE = "serve"
    UPLIFT = "uplift"


class Objective(StrEnum):
    """What `tune` makes as high as possible: NDCG@10 with repeats, or among products new to the member."""

    ALL = "all"
    EXPLORE = "explore"


class KeyScope(StrEnum):
    """What a key may do."""

    RECOMMEND_READ = "recommend:read"
    OFFERS_READ = "offers:read"
    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ADMIN = "admin"


def read_instant(text: str) -> int:
    """
    An instant as epoch seconds.

    Args:
        text: Epoch seconds, an ISO date or an ISO date and time; UTC where it states no zone.

    Raises:
        typer.BadParameter: If it is none of these.

    >>> read_instant("1700000000"), read_instant("2023-11-14"), read_instant("2023-11-14T22:13:20+00:00")
    (1700000000, 1699920000, 1700000000)
    """
    if text.isdigit():
        return int(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no instant; give epoch seconds, 2026-06-30 or 2026-06-30T12:00:00+00:00"
        ) from None
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())


def now_or_clock(stated: int | None) -> int:
    """The instant that was asked for, or the clock's; the one place in the engine's package that reads it."""
    return int(time.time()) if stated is None else stated


def read_bench_options(texts: list[str] | None, **named: Path | None) -> dict[str, int | str | Path]:
    """
    The options of a benchmark: the named ones that were given, and each NAME=VALUE; whole numbers become numbers.

    Raises:
        InputError: A text is not NAME=VALUE.

    >>> read_bench_options(["members=2000", "kind=web"], data=None)
    {'members': 2000, 'kind': 'web'}
    """
    options: dict[str, int | str | Path] = {name: path for name, path in named.items() if path is not None}
    for text in texts or []:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise InputError(f"--option {text!r} is not NAME=VALUE; write for example --option members=2000")
        options[name] = int(value) if value.isdigit() else value
    return options


def read_products(member: str, **named: str | None) -> tuple[str | None, tuple[str, ...]]:
    """
    Which products are asked about, and how.

    Args:
        member: Who asks; empty for nobody.
        named: By relation: the ids as they were given; several, with commas between, for ``complete``.

    Returns:
        The relation and the ids; nothing and none where the question is about the member.

    Raises:
        InputError: More than one relation is given, an id is empty, or neither a relation nor a member is given.

    >>> read_products("", similar=None, complete="p1, p2")
    ('complete', ('p1', 'p2'))
    """
    given = [(relation, ids) for relation, ids in named.items() if ids is not None]
    if len(given) > 1:
        raise InputError("one question at a time: give one of --similar-to, --together-with and --basket")
    if not given:
        if not member:
            raise InputError("nothing is asked: give --member, or --similar-to, --together-with or --basket")
        return None, ()
    relation, ids = given[0]
    products = tuple(one.strip() for one in ids.split(",")) if relation == "complete" else (ids,)
    if not all(products):
        raise InputError(f"there is an empty product id in {ids!r}; give ids as they are in the catalogue")
    return relation, products


def refuse_several(options: Mapping[str, object]) -> None:
    """
    One question at a time.

    Args:
        options: What was given by option; None where it was not.

    Raises:
        InputError: More than one of them was given.

    >>> refuse_several({"--member": "m1", "--instead": None})
    """
    asked = [name for name, value in options.items() if value is not None]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} are questions of their own; ask one at a time")


def refuse_taken_port(host: str, port: int) -> None:
    """
    Find out before anything starts whether the service could listen there.

    Raises:
        InputError: Something else listens there, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise InputError(
            f"cannot listen on {host}:{port} ({error.strerror}); stop what listens there, or choose another with --port"
        ) from error


def actor_or_login(stated: str | None) -> str:
    """Who acts, for audit rows: as stated, or the login name."""
    return stated or getpass.getuser()


def show_version(asked: bool) -> None:
    """Print the version alone and leave; `recsys version` names the libraries too."""
    if asked:
        typer.echo(f"recsys {metadata.version('recsys-nbo')}")
        raise typer.Exit


Traceback = Annotated[bool, typer.Option("--traceback", help="Show where an unexpected error came from.")]
Version = Annotated[
    bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which version this is, and leave.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object and nothing else.")]
Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="RECSYS_WORKSPACE", help="The workspace folder that `ingest` made.")
]
Actor = Annotated[str | None, typer.Option(help="Who does it, for the audit row.", show_default="the login name")]
Now = Annotated[
    int | None,
    typer.Option(parser=read_instant, metavar="INSTANT", help="As of this instant.", show_default="the clock"),
]
SimulatedEnd = Annotated[
    date | None,
    typer.Option(parser=date.fromisoformat, metavar="DATE", help="The day after the history.", show_default=False),
]
ClockChoice = Annotated[
    Clock | None,
    typer.Option(
        "--clock", help="For historic facts, time can go on from their end.", show_default="RECSYS_CLOCK, or auto"
    ),
]
Scopes = Annotated[
    list[KeyScope] | None, typer.Option("--scope", help="What it may do; repeat it for more.", show_default="admin")
]
Format = Annotated[ExportFormat, typer.Option("--format", help="File format.")]
Audience = Annotated[Path | None, typer.Option(help="File of member ids.", show_default="all members of the bundle")]
BenchOptions = Annotated[
    list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of this benchmark.")
]
Config = Annotated[Path | None, typer.Option(help="Training configuration (YAML).", show_default="the defaults")]
Seed = Annotated[int, typer.Option(min=0, help="The same inputs and seed give the same result.")]
Trials = Annotated[int, typer.Option(min=1, help="Trials in total for every family.")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="CPU-seconds in total for every family.", show_default="without end"),
]
Families = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="Sources to tune.", show_default="those that the configuration wants"),
]
TunedCase = Annotated[Objective, typer.Option("--objective", help="With repeats, or new products only.")]
TunedOut = Annotated[
    Path | None,
    typer.Option("--out", help="Where the best settings go (YAML).", show_default="tuned.yaml in the workspace"),
]
Positions = Annotated[
    int | None, typer.Option("--n", min=1, help="Positions.", show_default="the placement's capacity")
]
DecideAt = Annotated[
    int | None,
    typer.Option(
        "--now",
        parser=read_instant,
        metavar="INSTANT",
        help="Decide as of this instant.",
        show_default="the workspace's clock",
    ),
]
AsOf = Annotated[
    int | None,
    typer.Option(
        parser=read_instant,
        metavar="INSTANT",
        help="What was known before this instant.",
        show_default="all facts of the workspace",
    ),
]
Placement = Annotated[str, typer.Option(help="A placement of the policy.")]
StoreUrl = Annotated[
    str | None, typer.Option(help="URL of the store.", show_default="RECSYS_STORE_URL, else SQLite in the workspace")
]
