import copy
import json
from pathlib import Path

import pytest

from features.commands import ingest, simulate
from features.sources.registry import SOURCE_NAMES, open_source
from features.tables import TABLES
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.policy.reading.load import load_policy
from recsys.report import SILENT, Report
from tests.features.sources.test_tables import MAPPING, write_mapping, write_shop

NOW = 1_900_000_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("commands")
    shop = write_shop(folder / "shop", products="sku,title,list_price,group\n001,Tea,4.00,drinks\n002,Bread,-1,\n")
    return ingest("tables", str(shop), folder / "w", mapping=write_mapping(MAPPING, folder), now=NOW, progress=SILENT)


def test_the_report_says_for_every_table_what_was_kept_and_rejected(report: Report) -> None:
    rows = {row[0]: row[1:] for row in report.tables[0].rows}
    assert rows["products"] == (2, 1, 1)
    assert rows["purchases"] == (4, 2, 2)
    assert rows["events"] == (0, 0, 0)


def test_the_report_prints_every_reason_with_its_count(report: Report) -> None:
    assert report.tables[1].rows == (("products", "too_small:price_minor", 1), ("purchases", "unknown_product", 2))
    assert any("quarantine" in note for note in report.notes)


def test_the_facts_are_json(report: Report) -> None:
    facts = json.loads(json.dumps(report.facts))
    assert facts["tables"]["purchases"]["reasons"] == {"unknown_product": 2}
    assert facts["currency"] == "GBP"


def test_the_report_says_how_many_members_did_not_agree_to_personalisation(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    asked = copy.deepcopy(MAPPING)
    asked["tables"]["members"]["constants"]["consent_personalisation"] = False
    refused = ingest(
        "tables", str(shop), tmp_path / "w", mapping=write_mapping(asked, tmp_path), now=NOW, progress=SILENT
    )
    n_members = refused.facts["tables"]["members"]["kept"]
    assert refused.facts["members_without_personalisation"] == n_members > 0
    assert any(f"{n_members} of {n_members} members did not agree" in note for note in refused.notes)


def test_purchases_before_joining_are_counted_in_words_and_only_where_there_are_some(
    tmp_path: Path, report: Report
) -> None:
    shop = write_shop(tmp_path / "shop", members="card,level,newsletter_ok,town,since\nk1,,no,York,2023-06-30\n")
    dated = copy.deepcopy(MAPPING)
    dated["tables"]["members"]["columns"]["joined_at"] = "since"
    told = ingest("tables", str(shop), tmp_path / "w", mapping=write_mapping(dated, tmp_path), now=NOW, progress=SILENT)
    assert told.facts["purchases_before_joining"] == 3
    note = "3 purchases are before joining: they teach taste, and count for no tier and no points."
    assert note in told.notes
    assert report.facts["purchases_before_joining"] == 0
    assert not [said for said in report.notes if "before joining" in said]


def test_ids_that_look_personal_are_counted_in_words(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    members = shop / "members.csv"
    members.write_text(members.read_text().replace("k1", "ann@example.org", 1))
    told = ingest(
        "tables", str(shop), tmp_path / "w", mapping=write_mapping(MAPPING, tmp_path), now=NOW, progress=SILENT
    )
    assert told.facts["tables"]["members"]["reasons"] == {"looks_personal": 1}
    assert any(note.startswith("1 rows have a member id with '@'") for note in told.notes)


def test_the_workspace_has_a_policy_for_its_own_tiers(report: Report) -> None:
    workspace = Workspace.open(Path(report.facts["workspace"]))
    assert tuple(load_policy(workspace.policy_path).tiers) == workspace.tiers == ("basic", "gold")


def test_what_is_simulated_can_be_ingested_whole(tmp_path: Path) -> None:
    simulate(tmp_path / "shop", members=100, products=100, seed=5, days=120, progress=SILENT)
    facts = ingest("simulated", str(tmp_path / "shop"), tmp_path / "w", now=NOW, progress=SILENT).facts
    assert facts["tables"]["members"]["kept"] == 100
    assert [count["rejected"] for count in facts["tables"].values()] == [0] * len(TABLES)


def test_an_unknown_source_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(InputError, match=r"no source 'excel'; the sources are " + ", ".join(SOURCE_NAMES)):
        open_source("excel", ".")


def test_tables_need_a_mapping_and_the_others_take_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a mapping file"):
        open_source("tables", str(tmp_path))
    with pytest.raises(InputError, match="leave --mapping"):
        open_source("simulated", str(tmp_path), tmp_path / "mapping.yaml")
