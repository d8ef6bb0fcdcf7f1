"""Whether what was trained can be served: bundles, their age, the policy, the store."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from features.workspace import Workspace
from recsys.bundle import Bundle, read_manifest
from recsys.errors import BundleError, StoreError
from recsys.knowledge import Knowledge
from recsys.policy.compile import compile_policy
from recsys.policy.lifecycle.registry import live_policy
from recsys.types import SECONDS_PER_DAY
from training.checks.finding import Finding, State, counted

FRESH_DAYS = 7
POINTER = "current"
STORE_URL = "RECSYS_STORE_URL"


def check_bundles(workspace: Workspace) -> Iterator[Finding]:
    """What training has made."""
    folders = sorted(path for path in workspace.bundles.glob("[!.]*") if path.is_dir())
    cut_offs, broken = [], []
    for folder in folders:
        try:
            cut_offs.append(read_manifest(folder).cut_off)
        except BundleError:
            broken.append(folder.name)
    state = State.MISSING if not folders else State.BROKEN if not cut_offs else State.THIN if broken else State.OK
    to_do = f"delete {', '.join(broken)} and train again" if broken else "run `recsys train`"
    yield Finding(
        "trained bundles",
        state,
        f"{len(cut_offs)} readable" + (f", {len(broken)} broken" if broken else ""),
        "1 bundle",
        "serving and export need a bundle",
        "" if state is State.OK else to_do,
    )
    if cut_offs:
        yield _age("freshness of the newest bundle", workspace.now - max(cut_offs), "run `recsys train`")


def check_serving(workspace: Workspace) -> Iterator[Finding]:
    """What is published, and whether the policy holds for it."""
    folder = _published(workspace)
    if folder is None:
        yield Finding(
            "published bundle", State.MISSING, "nothing published", "1 bundle",
            "`recsys serve` has nothing to answer with", "run `recsys publish`",
        )  # fmt: skip
        policy = live_policy(workspace.policy_path, workspace.now).policy
        yield Finding("policy", State.THIN, counted(len(policy.rules), "rules"), "compiled for a bundle",
                      "its schema is right; its expressions are checked against a published bundle",
                      "run `recsys publish`")  # fmt: skip
        return
    bundle = Bundle.open(folder)
    knowledge = Knowledge.of(bundle)
    yield Finding(
        "published bundle", State.OK, f"{counted(len(knowledge.members), 'members')}, "
        f"{counted(len(knowledge.catalogue), 'products')}", "1 bundle", "every file has its SHA-256",
    )  # fmt: skip
    yield _age("freshness of the published bundle", workspace.now - knowledge.cut_off, "train and publish")
    policy = live_policy(workspace.policy_path, workspace.now).policy
    compile_policy(policy, knowledge)
    yield Finding(
        "policy", State.OK,
        f"{counted(len(policy.rules), 'rules')}, {counted(len(policy.placements), 'placements')}", "it compiles",
        "its tiers, currency and expressions fit the published bundle",
    )  # fmt: skip


def check_store(workspace: Workspace) -> Iterator[Finding]:
    """Whether the decision store is there and has a schema."""
    url = os.environ.get(STORE_URL, "")
    if not url and not workspace.store_db.is_file():
        yield Finding(
            "store", State.MISSING, "no file", "a migrated store",
            "live events, consents of today and the decision log live there",
            "run `recsys serve` once; it makes and migrates the store",
        )  # fmt: skip
        return
    engine = create_engine(url or f"sqlite:///{workspace.store_db}")
    try:
        with engine.connect() as connection:
            migrated = inspect(connection).has_table("alembic_version")
            versions = connection.execute(text("SELECT version_num FROM alembic_version")) if migrated else None
            version = versions.scalar() if versions is not None else None
    except (SQLAlchemyError, ImportError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        where = engine.url.render_as_string(hide_password=True)
        raise StoreError(f"the store {where} does not answer: {cause}; is it up, and may we use it?") from error
    finally:
        engine.dispose()
    yield Finding(
        "store",
        State.OK if version else State.THIN,
        f"schema version {version}" if version else "no schema",
        "a migrated store",
        "live events, consents of today and the decision log live there",
        "" if version else "run `recsys serve`; it migrates the store",
    )


def _published(workspace: Workspace) -> Path | None:
    pointer = workspace.serving / POINTER
    if not pointer.is_file():
        return None
    name = pointer.read_text(encoding="utf-8").strip()
    if not name or name != Path(name).name or name.startswith("."):
        raise BundleError(f"{pointer} names {name!r}, which is no folder beside it; run `recsys sync`")
    return workspace.serving / name


def _age(part: str, seconds: int, to_do: str) -> Finding:
    days = seconds / SECONDS_PER_DAY
    fresh = days <= FRESH_DAYS
    return Finding(
        part,
        State.OK if fresh else State.THIN,
        f"{days:.1f} days behind the facts",
        f"at most {FRESH_DAYS} days",
        "it knows nothing of what happened since its cut-off but what live events say",
        "" if fresh else to_do,
    )
