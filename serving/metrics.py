"""The service's Prometheus metrics, in a registry of their own, so that one process may hold several services."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from recsys.types import AnswerKind

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Metrics:
    """
    What the service counts.

    Labels are closed sets (routes, statuses, codes); member ids, keys and free text never become labels.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "recsys_requests", "HTTP requests answered.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "recsys_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self.shed = Counter("recsys_shed", "Requests refused early.", ("reason",), registry=self.registry)
        self.decisions = Counter("recsys_decisions", "Decisions by how personal.", ("answer",), registry=self.registry)
        self.degraded = Counter(
            "recsys_degraded", "Decisions by what could not be used.", ("reason",), registry=self.registry
        )
        self.events = Counter("recsys_events", "Events by what became of them.", ("result",), registry=self.registry)
        self.engine_errors = Counter("recsys_engine_errors", "Unexpected errors of the engine.", registry=self.registry)
        self.store_errors = Counter(
            "recsys_store_errors", "Failed uses of the store.", ("part",), registry=self.registry
        )
        self.swaps = Counter(
            "recsys_swaps", "Attempts to take in a bundle or policy.", ("result",), registry=self.registry
        )
        self.bundle = Gauge(
            "recsys_bundle", "1 for what is served now.", ("bundle_id", "policy_id"), registry=self.registry
        )
        self.ready = Gauge("recsys_ready", "1 when ready.", registry=self.registry)
        self.policy_errors = Gauge(
            "recsys_policy_expression_errors",
            "Rows for which an expression of the policy served now could not be evaluated, since it was taken in.",
            ("rule", "part"),
            registry=self.registry,
        )
        self.log_pending = Gauge("recsys_decision_log_pending", "Decisions not written yet.", registry=self.registry)
        self.log_lost = Gauge("recsys_decision_log_lost", "Decisions never to be written.", registry=self.registry)

        self._of_requests: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._of_answers = {answer: self.decisions.labels(answer.value) for answer in AnswerKind}

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request; labels are looked up once, because that costs more than counting."""
        found = self._of_requests.get((route, status))
        if found is None:
            found = self.requests.labels(route, str(status)), self.seconds.labels(route)
            self._of_requests[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_decision(self, answer: AnswerKind, degraded: Iterable[str]) -> None:
        """Count one decision."""
        self._of_answers[answer].inc()
        for reason in degraded:
            self.degraded.labels(reason).inc()

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
