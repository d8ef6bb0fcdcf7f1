"""Members without personalisation: in no bundle, known by their consents alone, and answered like anybody."""

import os
from pathlib import Path

import numpy as np
import pytest

from recsys.errors import InputError
from recsys.members import LiveFacts
from recsys.types import Consent
from serving.commands import decide
from serving.stated_consents import NO_WORD, WatchedConsents, read_stated_consents
from serving.store.database import open_database
from serving.store.members import MemberStore
from tests.serving.export_world import N_MEMBERS, exported, rows, small_workspace
from tests.serving.service_world import published_workspace, running
from tests.worlds import NOW

EMAIL_ONLY, ALL_CHANNELS = int(Consent.EMAIL), int(Consent.EMAIL | Consent.PUSH | Consent.SMS)
STATED = {"m0005x": EMAIL_ONLY, "quiet": ALL_CHANNELS, "zz": 0}


def write_stated(workspace: Path, stated: dict[str, int]) -> Path:
    """What ingest leaves in a workspace, put in place by renames as ingest does."""
    folder, aside = workspace / "consents", workspace / "aside"
    aside.mkdir(parents=True)
    np.save(aside / "ids.npy", np.array(sorted(one.encode() for one in stated) or [], dtype="S"))
    np.save(aside / "bits.npy", np.array([stated[one] for one in sorted(stated)], dtype=np.uint8))
    if folder.exists():
        folder.rename(workspace / f"former-{folder.stat().st_ino}")
    aside.rename(folder)
    return folder


def mailed(workspace: Path, out: Path, **changes) -> dict[str, str]:
    exported(workspace, out, **changes)
    return {row["member_id"]: row["reason"] or row["answer"] for row in rows(out)}


@pytest.fixture
def shop(tmp_path) -> Path:
    """Forty members in the bundle, and three who refused personalisation."""
    workspace = small_workspace(tmp_path / "w")
    write_stated(workspace, STATED)
    return workspace


class TestReading:
    def test_an_absent_folder_knows_nobody(self, tmp_path):
        stated = read_stated_consents(tmp_path / "consents")
        assert stated.complete(["m1"], [LiveFacts()]) == [LiveFacts()]
        assert stated.of(np.array([b"m1"])).tolist() == [NO_WORD]

    def test_an_empty_list_knows_nobody(self, tmp_path):
        assert len(read_stated_consents(write_stated(tmp_path, {})).members) == 0

    def test_each_member_has_their_own_channels(self, tmp_path):
        stated = read_stated_consents(write_stated(tmp_path, STATED))
        told = stated.complete(["zz", "nobody", "quiet"], [LiveFacts()] * 3)
        assert [facts.consent for facts in told] == [Consent.NONE, None, Consent(ALL_CHANNELS)]
        assert stated.of(np.array([b"a", b"quiet", b"zz", b"zzzzzzzzz"])).tolist() == [
            NO_WORD,
            ALL_CHANNELS,
            0,
            NO_WORD,
        ]

    @pytest.mark.parametrize("word", [LiveFacts(consent=Consent.SMS), LiveFacts(consent=Consent.NONE, erased=True)])
    def test_the_stores_word_stands(self, tmp_path, word):
        assert read_stated_consents(write_stated(tmp_path, STATED)).complete(["quiet"], [word]) == [word]

    @pytest.mark.parametrize(
        ("name", "array", "message"),
        [
            ("ids.npy", np.array([b"b", b"a", b"c"]), "ascending"),
            ("ids.npy", np.array([b"a", b"a", b"c"]), "ascending"),
            ("ids.npy", np.array([1, 2, 3]), "not ids"),
            ("ids.npy", np.array(["a", "b", "c"], dtype=object), "no plain array"),
            ("bits.npy", np.array([1, 2, 4], dtype=np.uint8), "without personalisation"),
            ("bits.npy", np.array([2, 2, 16], dtype=np.uint8), "without personalisation"),
            ("bits.npy", np.array([2, 2], dtype=np.uint8), "one byte for each of 3"),
            ("bits.npy", np.array([2, 2, 2]), "one byte for each of 3"),
            ("bits.npy", None, "No such file"),
        ],
        ids=str,
    )
    def test_what_ingest_does_not_write_is_refused(self, tmp_path, name, array, message):
        file = write_stated(tmp_path, STATED) / name
        file.unlink()
        if array is not None:
            np.save(file, array, allow_pickle=True)
        with pytest.raises(InputError, match=message) as raised:
            read_stated_consents(tmp_path / "consents")
        assert "recsys ingest" in str(raised.value)

    def test_they_are_read_again_only_when_written_again(self, tmp_path):
        watched = WatchedConsents(tmp_path / "consents")
        watched.refresh()
        assert len(watched.current.members) == 0
        write_stated(tmp_path, STATED)
        watched.refresh()
        first = watched.current
        watched.refresh()
        assert watched.current is first
        write_stated(tmp_path, {"m1": EMAIL_ONLY})
        watched.refresh()
        assert watched.current.members.ids(np.array([0], dtype=np.int32)) == ["m1"]

    def test_a_broken_file_changes_nothing(self, tmp_path):
        folder = write_stated(tmp_path, STATED)
        watched = WatchedConsents(folder)
        watched.refresh()
        aside = tmp_path / "broken"
        aside.write_bytes(b"no array")
        os.replace(aside, folder / "ids.npy")
        watched.refresh()
        assert len(watched.current.members) == 3


class TestExport:
    def test_they_get_what_anybody_gets_by_the_channels_they_agreed_to(self, shop, tmp_path):
        told = mailed(shop, tmp_path / "mail")
        assert (told["m0005x"], told["quiet"], told["zz"]) == ("popular", "popular", "channel_consent_missing")
        assert len(told) == N_MEMBERS + 3

    def test_the_manifest_counts_them_apart(self, shop, tmp_path):
        report = exported(shop, tmp_path / "mail")
        counted = {
            name: report.facts["audience"][name] for name in ("personalised", "without_personalisation", "strangers")
        }
        assert counted == {"personalised": N_MEMBERS, "without_personalisation": 3, "strangers": 0}
        assert any(note.startswith("3 of them did not agree") for note in report.notes)

    def test_of_an_audience_file_the_unknown_are_strangers(self, shop, tmp_path):
        audience = tmp_path / "audience.txt"
        audience.write_text("quiet\nm001\nnobody\n")
        report = exported(shop, tmp_path / "mail", audience=audience)
        assert {row["member_id"]: row["status"] for row in rows(tmp_path / "mail")} == {
            "m001": "sent", "nobody": "nothing", "quiet": "sent",
        }  # fmt: skip
        assert report.facts["audience"]["strangers"] == 1

    def test_who_withdrew_or_was_erased_since_gets_nothing(self, shop, tmp_path):
        database = open_database(f"sqlite:///{shop / 'store.db'}")
        database.migrate()
        MemberStore(database).set_consent("quiet", Consent.SMS, now=NOW)
        MemberStore(database).erase("m0005x", now=NOW)
        told = mailed(shop, tmp_path / "mail")
        assert {told[one] for one in STATED} == {"channel_consent_missing"}

    def test_who_refuses_at_a_later_ingest_is_no_more_personalised_by_the_old_bundle(self, shop, tmp_path):
        before = mailed(shop, tmp_path / "before")
        write_stated(shop, STATED | {"m001": EMAIL_ONLY})
        after = mailed(shop, tmp_path / "after")
        assert (before["m001"], after["m001"]) == ("personalised", "popular")

    def test_other_consents_are_other_inputs(self, shop, tmp_path):
        exported(shop, tmp_path / "mail")
        write_stated(shop, STATED | {"quiet": EMAIL_ONLY})
        with pytest.raises(InputError, match="consents_digest was"):
            exported(shop, tmp_path / "mail")


class TestService:
    def test_every_route_gives_them_the_popular_answer_by_mail(self, tmp_path):
        workspace = published_workspace(tmp_path / "w")
        write_stated(workspace, STATED)
        with running(workspace) as service:
            for path in ("/v1/slates", "/v1/recommendations"):
                answer = service.ask(path, member_id="quiet", placement="email")
                assert (answer["answer"], bool(answer["items"])) == ("popular", True)
                assert service.ask(path, member_id="zz", placement="email")["items"] == []
                assert service.ask(path, member_id="nobody", placement="email")["items"] == []

    def test_a_new_ingest_is_noticed_while_it_runs(self, tmp_path):
        workspace = published_workspace(tmp_path / "w")
        with running(workspace) as service:
            assert service.ask(member_id="quiet", placement="email")["items"] == []
            write_stated(workspace, STATED)
            service.service.stated.refresh()
            assert service.ask(member_id="quiet", placement="email")["items"]

    def test_a_members_own_word_goes_before_it(self, tmp_path):
        workspace = published_workspace(tmp_path / "w")
        write_stated(workspace, STATED)
        with running(workspace) as service:
            path = "/v1/members/quiet"
            assert service.client.get(path).json()["consent"]["email"] is True
            refused = dict.fromkeys(("personalisation", "email", "push", "sms"), False)
            assert service.client.put(f"{path}/consent", json=refused).status_code == 200
            assert service.ask(member_id="quiet", placement="email")["items"] == []

    def test_the_command_decides_as_the_service_does(self, shop):
        told = [
            decide(shop, member_id=one, placement="email", n=None, now=NOW, explain=False).facts
            for one in ("quiet", "zz")
        ]
        assert [(bool(one["items"]), one["answer"]) for one in told] == [(True, "popular"), (False, "popular")]
