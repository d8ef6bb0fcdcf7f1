"""The command that makes a golden case of what is decided now."""

from dataclasses import replace
from pathlib import Path

from recsys.batch import build_batch
from recsys.birthday_noon import next_birthday_noon
from recsys.errors import InputError
from recsys.policy.cases.write import case_text
from recsys.report import Report
from recsys.types import Consent, Relation
from recsys.what_if import Changes
from serving.one_decision import prepare


def decide_as_case(
    workspace: Path,
    case_id: str,
    changes: Changes,
    *,
    member_id: str,
    placement: str | None,
    n: int | None,
    now: int | None,
    relation: Relation | None = None,
    products: tuple[str, ...] = (),
    language: str = "en",
) -> Report:
    """
    A case that pins one decision, for a file beside the policy; nothing is logged.

    Args:
        workspace: Where the published bundle, the policy and the store are.
        case_id: Of the case.
        changes: What is different about the member or the instant in the case.
        member_id, placement, now: As of `serving.commands.decide`.
        n, relation, products, language: As well; cases have none of them, and ask for a whole slate.

    Raises:
        InputError: The case cannot say what is asked, or a name in it means nothing.
        BundleError, PolicyError, StoreError: As of `serving.commands.decide`.
    """
    if changes.without_rules:
        raise InputError("a case is about the whole policy; leave --without-rule out")
    if n is not None:
        raise InputError("a case asks for a whole slate; leave --n out")
    prepared = prepare(
        workspace, member_id=member_id, placement=placement, n=n, now=now, explain=True, language=language,
        relation=relation, products=products,
    )  # fmt: skip
    engine, context = prepared.served.engine, prepared.context
    batch = build_batch([prepared.subject], engine.knowledge)
    if changes.now is not None:
        context = replace(context, now=changes.now)
    if changes.on_birthday:
        noon = next_birthday_noon(batch, context.now, engine.policy.source.time_zone)
        context = replace(context, now=noon.instant)
    changed = changes.with_consent | changes.without_consent
    agreed = (Consent(int(batch.consent[0])) | changes.with_consent) & ~changes.without_consent
    text = case_text(
        case_id, engine, prepared.subject, context, tier=changes.tier, stage=changes.stage,
        consent=agreed if changed else None,
    )  # fmt: skip
    return Report({"id": case_id, "yaml": text}, notes=(text.rstrip("\n"),))
