"""Made-up trials whose effects are known."""

import numpy as np

from training.response.trial import Trial

NAMES = ("spend", "family", "noise", "age")


def planted(n, *, seed=0, effect="step", level=0.1, probability=0.5, base=0.2, money=False):
    """A trial and the effect of each row: the same for all, linear in the first feature, or a step in two."""
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.normal(size=n), rng.integers(1, 5, n), rng.normal(size=n), rng.normal(50, 9, n)])
    shape = {
        "flat": np.ones(n),
        "line": np.clip(1 + 0.6 * features[:, 0], 0, 2),
        "step": np.where((features[:, 0] > 0) & np.isin(features[:, 1], (1, 3)), 3.0, 0.2),
    }[effect]
    share = np.broadcast_to(probability(features) if callable(probability) else probability, n)
    treated = rng.random(n) < share
    before = base * (1 + 0.5 * (features[:, 2] > 0))
    after = np.clip(before + level * shape, 0, 1)
    outcome = (rng.random(n) < np.where(treated, after, before)).astype(float)
    worth = 1.0
    if money:
        outcome *= rng.exponential(40.0, n)
        worth = 40.0
    return Trial(features, NAMES, treated, share.astype(float), outcome), (after - before) * worth
