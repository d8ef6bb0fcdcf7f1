"""A small workspace and a service running over it, for the tests of the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from starlette.testclient import TestClient

from recsys.knowledge import Knowledge
from recsys.policy.reading.load import default_policy_text
from serving.app import create_app
from serving.scopes import Scope
from serving.service import Service
from serving.settings import Settings
from serving.store.store import Store
from tests.worlds import NOW, small_bundle

JSON = {"content-type": "application/json"}


@dataclass
class Running:
    """A running service and a client that has a key."""

    client: TestClient
    service: Service
    workspace: Path

    def ask(self, path: str = "/v1/slates", **body: Any) -> dict[str, Any]:
        """A decision that must succeed."""
        response = self.client.post(path, json={"member_id": "m000", "placement": "home", **body})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def shown(self, **body: Any) -> list[str]:
        """The ids of a decision's items."""
        return [item["id"] for item in self.ask(**body)["items"]]

    def tell(self, **event: Any) -> dict[str, Any]:
        """One event that must be taken."""
        response = self.client.post("/v1/events", json={"events": [{"member_id": "m000", **event}]})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def publish(workspace: Path, name: str, knowledge: Knowledge | None = None) -> str:
    """Put a bundle where `recsys publish` leaves it, and point to it; returns its id."""
    manifest = small_bundle(workspace / "serving" / name, knowledge)
    point_to(workspace, name)
    return manifest.bundle_id


def point_to(workspace: Path, name: str) -> None:
    """Move the pointer as publishing does: aside, then renamed."""
    aside = workspace / "serving" / ".current.tmp"
    aside.write_text(f"{name}\n")
    aside.rename(workspace / "serving" / "current")


def empty_workspace(folder: Path) -> Path:
    """A workspace with a policy, into which nothing was published."""
    (folder / "serving").mkdir(parents=True)
    (folder / "policy.yaml").write_text(default_policy_text())
    return folder


def published_workspace(folder: Path) -> Path:
    """A workspace with the small world published, and the default policy."""
    publish(empty_workspace(folder), "first")
    return folder


def make_key(settings: Settings, *scopes: Scope) -> str:
    """An API key in the store of a service."""
    store = Store.at(settings.database_url)
    try:
        store.database.migrate()
        return store.keys.create("test", scopes, now=NOW)
    finally:
        store.close()


@contextmanager
def running(workspace: Path, *, now: int = NOW, with_key: bool = True, **changes: Any) -> Iterator[Running]:
    """A service at a fixed instant, with an admin key, and what a test changes in its settings."""
    settings = Settings(workspace=workspace, **{"poll_s": 3_600.0, **changes})
    headers = {"Authorization": f"Bearer {make_key(settings, Scope.ADMIN)}"} if with_key else {}
    app = create_app(settings, clock=lambda: now)
    with structlog.testing.capture_logs(), TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield Running(client, app.state.service, workspace)
