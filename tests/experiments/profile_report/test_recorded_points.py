"""Records that stand in place of the rules of points, and redemptions that asked for more than there was."""

from experiments.profile_report.page import report_sections
from experiments.profile_tables import overview_tables
from tests.experiments.profile_report.worlds import programme, report_of, thin
from tests.features.profile.small_facts import Line, small_facts


def test_one_recorded_entry_of_its_kind_is_enough_and_each_kind_is_counted_alone():
    lines, points = [Line(0, 50, 0, 450)], [(1, 40, "earn", 3), (1, 41, "earn", 4), (0, 42, "sign_in", 9)]
    part = report_of(small_facts(lines, n_members=2, points=points), programme()).points
    assert (part.usable, part.recorded.earn, part.recorded.redeem) == (16, 2, 0)
    (said,) = part.recorded.sentences()
    assert said.startswith("Orders earn what points_entries say: 2 entries of kind earn;")


def test_records_before_the_rules_say_why_nothing_is_earned():
    facts = small_facts([Line(0, 50, 0, 450)], n_members=2, points=[(1, -400, "earn", 3)])
    reason = report_of(facts, programme()).points.reason
    assert "1 entry of kind earn; the rules of programme.yaml earn nothing beside them." in reason


def test_redemptions_of_more_than_there_was_are_counted_and_told():
    taken = [(0, 70, "redeem", -46), (1, 41, "redeem", -4), (0, 71, "redeem", -45)]
    report = report_of(small_facts([Line(0, 50, 0, 450)], n_members=2, points=taken), programme())
    assert (report.points.usable, report.points.n_refused) == (0, 2)
    (section,) = (one for one in report_sections(report) if one.name == "points")
    assert section.blocks[-1].startswith("2 redemptions asked for more points than there were by then;")
    (table,) = (one for one in overview_tables(report) if one.title.startswith("Points"))
    assert table.rows[-1] == ("redemptions of more points than there were, not counted", "2")
    (table,) = (one for one in overview_tables(thin("one member")) if one.title.startswith("Points"))
    assert table.rows[-1][0] == "never end"


def test_redemptions_of_nothing_are_told_although_no_point_moved():
    report = report_of(small_facts([], n_members=1, points=[(0, 70, "redeem", -46)]), programme())
    assert "1 redemption asked for more points than there were" in report.points.reason
