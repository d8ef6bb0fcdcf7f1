"""A new bundle or policy is taken in without a restart; a bad one is refused and the old one goes on."""

from pathlib import Path

import numpy as np
import pytest
import structlog

from recsys.errors import BundleError
from serving.live import Live, read_pointer
from serving.metrics import Metrics
from tests.serving.service_world import Running, empty_workspace, point_to, publish, running
from tests.worlds import NOW, small_knowledge


def swaps(running: Running, result: str) -> float:
    return running.service.metrics.registry.get_sample_value("recsys_swaps_total", {"result": result}) or 0


def test_a_new_bundle_answers_without_a_restart(service: Running) -> None:
    before = service.ask()["model"]["bundle_id"]
    new = publish(service.workspace, "second", small_knowledge(seed=9))
    assert service.service.live.refresh()
    assert service.ask()["model"]["bundle_id"] == new != before
    models = service.client.get("/v1/models").json()
    assert (models["current"]["bundle_id"], models["previous"]["bundle_id"]) == (new, before)
    assert models["refused"] is None


def test_nothing_new_is_not_opened_again(service: Running) -> None:
    assert not service.service.live.refresh()
    assert swaps(service, "taken") == 1


def test_health_does_not_say_where_the_workspace_lies(service: Running) -> None:
    for break_it in (
        lambda: (service.workspace / "policy.yaml").write_text("a: ["),
        lambda: (service.workspace / "serving" / "current").unlink(),
    ):
        break_it()
        assert not service.service.live.refresh()
        told = service.client.get("/health/ready", headers={"authorization": ""})
        assert told.json()["refused"]["reason"]
        assert str(service.workspace) not in told.text


def corrupt_array(folder: Path) -> None:
    path = folder / "products.price_minor.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def remove_array(folder: Path) -> None:
    (folder / "popular.products.npy").unlink()


def alter_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"GBP"', '"EUR"'))


def cut_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:100])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (corrupt_array, "differs from its SHA-256; run `recsys sync`"),
        (remove_array, "is missing or not a plain file; run `recsys sync`"),
        (alter_manifest, "was altered (its bundle_id does not match); run `recsys sync`"),
        (cut_manifest, "is broken"),
    ],
    ids=["wrong-byte", "missing-file", "altered-manifest", "half-manifest"],
)
def test_a_bad_bundle_is_refused_and_the_old_one_goes_on(service: Running, damage: object, reason: str) -> None:
    before = service.ask()["model"]["bundle_id"]
    publish(service.workspace, "bad", small_knowledge(seed=9))
    damage(service.workspace / "serving" / "bad")  # type: ignore[operator]
    assert not service.service.live.refresh()
    assert service.ask()["model"]["bundle_id"] == before
    ready = service.client.get("/health/ready")
    assert ready.status_code == 200
    assert reason in ready.json()["refused"]["reason"]
    assert swaps(service, "refused") == 1
    assert not service.service.live.refresh(), "the same bad bundle is not tried over and over"
    assert swaps(service, "refused") == 1


def test_a_bundle_that_shows_nobody_anything_is_refused(service: Running) -> None:
    empty = small_knowledge()
    empty.catalogue.stock[:] = 0
    empty.offers.valid_until[:] = 0
    publish(service.workspace, "sold-out", empty)
    assert not service.service.live.refresh()
    assert "no golden member is shown anything" in service.client.get("/v1/models").json()["refused"]["reason"]


def test_a_bundle_with_scores_that_are_no_numbers_never_shows_them(service: Running) -> None:
    broken = small_knowledge(seed=9)
    broken.popular.scores[:] = np.inf
    for source in broken.sources.values():
        source.scores[:] = np.inf
    publish(service.workspace, "infinite", broken)
    service.service.live.refresh()
    assert all(np.isfinite(item["score"]) for item in service.ask()["items"])


def test_a_broken_policy_is_refused_and_a_corrected_one_taken(service: Running) -> None:
    before = service.ask()["policy"]["policy_id"]
    policy = service.workspace / "policy.yaml"
    good = policy.read_text()
    policy.write_text(good + "\nno_such_key: 1\n")
    assert not service.service.live.refresh()
    assert "no_such_key" in service.client.get("/health/ready").json()["refused"]["reason"]
    assert service.ask()["policy"]["policy_id"] == before
    policy.write_text(good.replace("answer_ttl_s: ", "answer_ttl_s: 1") if "answer_ttl_s: " in good else good + "\n")
    assert service.service.live.refresh()
    assert service.client.get("/health/ready").json()["refused"] is None


def test_a_new_policy_alone_does_not_open_the_bundle_again(service: Running) -> None:
    live = service.service.live
    assert live.current is not None
    knowledge = live.current.engine.knowledge
    policy = service.workspace / "policy.yaml"
    policy.write_text(policy.read_text() + "\n# a comment\n")
    assert live.refresh()
    assert live.current.engine.knowledge is knowledge


def test_a_bundle_mended_under_the_same_name_is_tried_again(service: Running) -> None:
    publish(service.workspace, "second", small_knowledge(seed=9))
    damaged = service.workspace / "serving" / "second"
    corrupt_array(damaged)
    assert not service.service.live.refresh()
    new = publish(service.workspace, "second", small_knowledge(seed=9))
    assert service.service.live.refresh()
    assert service.ask()["model"]["bundle_id"] == new


def test_the_answer_names_one_version_even_if_the_pointer_moves_meanwhile(service: Running) -> None:
    publish(service.workspace, "second", small_knowledge(seed=9))
    live = service.service.live
    first = live.current
    requests = [{"member_id": f"m00{n % 7}", "placement": "home"} for n in range(100)]
    # The swap happens between two calls of the engine: an answer of a batch must not notice.
    real = type(first.engine).decide_many
    calls = []

    def swapping(self: object, *given: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            live.refresh()
        return real(self, *given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(first.engine), "decide_many", swapping)
        results = service.client.post("/v1/slates:batch", json={"requests": requests}).json()["results"]
    assert {one["answer"]["model"]["bundle_id"] for one in results} == {first.bundle_id}
    assert service.ask()["model"]["bundle_id"] != first.bundle_id


def test_a_service_without_a_bundle_becomes_ready_when_one_is_published(tmp_path: Path) -> None:
    with running(empty_workspace(tmp_path / "w")) as service:
        assert service.client.get("/health/ready").status_code == 503
        publish(service.workspace, "first")
        service.service.live.refresh()
        assert service.client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("name", ["", "..", "../first", "/etc", ".hidden", "a/b"])
def test_a_pointer_that_leaves_its_folder_is_refused(workspace: Path, name: str) -> None:
    (workspace / "serving" / "current").write_text(name)
    with pytest.raises(BundleError, match="no folder beside it"):
        read_pointer(workspace / "serving")


def test_a_pointer_to_nothing_is_refused_with_what_to_do(workspace: Path) -> None:
    point_to(workspace, "gone")
    live = Live(workspace / "serving", workspace / "policy.yaml", clock=lambda: NOW, metrics=Metrics())
    with structlog.testing.capture_logs() as logs:
        assert not live.refresh()
    assert live.refusal is not None
    assert live.refusal.folder == "gone"
    assert [entry["event"] for entry in logs] == ["bundle_refused"]
