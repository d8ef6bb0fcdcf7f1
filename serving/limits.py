"""Refuses early and cheaply what would hurt everybody: too large, too many at once, too many from one key."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """
    One token bucket a key: *rate* requests a second in the long run, *burst* at once after a pause.

    Attributes:
        rate: Tokens a second.
        burst: Tokens a full bucket holds.
    """

    def __init__(self, rate: float, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key_id: str, n: int = 1) -> float:
        """
        Take tokens for a request.

        Returns:
            0 where it may go on; otherwise the seconds after which it would be let through.
        """
        now = self._monotonic()
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = _Bucket(float(self.burst), now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.filled_at) * self.rate)
        bucket.filled_at = now
        if bucket.tokens < n:
            return (n - bucket.tokens) / self.rate
        bucket.tokens -= n
        return 0.0

    def keep_only(self, key_ids: set[str]) -> None:
        """Forget the buckets of keys that no longer exist."""
        self._buckets = {key_id: bucket for key_id, bucket in self._buckets.items() if key_id in key_ids}
