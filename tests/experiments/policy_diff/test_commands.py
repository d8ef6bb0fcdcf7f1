"""The command over a workspace: facts with stable keys, live facts of the store, the page, refusals."""

import json
from pathlib import Path

import pytest

from experiments.policy_diff.commands import diff
from recsys.errors import InputError, StoreError
from recsys.types import Consent
from serving.settings import Settings
from serving.store.store import Store
from tests.experiments.policy_diff.worlds import NO_EMAIL, NO_PRODUCT, POLICY, world
from tests.worlds import NOW, small_bundle

FACTS = {
    "layout", "a", "b", "bundle_id", "currency", "now", "seed", "members", "placements", "parts", "budgets",
    "warnings", "report_path",
}  # fmt: skip
PLACEMENT = {
    "placement", "channel", "everybody", "groups", "tiers", "products", "offers", "categories", "lost", "gained",
    "neither", "rules", "off_policy",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("shop")
    (workspace / "serving").mkdir()
    small_bundle(workspace / "serving" / "first", world())
    (workspace / "serving" / "current").write_text("first")
    (workspace / "policy.yaml").write_text(POLICY)
    (workspace / "next.yaml").write_text(POLICY + NO_PRODUCT + NO_EMAIL)
    return workspace


def test_facts_have_the_documented_keys_and_are_json(shop):
    report = diff("draft", str(shop / "next.yaml"), workspace=shop, now=NOW)
    facts = json.loads(json.dumps(dict(report.facts), allow_nan=False))
    assert set(facts) == FACTS
    assert [set(one) for one in facts["placements"]] == [PLACEMENT] * 3
    assert facts["members"] == {
        "described": "all members (60)", "decided": 60, "all": 60, "is_all": True, "confidence": None,
    }  # fmt: skip
    assert facts["placements"][0]["lost"]["examples"] == []
    assert (facts["now"], facts["bundle_id"]) == (NOW, facts["bundle_id"])
    assert all(one["exceeded_b"] is False for one in facts["budgets"])
    assert [table.title.partition(":")[0].partition(";")[0] for table in report.tables][:4] == [
        "Warnings", "Placements", "Parts of the files that differ", "email (email)",
    ]  # fmt: skip
    assert any("something under A and nothing under B" in note for note in report.notes)


def test_the_same_question_has_the_same_answer_to_the_byte(shop, tmp_path):
    pages = [tmp_path / "1.html", tmp_path / "2.html"]
    facts = [
        dict(diff("draft", str(shop / "next.yaml"), workspace=shop, members="25", placements=("home",), now=NOW,
                  seed=4, report=page).facts)
        for page in pages
    ]  # fmt: skip
    assert [one.pop("report_path") for one in facts] == [str(page) for page in pages]
    assert facts[0] == facts[1]
    assert facts[0]["members"]["decided"] == 25
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_another_seed_draws_other_members(shop):
    found = [
        diff("draft", str(shop / "next.yaml"), workspace=shop, members="25", placements=("email",), now=NOW, seed=seed,
             examples=50).facts["placements"][0]["lost"]["examples"]
        for seed in (1, 2)
    ]  # fmt: skip
    assert found[0] != found[1]
    assert min(map(len, found)) > 10


def test_a_list_of_members_is_read_whole(shop, tmp_path):
    listed = tmp_path / "some.txt"
    listed.write_text("m003\nm001\nnobody\n")
    facts = diff("draft", "draft", workspace=shop, members=str(listed), now=NOW).facts
    assert facts["members"]["described"] == "all members of some.txt (3)"
    assert facts["parts"] == []


def test_what_members_told_the_service_holds(shop):
    def with_email() -> int:
        facts = diff("draft", str(shop / "next.yaml"), workspace=shop, placements=("email",), now=NOW).facts
        return int(facts["placements"][0]["lost"]["members"])

    before = with_email()
    store = Store.at(Settings(workspace=shop).database_url)
    try:
        store.database.migrate()
        no_email = Consent.PERSONALISATION
        store.members.set_consent("m003", no_email, now=NOW, said=Consent.EMAIL, before=no_email | Consent.EMAIL)
    finally:
        store.close()
    try:
        assert with_email() == before - 1 > 10
    finally:
        Path(Settings(workspace=shop).workspace / "store.db").unlink()


def test_what_cannot_be_compared_is_refused_with_what_to_do(shop, tmp_path):
    def asked(**options: object) -> None:
        diff("draft", "draft", workspace=shop, now=NOW, **options)  # type: ignore[arg-type]  # wrong on purpose

    with pytest.raises(InputError, match="--members is 'everyone'; give `all`, a whole number, or a file"):
        asked(members="everyone")
    with pytest.raises(InputError, match="--members is 0"):
        asked(members="0")
    with pytest.raises(InputError, match="--examples is 101; it may be 0 to 100"):
        asked(examples=101)
    with pytest.raises(InputError, match="is a folder"):
        asked(report=tmp_path)
    for wrong in ("diff.txt", "diff", "diff.html.gz"):
        with pytest.raises(InputError, match=r"name it \*.html or \*.htm, for example .*\.html$"):
            asked(report=tmp_path / "new" / wrong)
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match=r"A \(draft\) has no placement 'hom'; it has home, email, offers"):
        asked(placements=("hom",))
    with pytest.raises(StoreError):
        asked(store_url="nonsense://")


def test_listed_members_whom_nobody_knows_are_warned_of(shop, tmp_path):
    listed = tmp_path / "some.txt"
    listed.write_text("m003\nm001\nnobody\nno one\n")
    said = [str(one) for one in diff("draft", "draft", workspace=shop, members=str(listed), now=NOW).facts["warnings"]]
    assert any("2 of the 4 members of some.txt are not known here" in one for one in said)
    listed.write_text("m003\n")
    assert not diff("draft", "draft", workspace=shop, members=str(listed), now=NOW).facts["warnings"]


def test_a_placement_that_only_one_of_the_two_has_is_warned_of(shop, tmp_path):
    fewer = tmp_path / "fewer.yaml"
    fewer.write_text("".join(line for line in POLICY.splitlines(keepends=True) if not line.startswith("  email: ")))
    lost = diff("draft", str(fewer), workspace=shop, now=NOW).facts["warnings"]
    assert any("B has no placement 'email'" in one and "default placement 'home'" in one for one in lost)
    gained = diff(str(fewer), "draft", workspace=shop, placements=("home",), now=NOW).facts["warnings"]
    assert any("Only B has the placement 'email'" in one for one in gained)


@pytest.mark.parametrize("members", ["²", "1e3", "-1", ""])
def test_a_number_of_members_is_a_whole_number(shop, members):
    with pytest.raises(InputError, match="give `all`, a whole number, or a file"):
        diff("draft", "draft", workspace=shop, members=members, now=NOW)
