"""The page: it stands alone, names nobody, and every chart has its table."""

import re
from dataclasses import replace

import pytest

from experiments.policy_diff.page import diff_page
from experiments.policy_diff.result import PolicyDiff
from tests.experiments.policy_diff.worlds import NO_EMAIL, NO_OFFERS, NO_PRODUCT, RANDOM, diff_of, policy, world


@pytest.fixture(scope="module")
def found() -> PolicyDiff:
    return diff_of(
        policy(RANDOM), policy(RANDOM, NO_PRODUCT, NO_EMAIL), world(), placements=["email"], drawn=50, n_examples=5
    )


@pytest.fixture(scope="module")
def html(found: PolicyDiff) -> str:
    return diff_page(found)


def test_it_loads_nothing_and_runs_nothing(html):
    assert "<script" not in html
    assert not re.search(r'(src|xlink:href|href)="(?!#)', html)
    assert "@import" not in html
    assert "url(http" not in html


def test_it_names_no_member_even_where_examples_were_asked_for(found, html):
    assert found.placements[0].lost.examples
    assert not re.search(r"\bm0\d\d\b", html)
    assert "stranger" not in html


def test_every_chart_has_its_table(html):
    assert html.count("<figure>") == html.count("<summary>The figures as a table</summary>") > 5


def test_ids_of_elements_are_distinct(html):
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_same_comparison_gives_the_same_text(found, html):
    assert diff_page(found) == html


def test_it_says_that_figures_are_of_a_sample_or_of_all(found, html):
    assert "50 of 61 members, drawn at random" in html
    assert "95 % intervals over the members drawn" in html
    everybody = diff_page(diff_of(policy(), policy(NO_OFFERS), world(), placements=["offers"]))
    assert "all members (61)" in everybody
    assert "All members were read: exact, no interval." in everybody


def test_the_few_show_no_figures(found, html):
    few = [one for place in found.placements for one in place.groups if one.members is None]
    assert few
    assert all(not one.means and not one.totals and one.changed is None for one in few)
    assert "&lt;5" in html


def test_warnings_stand_first_and_text_of_a_policy_is_no_markup(found):
    odd = replace(found, a=replace(found.a, given="<b>a</b>"), warnings=("<i>Beware</i>",))
    html = diff_page(odd)
    assert "<b>a</b>" not in html
    assert '<p class="warning">&lt;i&gt;Beware&lt;/i&gt;</p>' in html
    assert html.index('class="warning"') < html.index('class="answer"')


def test_wide_tables_scroll_in_a_box_of_their_own_and_no_first_column_covers_a_narrow_screen(html):
    assert html.count("<table>") == html.count('<div class="wide"><table>') > 5
    assert ".wide{overflow-x:auto}" in html
    narrow = html[html.index("@media screen and (max-width:48rem)") :]
    assert "position:static" in narrow[: narrow.index("</style>")]


def test_two_policies_that_say_the_same_make_a_page_too():
    html = diff_page(diff_of(policy(), policy(), world(), placements=["offers"]))
    assert "The two policies say the same." in html
    assert "every slate that was compared holds the same products and offers" in html
