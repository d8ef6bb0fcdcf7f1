"""An approver reads what a part says, not only that it was added."""

from experiments.policy_diff.part_text import part_text
from experiments.policy_diff.policy_parts import part_changes
from tests.experiments.policy_diff.worlds import policy

GIFTS = (
    'rules: [{id: gifts, owner: crm, applies_to: offer, who: member.tier_rank >= 2, what: offer.kind == "gift", '
    "effect: boost, factor: 1.3, from: 2026-01-01, until: 2027-01-01}]\n"
)


def told(a: str, b: str) -> list[tuple[str, str, str, str]]:
    return [(one.section, one.part_id, one.fate.value, part_text(one)) for one in part_changes(policy(a), policy(b))]


def test_an_added_rule_is_told_whole_in_one_line():
    ((section, rule, fate, text),) = told("", GIFTS)
    assert (section, rule, fate) == ("rules", "gifts", "added")
    assert text.startswith(
        'effect: boost; applies_to: offer; who: member.tier_rank >= 2; what: offer.kind == "gift"; factor: 1.3; '
    )
    assert "from: 2026-01-01" in text
    assert "until: 2027-01-01" in text
    assert text.endswith("owner: crm")
    ((_, _, gone, was),) = told(GIFTS, "")
    assert (gone, was) == ("removed", f"was: {text}")


def test_new_segments_and_campaigns_are_added_with_what_they_say():
    more = "segments: {loyal: member.tier_rank >= 2}\ncampaigns: {spring: {offers: [o001, o002]}}\n"
    added = [
        ("segments.loyal", "", "added", "member.tier_rank >= 2"),
        ("campaigns.spring.offers", "", "added", "o001, o002"),
    ]
    assert sorted(told("", more)) == sorted(added)
    assert {(one[0], one[2]) for one in told(more, "")} == {(one[0], "removed") for one in added}
    second = more.replace(">= 2}", ">= 2, rich: member.tier_rank >= 3}")
    assert told(more, second) == [("segments.rich", "", "added", "member.tier_rank >= 3")]


def test_a_changed_expression_shows_its_end_too():
    long = " || ".join(f'product.id == "p{at:03}"' for at in range(5))
    a, b = (f"rules: [{{id: one, owner: a, what: {long} || {end}, effect: exclude}}]\n" for end in ("true", "false"))
    ((_, _, _, text),) = told(a, b)
    assert text == f"what: {long} || true to {long} || false"
