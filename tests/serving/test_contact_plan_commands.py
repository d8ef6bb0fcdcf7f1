"""The plan of a period, from a workspace to files that an export takes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from recsys.errors import InputError
from recsys.report import Report
from recsys.types import Channel
from serving.contact_plan_commands import plan
from serving.export.audience import read_audience
from serving.store.store import Store
from tests.serving.export_world import exported, rows, small_workspace
from tests.worlds import DAY, NOW

CONTACT = {
    "caps": [
        {"id": "weekly", "channel": "email", "max_messages": 1, "period_days": 7},
        {"id": "once", "campaign": "spring", "max_messages": 1, "period_days": 30},
    ],
}
CAMPAIGNS = {"spring": {"offers": ["o003", "o004"]}, "autumn": {"offers": ["o002", "gone"]}}
"""Of the first, thirteen members are worth an offer by email; of the second, nobody is."""

MONDAY, THURSDAY = NOW + DAY, NOW + 4 * DAY


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return small_workspace(tmp_path / "shop")


def planned(shop: Path, *sends: dict[str, Any], contact: Any = CONTACT, **options: Any) -> tuple[dict[str, Any], Path]:
    report, out = reported(shop, *sends, contact=contact, **options)
    return dict(report.facts), out


def noted(shop: Path, *sends: dict[str, Any], contact: Any) -> tuple[str, ...]:
    return reported(shop, *sends, contact=contact)[0].notes


def reported(shop: Path, *sends: dict[str, Any], contact: Any, **options: Any) -> tuple[Report, Path]:
    policy = shop / "policy.yaml"
    content = yaml.safe_load(policy.read_text(encoding="utf-8"))
    content |= {"contact": contact, "campaigns": CAMPAIGNS}
    policy.write_text(yaml.safe_dump(content), encoding="utf-8")
    file = shop / "sends.yaml"
    file.write_text(yaml.safe_dump({"sends": list(sends)}), encoding="utf-8")
    out = shop / "plans" / str(len(list((shop / "plans").glob("*")) if (shop / "plans").exists() else []))
    return plan(shop, sends=file, out=out, now=NOW, **options), out


def many_offers(shop: Path) -> None:
    """Three offers fit into a mail, and doubt about what they bring costs nothing."""
    policy = shop / "policy.yaml"
    content = yaml.safe_load(policy.read_text(encoding="utf-8"))
    content["placements"]["email"] |= {"max_offers": 3}
    content["economics"] = {"risk_aversion": 0.0, "contact_cost_minor": {"email": 0}}
    policy.write_text(yaml.safe_dump(content), encoding="utf-8")


def send(name: str, at: int, placement: str = "email", **more: Any) -> dict[str, Any]:
    return {"id": name, "at": _instant(at), "placement": placement, **more}


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def members(out: Path, name: str) -> set[str]:
    return set((out / f"{name}.txt").read_text(encoding="utf-8").split())


WEEK = (
    send("monday", MONDAY, campaign="autumn", products=True),
    send("thursday", THURSDAY, campaign="spring", products=True),
)


def test_under_a_weekly_cap_everybody_gets_one_of_two_messages_and_the_better_one(shop: Path) -> None:
    facts, out = planned(shop, *WEEK)
    monday, thursday = members(out, "monday"), members(out, "thursday")
    assert not monday & thursday
    assert len(monday | thursday) == facts["sends"][0]["possible"] == facts["messages"] == 39
    assert len(thursday) == 13
    assert facts["value_minor"] == facts["sends"][1]["value_minor"] > 0
    assert facts["first_come"] == {"messages": 39, "value_minor": 0}
    assert [one["dropped_by_cap"] for one in facts["sends"]] == [{"weekly": 13}, {"weekly": 26}]


def test_a_send_limited_to_a_campaign_holds_no_other_offers(shop: Path) -> None:
    values = [
        planned(shop, send("mail", MONDAY, **limit), contact={})[0]["value_minor"]
        for limit in ({}, {"campaign": "spring"}, {"campaign": "autumn", "products": True})
    ]
    assert min(values[:2]) > values[2] == 0


def test_a_send_limited_to_a_campaign_reaches_only_members_with_one_of_its_offers(shop: Path) -> None:
    facts, out = planned(shop, send("spring", MONDAY, campaign="spring"), send("autumn", THURSDAY, campaign="autumn"))
    spring, autumn = facts["sends"]
    assert (spring["possible"], spring["nothing_by_reason"]["no_offer_of_campaign"]) == (14, 25)
    assert (autumn["planned"], autumn["nothing_by_reason"]["no_offer_of_campaign"]) == (0, 39)
    assert spring["messages"] == {"as_decided": 14}
    assert len(members(out, "spring")) == 14


def test_the_notes_say_how_many_a_campaign_leaves_out_and_why_nobody_gets_a_send(shop: Path) -> None:
    nights = {"quiet_hours": [{"id": "nights", "channels": ["email"], "from": "21:00", "until": "08:00"}]}
    late = (MONDAY // DAY) * DAY + 22 * 3600
    sends = (send("spring", late - 36_000, campaign="spring"), send("late", late))
    notes = noted(shop, *sends, contact=nights)
    assert any(
        "members left out, whose message would hold no offer of spring; `products: true`" in one for one in notes
    )
    assert any("chooses among all offers" in one for one in notes)
    (told,) = [note for note in notes if note.startswith("late: Nobody is sent anything.")]
    assert "nights: Quiet hours: nothing is sent from 21:00 to 08:00" in told
    assert f"the next outside quiet hours is {_instant(late + 36_000)}" in told


def test_where_a_campaign_is_capped_the_send_goes_out_with_other_offers(shop: Path) -> None:
    facts, out = planned(
        shop, send("monday", MONDAY), send("thursday", THURSDAY), contact={"caps": CONTACT["caps"][1:]}
    )
    both = members(out, "monday") & members(out, "thursday")
    assert len(both) == 39
    replaced = [one["replaced_by_cap"].get("once", 0) for one in facts["sends"]]
    others = [sum(one["messages"].values()) - one["messages"].get("as_decided", 0) for one in facts["sends"]]
    assert replaced == others
    assert sum(replaced) > 0
    assert facts["value_minor"] >= facts["first_come"]["value_minor"]


def test_where_a_campaign_is_capped_the_next_best_offer_of_all_others_is_planned(shop: Path) -> None:
    many_offers(shop)
    facts, out = planned(
        shop, send("monday", MONDAY), send("thursday", THURSDAY), contact={"caps": CONTACT["caps"][1:]}
    )
    assert sum(one["messages"].get("next_best_offer", 0) for one in facts["sends"]) > 0
    spring, other = [], set()
    for name, at in (("monday", MONDAY), ("thursday", THURSDAY)):
        exported(shop, shop / name, audience=out / f"{name}.txt", now=at, record_contacts=True)
        its = [row for row in rows(shop / name) if row["kind"] == "offer"]
        spring.append({row["member_id"] for row in its if row["id"] in CAMPAIGNS["spring"]["offers"]})
        other |= {row["member_id"] for row in its} - spring[-1]
    assert not spring[0] & spring[1]
    assert other & (spring[0] | spring[1])


def test_every_offer_of_a_message_is_on_record(shop: Path) -> None:
    many_offers(shop)
    exported(shop, shop / "mail", now=NOW, record_contacts=True)
    sent: dict[str, list[str]] = {}
    for row in rows(shop / "mail"):
        if row["kind"] == "offer":
            sent.setdefault(row["member_id"], []).append(row["id"])
    assert max(map(len, sent.values())) > 1
    store = Store.at(f"sqlite:///{shop / 'store.db'}")
    kept = store.members.fetch(list(sent), since=0)
    store.close()
    for facts, offers in zip(kept, sent.values(), strict=True):
        (contact,) = facts.contacts
        assert sorted((contact.offer_id or "", *contact.more_offers)) == sorted(offers)


def test_what_members_got_already_counts(shop: Path) -> None:
    store = Store.at(f"sqlite:///{shop / 'store.db'}")
    store.database.migrate()
    store.members.record_contacts([("m000", "d1", None)], channel=Channel.EMAIL, now=MONDAY - 6 * DAY)
    store.members.record_contacts([("m001", "d2", None)], channel=Channel.EMAIL, now=MONDAY - 8 * DAY)
    store.close()
    facts, out = planned(shop, send("monday", MONDAY))
    assert members(out, "monday") == {f"m{row:03}" for row in range(1, 39)}
    assert facts["sends"][0]["nothing_by_reason"] == {"channel_consent_missing": 1, "weekly": 1}


def test_in_quiet_hours_nobody_gets_a_send(shop: Path) -> None:
    nights = {"quiet_hours": [{"id": "nights", "channels": ["email"], "from": "00:00", "until": "23:59"}]}
    facts, out = planned(shop, send("monday", MONDAY), contact=nights)
    assert facts["sends"][0]["possible"] == 0
    assert members(out, "monday") == set()


def test_an_export_takes_the_files_and_sends_what_was_planned(shop: Path, tmp_path: Path) -> None:
    facts, out = planned(shop, *WEEK)
    sent = []
    for name, at in (("monday", MONDAY), ("thursday", THURSDAY)):
        exported(shop, tmp_path / name, audience=out / f"{name}.txt", now=at, record_contacts=True)
        sent.append({row["member_id"] for row in rows(tmp_path / name) if row["status"] == "sent"})
        assert sent[-1] == members(out, name)
        assert {one.decode() for one in read_audience(out / f"{name}.csv").encoded.tolist()} == sent[-1]
    assert sum(map(len, sent)) == facts["messages"]


def test_the_same_plan_has_the_same_bytes_and_says_what_it_holds(shop: Path) -> None:
    (facts, first), (_, second) = planned(shop, *WEEK), planned(shop, *WEEK)
    assert {one.name: one.read_bytes() for one in first.iterdir()} == {
        one.name: one.read_bytes() for one in second.iterdir()
    }
    assert json.loads((first / "plan.json").read_text()) == {name: it for name, it in facts.items() if name != "out"}
    assert sorted(facts["files"]) == ["monday.csv", "monday.txt", "thursday.csv", "thursday.txt"]


def test_an_audience_is_planned_alone(shop: Path) -> None:
    (shop / "few.txt").write_text("m003\nm001\nnobody\n", encoding="utf-8")
    facts, out = planned(shop, send("monday", MONDAY), audience=shop / "few.txt")
    assert members(out, "monday") == {"m001", "m003"}
    assert facts["audience"]["members"] == 3


@pytest.mark.parametrize(
    ("sends", "told"),
    [
        ([send("page", MONDAY, "home")], "'home' is on the web, where nothing is sent; it may be email"),
        ([send("mail", MONDAY, "letter")], "no placement 'letter'; it has basket, "),
        ([send("mail", MONDAY, campaign="summer")], "no campaign 'summer'; it has autumn, spring"),
        ([send("mail", NOW - 1)], "is over, it is"),
        ([send("mail", MONDAY), send("mail", THURSDAY)], "the send 'mail' is used twice"),
        ([send("../mail", MONDAY)], "mail"),
        ([send("mail", MONDAY, products=True)], "belongs to a send with a `campaign`"),
        ([], "at least 1"),
        ([send("mail", MONDAY, color="red")], "color"),
    ],
    ids=str,
)
def test_a_wrong_file_of_sends_is_refused(shop: Path, sends: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        planned(shop, *sends)


def test_a_folder_that_holds_something_is_left_alone(shop: Path) -> None:
    (shop / "plans" / "0").mkdir(parents=True)
    (shop / "plans" / "0" / "mine").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        plan(shop, sends=shop / "sends.yaml", out=shop / "plans" / "0", now=NOW)
