"""What one decision on the command line is made from: the bundle, the policy in force, the member and the question."""

from dataclasses import dataclass
from pathlib import Path

from recsys.decision import Context
from recsys.errors import InputError
from recsys.members import NO_FACTS, LiveFacts, Subject
from recsys.types import EpochSeconds, ItemKind, Relation
from serving.clock import clock_of
from serving.live import Served, load_served, read_pointer
from serving.settings import Settings, read_settings
from serving.stated_consents import read_stated_consents
from serving.store.store import Store
from serving.wire_related import PLACEMENTS

_HOME = "home"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is served, who asks with what the store knows of them, and what is asked."""

    served: Served
    subject: Subject
    context: Context


def prepare(
    workspace: Path,
    *,
    member_id: str,
    placement: str | None,
    n: int | None,
    now: int | None,
    explain: bool,
    language: str = "en",
    relation: Relation | None = None,
    products: tuple[str, ...] = (),
) -> Prepared:
    """
    Read all that a decision needs; arguments and errors are those of `serving.commands.decide`.

    Raises:
        InputError: The policy has no such placement.
        BundleError: Nothing was published yet, or the bundle is broken.
        PolicyError: The policy is broken.
        StoreError: There is a store, and it does not answer.
    """
    settings = read_settings(workspace)
    clock, _ = clock_of(settings.clock, workspace)
    instant = clock() if now is None else now
    served = load_served(read_pointer(settings.serving_folder), settings.policy_path, now=instant)
    known = served.engine.policy.source.placements
    chosen = placement or (_HOME if relation is None else PLACEMENTS[relation])
    if chosen not in known:
        raise InputError(f"the policy has no placement {chosen!r}; it has {', '.join(known)}")
    types = frozenset(ItemKind) if relation is None else frozenset({ItemKind.PRODUCT})
    context = Context(
        chosen, instant, settings.seed, n, types=types, explain=explain, language=language, relation=relation
    )
    stated = read_stated_consents(settings.consents_folder)
    (facts,) = stated.complete([member_id], [stored_facts(settings, member_id, since=served.cut_off)])
    of_basket = relation is Relation.COMPLETE
    subject = Subject(member_id, facts, basket=products if of_basket else (), about=() if of_basket else products)
    return Prepared(served, subject, context)


def stored_facts(settings: Settings, member_id: str, *, since: EpochSeconds) -> LiveFacts:
    """
    What the store of a workspace knows of a member since the bundle's cut-off; nothing where there is no store yet.

    Raises:
        StoreError: There is a store, and it does not answer.
    """
    store = Store.at(settings.database_url)
    try:
        if store.database.is_sqlite and not store.database.file.exists():
            return NO_FACTS  # nothing was ever served from here
        store.database.migrate()
        return store.members.fetch([member_id], since=since)[0]
    finally:
        store.close()
