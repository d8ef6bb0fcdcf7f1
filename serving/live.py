"""Holds what is served now, and takes in a new bundle or policy without a restart: verified, tried, then swapped."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from recsys.bundle import MANIFEST, Bundle
from recsys.decision import SlateItem
from recsys.engine import Engine
from recsys.errors import BundleError, PolicyError, RecsysError
from recsys.knowledge import Knowledge
from recsys.policy.compile import compile_policy
from recsys.policy.lifecycle.registry import FOLDER, InForce, LivePolicy, live_policy, load_in_force
from recsys.types import EpochSeconds
from serving.clock import Clock
from serving.encode import AnswerEncoder
from serving.golden import try_out
from serving.metrics import Metrics
from serving.policy_watch import PolicyStamp, PolicyWatch, Stamp, stamp
from serving.shadow_prices import FILE as SHADOW_PRICES
from serving.shadow_prices import PricesInForce, shadow_prices_in_force

POINTER = "current"
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """
    One bundle under one policy, ready to answer.

    Attributes:
        engine: The decision function.
        encoder: Of its answers.
        folder: Where the bundle lies.
        bundle_id, run_id, cut_off, policy_id, policy_name: What answers name as their versions.
        prices: What budgets cost, as the last allocation found it.
        in_force: Which version of the policy it is, since when, and who let it.
        loaded_at: When it was taken in.
        fallbacks: By placement: what a stranger was shown when it was tried out; the answer should the engine fail.
        default_placement: Whose fallback stands in for unknown placements.
    """

    engine: Engine
    encoder: AnswerEncoder
    folder: Path
    bundle_id: str
    run_id: str
    cut_off: EpochSeconds
    policy_id: str
    policy_name: str
    prices: PricesInForce
    in_force: InForce
    loaded_at: EpochSeconds
    fallbacks: Mapping[str, tuple[SlateItem, ...]]
    default_placement: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bundle or policy that was not taken in, why, and when."""

    folder: str
    reason: str
    refused_at: EpochSeconds


PricesStamp = tuple[Stamp, bool]
"""Stamp of the file of shadow prices, and whether those that are served hold now."""

Fingerprint = tuple[str, tuple[Stamp, Stamp], PolicyStamp, PricesStamp]
"""Folder; stamps of the pointer and the manifest; the policy in force and the stamps of its files; shadow prices."""


class Live:
    """
    The pointer to what is served.

    Readers take `current` once a request and never see a mixture. A candidate is refused without harm: what was
    served stays. The same candidate is not tried again until the pointer or the manifest is written, or another
    version of the policy comes into force: because somebody let it, or because its date has come.

    Attributes:
        current: What is served; ``None`` before the first bundle.
        previous: What was served before.
        refusal: The last candidate, if it was refused.
    """

    def __init__(self, serving_folder: Path, policy_path: Path, *, clock: Clock, metrics: Metrics) -> None:
        self._serving_folder = serving_folder
        self._policy_path = policy_path
        self._watch = PolicyWatch(policy_path)
        self._clock = clock
        self._metrics = metrics
        self._seen: Fingerprint | None = None
        self._bundle_seen: tuple[str, tuple[Stamp, Stamp]] | None = None
        self._policy_seen: PolicyStamp | None = None
        self._problem = ""
        self._one_at_a_time = threading.Lock()
        self.current: Served | None = None
        self.previous: Served | None = None
        self.refusal: Refusal | None = None

    def refresh(self) -> bool:
        """
        Look whether something new is there, and take it in. Blocking: the service calls it in a thread.

        Returns:
            Whether what is served has changed.
        """
        with self._one_at_a_time:
            now = self._clock()
            try:
                in_force, policy_stamp = self._watch.look(now)
            except RecsysError as error:
                return self._away(FOLDER, str(error))
            try:
                folder = read_pointer(self._serving_folder)
            except BundleError as error:
                self._away(POINTER, str(error))
                return self._policy_alone(in_force, policy_stamp, now)
            self._problem = ""
            bundle_seen = folder.name, (stamp(self._serving_folder / POINTER), stamp(folder / MANIFEST))
            prices = self._prices_stamp(now)
            if (*bundle_seen, policy_stamp, prices) == self._seen:
                if self.refusal is not None and self.refusal.folder in (POINTER, FOLDER):
                    self.refusal = None  # what was away or broken for a while is back as it was
                self._note(in_force)
                return False
            self._seen = (*bundle_seen, policy_stamp, prices)
            try:
                live, policy_stamp = self._read_policy(in_force, policy_stamp)
                self._seen = (*bundle_seen, policy_stamp, prices)
                opened = self.current if bundle_seen == self._bundle_seen else None
                candidate = load_served(folder, self._policy_path, now=now, opened=opened, live=live)
            except Exception as error:  # noqa: BLE001 (whatever a candidate does wrong, the old one goes on)
                self._refuse(folder.name, _reason(error))
                return bundle_seen != self._bundle_seen and self._policy_alone(in_force, policy_stamp, now)
            self._bundle_seen, self._policy_seen = bundle_seen, policy_stamp
            self._take_in(candidate)
            self._seen = (*bundle_seen, policy_stamp, (prices[0], candidate.prices.holds(now)))
            return True

    def _prices_stamp(self, now: EpochSeconds) -> PricesStamp:
        holds = self.current is not None and self.current.prices.holds(now)
        return stamp(self._policy_path.with_name(SHADOW_PRICES)), holds

    def _read_policy(self, in_force: InForce, seen: PolicyStamp) -> tuple[LivePolicy, PolicyStamp]:
        """The policy in force, and the stamps of the files that it was read from."""
        try:
            live = load_in_force(self._policy_path, in_force)
        except PolicyError as error:
            if error.files:
                self._watch.note_draft_files(error.files)
            raise
        if live.document is None:
            return live, seen
        self._watch.note_draft_files([file.path for file in live.document.files])
        return live, (in_force.version, tuple(file.stamp for file in live.document.files))

    def _policy_alone(self, in_force: InForce, seen: PolicyStamp, now: EpochSeconds) -> bool:
        """Another policy comes into force on the bundle that is served, where the published one cannot be used."""
        if self.current is None or seen == self._policy_seen:
            self._note(in_force)
            return False
        self._policy_seen = seen
        try:
            live, self._policy_seen = self._read_policy(in_force, seen)
            candidate = load_served(self.current.folder, self._policy_path, now=now, opened=self.current, live=live)
        except Exception as error:  # noqa: BLE001 (as of every candidate)
            self._refuse(self.current.folder.name, _reason(error))
            return False
        bundle_refusal = self.refusal
        self._take_in(candidate)
        self.refusal = bundle_refusal
        return True

    def _away(self, what: str, reason: str) -> bool:
        """Say once that the pointer or the registry cannot be read."""
        if self._problem != reason:
            self._problem = reason
            self._refuse(what, reason)
        return False

    def _note(self, in_force: InForce) -> None:
        """Of the version that is served something else may be known now: its end, or what comes next."""
        current = self.current
        if current is not None and current.in_force != in_force and current.in_force.version == in_force.version:
            self.current = replace(current, in_force=in_force)

    def _take_in(self, candidate: Served) -> None:
        if self.current is not None:
            self.previous = self.current
            self._metrics.bundle.remove(self.current.bundle_id, self.current.policy_id)
        self.current = candidate
        self.refusal = None
        self._metrics.bundle.labels(candidate.bundle_id, candidate.policy_id).set(1)
        self._metrics.swaps.labels("taken").inc()
        _LOG.info(
            "bundle_taken",
            bundle_id=candidate.bundle_id,
            policy_id=candidate.policy_id,
            shadow_prices=candidate.prices.state.value,
        )

    def _refuse(self, folder: str, reason: str) -> None:
        # Shown to whoever asks for health: where the workspace lies on this machine is nobody's business.
        reason = reason.replace(f"{self._serving_folder.parent}/", "")
        if self.refusal is not None and (self.refusal.folder, self.refusal.reason) == (folder, reason):
            return  # told already
        self.refusal = Refusal(folder, reason, self._clock())
        self._metrics.swaps.labels("refused").inc()
        _LOG.error("bundle_refused", folder=folder, reason=reason)


def _reason(error: Exception) -> str:
    if isinstance(error, RecsysError):
        return str(error)
    return f"it cannot be used ({type(error).__name__}: {error})"


def read_pointer(serving_folder: Path) -> Path:
    """
    The folder of the bundle that should be served.

    Raises:
        BundleError: There is no pointer, or it names no folder beside it.
    """
    pointer = serving_folder / POINTER
    try:
        name = pointer.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{pointer} cannot be read ({error}); run `recsys publish`, or `recsys sync`") from error
    if not name or name != Path(name).name or name.startswith("."):
        raise BundleError(f"{pointer} names {name!r}, which is no folder beside it; run `recsys sync`")
    return serving_folder / name


def load_served(
    folder: Path,
    policy_path: Path,
    *,
    now: EpochSeconds,
    opened: Served | None = None,
    live: LivePolicy | None = None,
) -> Served:
    """
    Open and verify a bundle, compile the policy in force for it, and try both out.

    Args:
        folder: Of the bundle.
        policy_path: The policy file; the versions lie beside it.
        now: When.
        opened: The same bundle as it is served already; then only the policy is read.
        live: The policy in force, where it was read already.

    Raises:
        BundleError: The bundle is missing, altered, or answers nonsense.
        PolicyError: The policy in force is broken or does not fit the bundle.
        StoreError: The registry of versions is broken.
    """
    live = live or live_policy(policy_path, now)
    if opened is None:
        bundle = Bundle.open(folder)
        knowledge, run_id = Knowledge.of(bundle), bundle.manifest.run_id
    else:
        knowledge, run_id = opened.engine.knowledge, opened.run_id
    try:
        policy = compile_policy(live.policy, knowledge)
    except PolicyError as error:
        raise live.placed(error) from error
    prices = shadow_prices_in_force(policy_path.parent, knowledge, policy_id=policy.policy_id, now=now)
    engine = Engine(knowledge, policy, shadow_price=prices.price)
    return Served(
        engine=engine,
        encoder=AnswerEncoder(),
        folder=folder,
        bundle_id=knowledge.bundle_id,
        run_id=run_id,
        cut_off=knowledge.cut_off,
        policy_id=engine.policy.policy_id,
        policy_name=engine.policy.name,
        prices=prices,
        in_force=live.in_force,
        loaded_at=now,
        fallbacks=try_out(engine, tuple(live.policy.placements), now=now),
        default_placement=engine.policy.default_placement.name,
    )
