"""What a member has on a list is noted for that member alone, however long the lists are."""

import numpy as np
import pytest

from recsys.policy.masks import remove_listed
from recsys.policy.native import KEPT, Code


@pytest.mark.parametrize("n_listed", [0, 3, 200])
@pytest.mark.parametrize("n_members", [1, 3])
def test_lists_are_each_members_own(n_members: int, n_listed: int) -> None:
    rng = np.random.default_rng(n_listed)
    candidates = rng.integers(-1, 300, (n_members, 60)).astype(np.int32)
    owners = np.sort(rng.integers(0, n_members, n_listed))
    rows = rng.integers(0, 300, n_listed).astype(np.int32)
    codes = np.full(candidates.shape, KEPT, dtype=np.uint16)
    codes[:, ::7] = 2
    before = codes.copy()
    remove_listed(codes, candidates, owners, rows, Code(5))
    listed = set(zip(owners.tolist(), rows.tolist(), strict=True))
    for member, line in enumerate(candidates.tolist()):
        for column, row in enumerate(line):
            expected = 5 if (member, row) in listed else KEPT
            assert codes[member, column] == min(before[member, column], expected)
