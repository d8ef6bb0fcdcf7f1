"""What is refused in a programme file, how messages say it, and which ladder is in force when."""

import json
from typing import Any

import pytest

from recsys.errors import InputError
from recsys.loyalty.currencies import decimals
from recsys.loyalty.default import default_programme_text
from recsys.loyalty.programme import Programme, load_programme, parse_programme

UNDER = {"rolling_months": 12}


def ladder(start: str, *names: str, **changes: Any) -> dict[str, Any]:
    tiers: list[dict[str, Any]] = [{"name": name, "entry": {"orders": 2 * row}} for row, name in enumerate(names)]
    del tiers[0]["entry"]
    return {"from": start, "window": UNDER, "downgrade": {"review": "continuous"}, "tiers": tiers, **changes}


def text(*ladders: dict[str, Any], **changes: Any) -> str:
    content = {"name": "test", "currency": "EUR", "timezone": "Europe/Madrid", "ladders": list(ladders), **changes}
    return json.dumps(content)  # JSON is YAML


def points(start: str, **tiers: int) -> dict[str, Any]:
    return {"from": start, "earning": {"per_minor": 100, "tiers": tiers}}


FIRST = ladder("2024-01-01", "blue", "red")

REFUSED = {
    "unknown currency": (text(FIRST, currency="EUX"), "currency: 'EUX' is no currency; write its code in ISO 4217"),
    "small letters": (text(FIRST, currency="eur"), "'eur' is no currency"),
    "unknown zone": (text(FIRST, timezone="Mars/Base"), "timezone: 'Mars/Base' is no time zone"),
    "no ladder": (text(), "ladders: "),
    "equal dates": (text(FIRST, ladder("2024-01-01", "blue")), "two ladders start on 2024-01-01; give each a day"),
    "wrong order": (
        text(ladder("2025-01-01", "blue", "red"), FIRST),
        "ladders from 2024-01-01 stand after ladders from 2025-01-01; put the earlier first",
    ),
    "tier that is gone": (
        text(FIRST, ladder("2025-01-01", "blue", "gold")),
        r"the ladder from 2025-01-01 has no tier 'red' any more; say `instead: \{red: TIER\}`",
    ),
    "instead of nothing": (
        text(FIRST, ladder("2025-01-01", "blue", "red", instead={"green": "red"})),
        "'green' under `instead` is no tier that the ladder before had",
    ),
    "instead by nothing": (
        text(FIRST, ladder("2025-01-01", "blue", "gold", instead={"red": "green"})),
        "'green' under `instead` is no tier of it; it has blue, gold",
    ),
    "first with instead": (
        text(ladder("2024-01-01", "blue", instead={"red": "blue"})),
        "the first ladder follows none",
    ),
    "tiers that change order": (
        text(ladder("2024-01-01", "a", "b", "c"), ladder("2025-01-01", "a", "c", "b")),
        "the ladder from 2024-01-01 has the tiers a, b, c, other ladders have them in the order a, c, b",
    ),
    "unknown key": (text(FIRST, colour="red"), "colour: this key is unknown; remove it or correct its name"),
    "place of a tier": (
        text(ladder("2024-01-01", "blue", "red", tiers=[{"name": "blue"}, {"name": "red", "entry": {"orders": -1}}])),
        "ladder no. 1: tiers 'red': entry: orders: -1 is not allowed; input should be greater than or equal to 1",
    ),
    "no YAML": ("name: [", "test.yaml:1:7: error yaml_syntax: this bracket is never closed"),
    "key twice": ("name: a\nname: b\n", "the key 'name' stands twice"),
    "a list": ("- 1\n", "holds a list, not keys and values; start from the default programme"),
    "points for strangers": (
        text(FIRST, points=[points("2024-01-01", green=20_000)]),
        "the points rules from 2024-01-01: the tier 'green' is not on the ladder",
    ),
    "points not as promised": (
        text(FIRST, points=[points("2024-01-01", red=20_000)]),
        "tier 'red' of the ladder from 2024-01-01 promises points_multiplier_bp 10000, the points rules pay 20000",
    ),
    "no day of the calendar": (
        "name: test\nladders:\n  - from: 2025-02-30\n",
        r"test.yaml:3:11: error unclear_value: ladder no. 1: from: '2025-02-30' cannot be read "
        r"\(day is out of range for month\)",
    ),
    "date in another form": (
        text(ladder("31/12/2025", "blue", "red")),
        "ladder no. 1: from: '31/12/2025' is not allowed; write a day of the calendar as 2025-12-31",
    ),
    "date of points in another form": (
        text(FIRST, points=[points("31/12/2025")]),
        "points no. 1: from: '31/12/2025' is not allowed; write a day of the calendar as 2025-12-31",
    ),
    "period that is no word of it": (
        text(ladder("2024-01-01", "blue", "red", window={"calendar": "yearly"})),
        "window: calendar: 'yearly' is not allowed; input should be 'year', 'half_year' or 'quarter'",
    ),
    "a number for keys": (
        text(FIRST, points=[points("2024-01-01") | {"expiry": {"year_end": 0}}]),
        "expiry: year_end: 0 is not allowed; write keys and values; the keys are years, first_month",
    ),
    "a number for free keys": (
        text(FIRST, points=[{"from": "2024-01-01", "earning": {"per_minor": 100, "tiers": 2}}]),
        "earning: tiers: 2 is not allowed; write keys and values, as {KEY: VALUE}",
    ),
    "a tab": (
        "name: test\n\tcurrency: EUR\n",
        "test.yaml:2:1: error yaml_syntax: a tab cannot indent; use spaces, not tabs",
    ),
    "points on one day": (
        text(FIRST, points=[points("2024-01-01"), points("2024-01-01")]),
        "two points rules start on 2024-01-01",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_programme_that_contradicts_itself_is_refused(case: str):
    content, message = REFUSED[case]

    with pytest.raises(InputError, match=message):
        parse_programme(content, source="test.yaml")


def test_currency_of_another_workspace_is_refused():
    with pytest.raises(InputError, match=r"counts in EUR, the workspace in GBP; set `currency` and check every amount"):
        parse_programme(text(FIRST), currency="GBP")


def test_currency_of_the_workspace_is_taken():
    assert parse_programme(text(FIRST), currency="EUR").currency == "EUR"


def test_file_that_is_not_there_is_an_error_with_its_path(tmp_path):
    with pytest.raises(InputError, match=r"the programme .*none.yaml cannot be read"):
        load_programme(tmp_path / "none.yaml")


def test_id_ignores_layout_and_follows_meaning(tmp_path):
    content = text(FIRST)
    (tmp_path / "programme.yaml").write_text(f"# a comment\n{content}\n")

    assert load_programme(tmp_path / "programme.yaml").programme_id == parse_programme(content).programme_id
    assert parse_programme(text(FIRST, name="other")).programme_id != parse_programme(content).programme_id


def test_ladder_in_force_is_the_last_that_began_at_local_midnight():
    programme = parse_programme(text(FIRST, ladder("2024-07-01", "blue", "red")))
    summer = 1_719_784_800  # 2024-07-01 00:00 in Madrid, 30 June 22:00 in Greenwich

    assert programme.span_at(summer - 1) is programme.spans[0]
    assert programme.span_at(summer) is programme.spans[1]
    assert programme.span_at(0) is None


def test_names_of_all_times_stand_in_one_order():
    first, second = ladder("2024-01-01", "a", "b", "d"), ladder("2025-01-01", "a", "c", "d", instead={"b": "a"})
    programme = parse_programme(text(first, second))

    assert programme.tiers == ("a", "b", "c", "d")
    assert programme.spans[1].level_of.tolist() == [0, 0, 1, 2]
    assert programme.spans[1].code_of.tolist() == [0, 2, 3]


def test_default_text_is_the_packaged_file():
    assert parse_programme(default_programme_text()).ladders[0].names == ("ordinary", "silver", "gold", "diamond")
    assert default_programme_text() == default_programme_text(["ordinary", "silver", "gold", "diamond"], "GBP")
    assert "# The ladder in force is the last that began." in default_programme_text()


@pytest.mark.parametrize("n_tiers", [1, 2, 7, 16])
def test_default_text_fits_any_number_of_tiers(n_tiers: int):
    names = [f'層 {row}: "{row}"' for row in range(n_tiers)]
    programme = parse_programme(default_programme_text(names, "HKD", "Asia/Hong_Kong"), currency="HKD")

    assert programme.tiers == tuple(names)
    assert len(programme.points[0].earning.tiers) == n_tiers - 1


@pytest.mark.parametrize(("currency", "spend"), [("JPY", 200), ("EUR", 20_000), ("KWD", 200_000)])
def test_default_thresholds_are_in_minor_units(currency: str, spend: int):
    programme = parse_programme(default_programme_text(["a", "b"], currency))

    assert programme.ladders[0].entry.needed[1, 0] == spend == 200 * 10 ** decimals(currency)


def test_default_text_of_too_many_tiers_is_refused():
    with pytest.raises(InputError, match="there are 17 tiers; a ladder has 1 to 16"):
        default_programme_text([str(row) for row in range(17)])


def test_default_text_in_an_unknown_currency_is_refused():
    with pytest.raises(InputError, match="'XXQ' is no currency"):
        default_programme_text(currency="XXQ")


def test_programme_is_frozen():
    programme: Programme = parse_programme(text(FIRST))

    with pytest.raises(ValueError, match="frozen"):
        programme.name = "other"


def test_a_problem_of_a_programme_has_its_line_and_column():
    content = "name: test\ncurrency: EUR\ntimezone: Europe/Londn\nladders:\n  - from: 2024-01-01\n    wndow: {}\n"

    with pytest.raises(InputError) as caught:
        parse_programme(content, source="test.yaml")

    places = {problem.path: str(problem.place) for problem in caught.value.problems}
    assert places["timezone",] == "test.yaml:3:11"
    assert places["ladders", 0, "wndow"] == "test.yaml:6:5"
    assert places["ladders", 0, "tiers"] == "test.yaml:5:5"
