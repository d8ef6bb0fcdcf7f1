"""An exported offer tells its member in words what the record of the same decision tells, in the language asked for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.decision import Context
from recsys.decisions import Decisions
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.nudge_reasons import CODES
from recsys.offers.definitions import Trigger
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import ItemKind
from serving.export import run
from serving.export.columns import export_columns
from serving.export.files import partial_folder
from tests.recsys.offers.waiting_world import N_MEMBERS, world
from tests.serving.export_world import N_MEMBERS as N_MAILED
from tests.serving.export_world import contents, exported, rows, small_workspace
from tests.worlds import DAY, NOW, small_knowledge

TOLD = {
    "next_expiry_at": [NOW + 9 * DAY + 1] * 4, "next_expiry_points": [1_200, 350, 80, 7], "points": [5_000] * 4,
    "points_ever_expired": [0] * 4, "tier": [2, 1, 3], "tier_by_rules": [2, 1, 3], "tier_falls_to": [1, 0, 2],
    "tier_falls_at": [NOW + DAY, NOW + 3 * DAY, NOW + 2 * DAY], "to_keep_minor": [100, 200, 300],
}  # fmt: skip


def talkative() -> Knowledge:
    """Two offers wait (o003, o005), two have a threshold (o000, o004), one a scope (o002)."""
    return wanted(world({"o003": (Trigger.POINTS_EXPIRING, 0), "o005": (Trigger.TIER_AT_RISK, 0)}, **TOLD))


def wanted(knowledge: Knowledge) -> Knowledge:
    """The same with offers that all bring much, of which o004 has a threshold that many are below."""
    added = np.full_like(knowledge.response.uplift, 0.3)
    least = knowledge.offers.min_spend_minor.copy()
    least[4] = 6_000
    return replace(
        knowledge,
        response=replace(knowledge.response, uplift=added, uplift_sd=np.full_like(added, 1e-4)),
        offers=replace(knowledge.offers, min_spend_minor=least),
    )


def decided(placement: str, language: str = "en", knowledge: Knowledge | None = None) -> Decisions:
    knowledge = talkative() if knowledge is None else knowledge
    policy = parse_policy(default_policy_text())
    policy = policy.model_copy(update={"exploration": policy.exploration.model_copy(update={"epsilon": 0.5})})
    members = [*(Subject(f"m{row:03}") for row in range(N_MEMBERS)), Subject("stranger")]
    context = Context(placement=placement, now=NOW, seed=1, language=language)
    return Engine(knowledge, compile_policy(policy, knowledge)).decide_many(members, context)


def table_of(decisions: Decisions) -> dict[str, Any]:
    return dict(export_columns(decisions, np.ones(len(decisions), dtype=np.bool_)).table)


@pytest.mark.parametrize("placement", ["home", "email", "offers"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_columns_are_the_texts_of_the_records(placement: str, language: str) -> None:
    decisions = decided(placement, language)
    table = table_of(decisions)
    expected: list[tuple[str, str | None, str | None, str | None, str | None]] = []
    for record in decisions.records():
        if not record.items:
            expected.append((record.member_id, None, None, None, None))
        for item in record.items:
            texts = "|".join(reason.text for reason in item.reasons if reason.code in CODES)
            gap = (item.gap.text, "|".join(item.gap.product_ids) or None) if item.gap else (None, None)
            expected.append((record.member_id, item.id, texts or None, *gap))
    names = ("member_id", "id", "texts", "gap_text", "gap_product_ids")
    assert list(zip(*(table[name] for name in names), strict=True)) == expected


def test_a_member_reads_the_own_numbers() -> None:
    table = table_of(decided("offers"))
    told = {(table["member_id"][at], text) for at, text in enumerate(table["texts"]) if text is not None}
    assert ("m001", "Your 350 points expire in 9 days") in told
    assert ("m002", "Your 80 points expire in 9 days") in told
    assert any("would fall to" in text for _, text in told)


def test_what_is_missing_is_said_with_what_closes_it_and_without() -> None:
    table = table_of(decided("offers"))
    closed = {bool(ids) for text, ids in zip(table["gap_text"], table["gap_product_ids"], strict=True) if text}
    unpriced = replace(talkative().catalogue, price_minor=np.full_like(talkative().catalogue.price_minor, -1))
    bare = table_of(decided("offers", knowledge=replace(talkative(), catalogue=unpriced)))
    assert True in closed
    assert any(bare["gap_text"])
    assert set(bare["gap_product_ids"]) == {None}


def test_products_have_no_texts() -> None:
    table = table_of(decided("email"))
    products = [at for at, kind in enumerate(table["kind"]) if kind == ItemKind.PRODUCT.value]
    assert products
    assert {table[name][at] for name in ("texts", "gap_text", "gap_product_ids") for at in products} == {None}


def test_only_offers_that_wait_or_have_a_threshold_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = decided("offers")
    offers = decisions.knowledge.offers
    asked: dict[str, set[str]] = {"waited_for": set(), "gap": set()}

    def noted(name: str, method: Any) -> Any:
        def call(self: Decisions, member: int, row: int) -> Any:
            asked[name].add(offers.offers.id(row))
            return method(self, member, row)

        return call

    for name in asked:
        monkeypatch.setattr(Decisions, name, noted(name, getattr(Decisions, name)))
    shown = set(table_of(decisions)["id"]) - {None}
    assert asked == {"waited_for": shown & {"o003", "o005"}, "gap": shown & {"o000", "o002", "o004"}}
    assert asked["waited_for"]
    assert asked["gap"]


def _here(opener: Any, settings: Any, tasks: Any, *, workers: int) -> Iterator[object]:
    worker = opener(settings)
    for task in tasks:
        yield worker(task)


def _stopped_after_two(opener: Any, settings: Any, tasks: Any, *, workers: int) -> Iterator[object]:
    yield from _here(opener, settings, tasks[:2], workers=workers)
    raise KeyboardInterrupt


def test_the_language_is_an_input_of_the_export_which_a_continued_one_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = wanted(small_knowledge(n_members=N_MAILED))
    knowledge.response.uplift[..., :4] = knowledge.response.uplift[..., 5] = 0
    workspace, out = small_workspace(tmp_path / "w", knowledge), tmp_path / "mail"
    monkeypatch.setattr(run, "map_spawned", _stopped_after_two)
    with pytest.raises(KeyboardInterrupt):
        exported(workspace, out, language="zh")
    assert len(list((partial_folder(out) / "marks").iterdir())) == 2
    monkeypatch.setattr(run, "map_spawned", _here)
    with pytest.raises(InputError, match="language was 'zh' and is now 'en'"):
        exported(workspace, out)
    assert exported(workspace, out, language="zh").facts["continued"]
    exported(workspace, tmp_path / "whole", language="zh")
    assert contents(out) == contents(tmp_path / "whole")
    exported(workspace, tmp_path / "english")
    chinese, english = rows(out), rows(tmp_path / "english")
    assert [row["decision_id"] for row in chinese] == [row["decision_id"] for row in english]
    differs = {name for a, b in zip(chinese, english, strict=True) for name in a if a[name] != b[name]}
    assert differs == {"gap_text"}
