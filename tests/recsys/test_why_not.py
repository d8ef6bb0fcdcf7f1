"""Every reason why something is not shown has a text in both languages, and no two have the same."""

import re
from pathlib import Path
from string import Formatter

import pytest
import yaml

from recsys import why_not
from recsys.policy.compile import compile_policy
from recsys.policy.file.schema import Policy
from recsys.policy.native import NativeRule
from recsys.policy.reading.load import parse_policy
from recsys.reasons import LANGUAGES
from recsys.why_not import (
    REASON_CODES,
    UNTOLD,
    FileReason,
    NotShown,
    Remover,
    WhySection,
    native_removers,
    removers,
    section_name,
)
from recsys.why_not_texts import CHANNELS, GROUPS, RESTING, SECTIONS, TEXTS
from tests.worlds import TIERS, small_knowledge

EVERYTHING = {
    "name": "everything",
    "currency": "GBP",
    "tiers": list(TIERS),
    "placements": {"home": {"channel": "web", "capacity": 4, "types": ["product", "offer"]}},
    "default_placement": "home",
    "campaigns": {"spring": {"offers": ["o003"]}},
    "contact": {
        "caps": [
            {"id": "weekly", "channel": "email", "max_messages": 2, "period_days": 7},
            {"id": "all_weekly", "max_messages": 4, "period_days": 9},
            {"id": "spring_cap", "campaign": "spring", "max_messages": 1, "period_days": 30},
        ],
        "cooldowns": [
            {"id": "rest", "after": "contacted", "days": 3},
            {"id": "after_use", "after": "redeemed", "of": "kind", "days": 30},
            {"id": "give_up", "after": "ignored", "times": 3, "of": "campaign", "days": 60},
        ],
        "quiet_hours": [{"id": "nights", "channels": ["push"], "from": "21:00", "until": "08:00"}],
    },
    "guardrails": {
        "depth_bands": [{"id": "small_for_silver", "tier": "silver", "min_depth": 0.05, "max_depth": 0.2}],
        "budgets": [{"id": "june", "amount_minor": 100}],
    },
    "reach": [{"id": "gold_gifts", "owner": "loyalty", "what": 'offer.kind == "gift"', "from_tier": "gold"}],
    "eligibility": [{"id": "no_wine", "owner": "legal", "what": 'product.category == "wine"', "effect": "exclude"}],
    "applicability": [
        {
            "id": "not_now", "owner": "shops", "what": "product.stock == 0", "effect": "exclude",
            "reason": {"en": "Nobody can buy it now", "zh": "现在无法购买"},
        }
    ],
    "suitability": [
        {
            "id": "unfit", "owner": "care", "what": "product.stock == 1", "effect": "exclude",
            "reason": "Ask care first",
        }
    ],
    "calendar": [
        {
            "id": "member_day", "name": "Member day", "kind": "member_day", "when": {"every": "month", "on": 8},
            "offers": ["o003"],
            "rules": [{"id": "no_bread", "owner": "shops", "what": "product.stock == 3", "effect": "exclude"}],
        }
    ],
    "diversity": [{"id": "brands", "owner": "merchandising", "per": "brand", "limit": 2}],
    "rules": [
        {"id": "plain", "owner": "shops", "what": "product.stock == 2", "effect": "exclude"},
        {"id": "three", "owner": "shops", "effect": "cap", "cap": {"limit": 3, "per": "category"}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(yaml.safe_dump(EVERYTHING))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text_and_no_two_the_same(language: str) -> None:
    texts = [TEXTS[code][language] for code in REASON_CODES]
    assert all(texts)
    assert len(set(texts)) == len(texts)
    assert len(set(REASON_CODES)) == len(REASON_CODES)


def test_the_readme_has_every_code_and_section() -> None:
    readme = (Path(why_not.__file__).parent / "README.md").read_text()
    table = readme.partition("| section | codes of the reasons |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`([a-z_]+)`", table)) == sorted(REASON_CODES)
    assert all(section in table for section in WhySection)


def test_both_languages_of_a_text_name_the_same() -> None:
    def named(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for code, texts in TEXTS.items():
        assert set(texts) == set(LANGUAGES), code
        assert named(texts["en"]) == named(texts["zh"]), code
        assert not texts["en"].isspace()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in texts["zh"]), code


@pytest.mark.parametrize("words", [SECTIONS, CHANNELS, RESTING, GROUPS])
def test_sections_channels_and_groups_have_words_of_their_own_in_both_languages(
    words: dict[str, dict[str, str]],
) -> None:
    for language in LANGUAGES:
        told = [texts[language] for texts in words.values()]
        assert all(told)
        assert len(set(told)) == len(told)


def test_every_section_has_words() -> None:
    assert set(SECTIONS) == set(WhySection)
    assert section_name(WhySection.CONTACT, "zh") == "触达"


def test_built_in_rules_and_choices_stand_for_themselves() -> None:
    found = native_removers()
    assert set(found) == {*map(str, NativeRule), *map(str, NotShown)}
    assert all(remover.code == name for name, remover in found.items())
    assert found["channel_consent_missing"].section is WhySection.CONTACT
    assert found["outranked"].section is WhySection.RANKING


def test_every_part_of_a_file_that_removes_is_told_by_its_section_and_kind(policy: Policy) -> None:
    found = {name: (one.section.value, one.code) for name, one in removers(policy).items() if name != one.code}
    assert found == {
        "weekly": ("contact", "contact_cap"),
        "all_weekly": ("contact", "contact_cap"),
        "spring_cap": ("contact", "campaign_cap"),
        "rest": ("contact", "cooldown_contacted"),
        "after_use": ("contact", "cooldown_redeemed"),
        "give_up": ("contact", "cooldown_ignored"),
        "nights": ("contact", "quiet_hours"),
        "small_for_silver": ("guardrails", "depth_band"),
        "june": ("guardrails", "budget"),
        "gold_gifts": ("reach", "reach"),
        "no_wine": ("eligibility", "eligibility_rule"),
        "not_now": ("applicability", "applicability_rule"),
        "unfit": ("suitability", "suitability_rule"),
        "member_day": ("calendar", "period_offer"),
        "no_bread": ("calendar", "calendar_rule"),
        "brands": ("diversity", "slate_cap"),
        "plain": ("rules", "file_rule"),
        "three": ("rules", "slate_cap"),
    }
    assert {code for _, code in found.values()} == set(FileReason)


def test_every_rule_of_a_compiled_policy_is_told_and_stands_where_the_policy_has_it(policy: Policy) -> None:
    compiled, told = compile_policy(policy, small_knowledge()), removers(policy)
    for rule_id in compiled.rule_ids:
        assert rule_id in told
        if rule_id not in set(NativeRule):
            assert told[rule_id].section == compiled.section_of(rule_id)


def test_a_rule_of_which_nothing_is_known_has_a_text_too() -> None:
    assert [UNTOLD.text(language) for language in LANGUAGES] == [
        "A rule of the policy leaves it out (owner: not named)", "策略规则将其排除（负责人：未注明）",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_file_has_a_text(policy: Policy, language: str) -> None:
    texts = {name: one.text(language) for name, one in removers(policy).items()}
    assert all(texts.values())
    assert not [text for text in texts.values() if "{" in text or "}" in text]


def test_texts_name_what_the_file_says(policy: Policy) -> None:
    found = removers(policy)
    assert found["weekly"].text("en") == "The limit of 2 messages in 7 days (email) is reached"
    assert found["all_weekly"].text("zh") == "9天内最多4条消息（除网页外的全部渠道），已达上限"
    assert "spring" in found["spring_cap"].text("en")
    assert found["give_up"].text("en").startswith("An offer of the same campaign got no answer (times: 3)")
    assert "21:00" in found["nights"].text("zh")
    assert "5% to 20%" in found["small_for_silver"].text("en")
    assert "gold" in found["gold_gifts"].text("zh")
    assert "legal" in found["no_wine"].text("en")
    assert "Member day" in found["member_day"].text("zh")
    assert found["brands"].text("en") == "At most 2 of a brand stand in one slate (owner: merchandising)"


def test_the_words_of_a_rule_stand_before_the_text_of_its_section(policy: Policy) -> None:
    found = removers(policy)
    assert [found["not_now"].text(language) for language in LANGUAGES] == ["Nobody can buy it now", "现在无法购买"]
    assert found["unfit"].text("zh") == "Ask care first"
    assert found["plain"].text("fr") == found["plain"].text("en")


def test_what_a_file_says_may_hold_braces() -> None:
    assert "{owner}" in Remover("file_rule", WhySection.RULES, owner="{owner}").text("en")
