"""What a check finds in a policy file alone, each where it stands."""

from recsys.policy.check.run import check_written
from recsys.policy.reading.load import default_policy_text, parse_document

NOW = 1_780_000_000
_BASE = """name: small
currency: GBP
tiers: [low, high]
placements: {home: {channel: web, capacity: 4, types: [product]}}
default_placement: home"""
_LEVER = "{id: push, owner: crm, what: 'product.stock > 1', factor: 1.2, until: UNTIL}"


def found(more: str) -> dict[str, str]:
    document = parse_document(_BASE + "\n" + more, source="p.yaml")
    return {one.code: f"{one.severity} {one.place} {one.message}" for one in check_written(document, now=NOW)}


def test_the_default_policy_has_no_problems() -> None:
    assert check_written(parse_document(default_policy_text()), now=NOW) == []
    assert found("") == {}


def test_every_wrong_expression_is_told_with_its_place() -> None:
    document = parse_document(
        _BASE + "\nsegments:\n  a: 'member.pts > 1'\n  b: 'member.tear == \"x\"'\n", source="p.yaml"
    )
    problems = check_written(document, now=NOW)
    assert [(one.code, one.path) for one in problems] == [
        ("attribute_unknown", ("segments", "a")), ("attribute_unknown", ("segments", "b")),
    ]  # fmt: skip
    assert "did you mean member.points?" in problems[0].hint
    assert str(problems[0].place) == "p.yaml:7:13"


def test_what_nothing_reads_is_told() -> None:
    more = "segments: {rich: 'member.points > 9'}\ncontext_attributes: {sun: bool}\ncampaigns: {spring: {offers: [o1]}}"
    assert set(found(more)) == {"unused_segment", "unused_context_attribute", "unused_campaign"}
    lever = "\nlevers: [{id: l, owner: crm, who: 'segment.rich && context.sun', factor: 1.2, until: 2030-01-01}]"
    caps = "\ncampaigns: {spring: {offers: [o1]}}"
    assert set(found(more.rsplit("\n", 1)[0] + lever + caps)) == {"unused_campaign"}


def test_levers_that_ended_or_end_soon_are_told() -> None:
    assert set(found("levers: [" + _LEVER.replace("UNTIL", "2026-01-01") + "]")) == {"expired"}
    assert set(found("levers: [" + _LEVER.replace("UNTIL", "2026-06-01") + "]")) == {"ends_soon"}
    assert found("levers: [" + _LEVER.replace("UNTIL", "2029-01-01") + "]") == {}


def test_periods_that_overlap_are_an_error() -> None:
    period = "{id: ID, kind: sale, when: {every: month, on: DAY}}"
    first, same, other = (
        period.replace("ID", name).replace("DAY", day) for name, day in (("a", "8"), ("b", "8"), ("c", "9"))
    )
    assert found(f"calendar: [{first}, {same}]")["overlapping_periods"].startswith("error p.yaml:")
    assert found(f"calendar: [{first}, {other}]") == {}


def test_a_lever_outside_the_dates_of_its_period_never_starts() -> None:
    lever = "{id: push, owner: crm, what: 'product.stock > 1', factor: 1.2, FROM until: UNTIL}"
    period = "{id: sale, kind: sale, when: {from: 2028-02-01, until: 2028-03-01}, levers: [LEVER]}"

    def of(start: str, until: str) -> dict[str, str]:
        dated = lever.replace("FROM", f"from: {start}," if start else "").replace("UNTIL", until)
        return found(f"calendar: [{period.replace('LEVER', dated)}]")

    assert "its `from` is outside period 'sale'" in of("2028-03-01", "2028-04-01")["never_starts"]
    assert "its `until` is outside period 'sale'" in of("", "2028-02-01")["never_starts"]
    assert of("2028-02-29", "2028-04-01") == of("", "2028-02-02") == {}


def test_bounds_of_what_recurs_count_too() -> None:
    lever = _LEVER.replace("UNTIL", "2028-01-01")
    period = f"{{id: days, kind: sale, when: {{every: month, on: 8}}, from: START, levers: [{lever}]}}"
    assert set(found(f"calendar: [{period.replace('START', '2028-01-01')}]")) == {"never_starts"}
    assert found(f"calendar: [{period.replace('START', '2027-12-01')}]") == {}


def test_curly_quotes_around_a_plain_value_are_told_where_they_stand() -> None:
    lever = "levers: [{id: push, owner: OWNER, what: 'product.stock > 1', factor: 1.2, until: 2030-01-01}]"
    told = found(lever.replace("OWNER", "\u201cfinance\u201d"))
    assert told["curly_quotes"].startswith("warning p.yaml:6:28 ")
    assert found(lever.replace("OWNER", "'\u201cfinance\u201d'")) == {}
    assert found(lever.replace("OWNER", "the \u201cfinance\u201d")) == {}
