"""Posting of members who take part in merges: life after life, lots and debts passed on."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.points_draft import Draft
from recsys.loyalty.points_entries import Journal, Stage
from recsys.loyalty.points_facts import NONE, Account, Earnings, PointAmounts, Reason, Takings
from recsys.loyalty.points_lives import Lives
from recsys.loyalty.points_run import LotBook, Stretch
from recsys.loyalty.points_spending import taking_stage


def post_lives(draft: Draft, lives: Lives, lots: LotBook, earnings: Earnings, *, takings: Takings) -> None:
    """Members who take part in merges: lives that nothing came before, then those they became, and so on."""
    carried = replace(lots, holder=lives.of(lots.holder, np.full(len(lots), draft.opening.at)).astype(np.int32))
    earnings = replace(earnings, member=lives.of(earnings.member, earnings.at).astype(np.int32))
    takings = replace(takings, member=lives.of(takings.member, takings.at).astype(np.int32))
    takings = takings.take(np.lexsort((takings.number, taking_stage(takings.reason), takings.at, takings.member)))
    debt = np.where(lives.depth == 0, draft.debt[lives.member], 0)
    draft.debt[lives.involved] = 0
    journal = Journal()
    for depth in range(int(lives.depth.max()) + 1):
        now = np.flatnonzero(lives.depth == depth)
        local = np.full(len(lives.member), NONE, dtype=np.int32)
        local[now] = np.arange(len(now))
        stretch = Stretch(
            start=lives.starts[now],
            end=np.minimum(lives.ends[now], draft.now),
            debt=debt[now],
            merged=np.full(len(now), depth > 0),
        )
        here = local[carried.holder] != NONE
        own, carried = carried.take(np.flatnonzero(here)), carried.take(np.flatnonzero(~here))
        got = earnings.take(np.flatnonzero(local[earnings.member] != NONE))
        spent = takings.take(np.flatnonzero(local[takings.member] != NONE))
        own = replace(own, holder=local[own.holder])
        got, spent = replace(got, member=local[got.member]), replace(spent, member=local[spent.member])
        part = Journal()
        book, owed = draft.run(stretch, own, got, spent, journal=part)
        journal.chunks += [(now[chunk[0]], *chunk[1:]) for chunk in part.chunks]
        book = replace(book, holder=now[book.holder].astype(np.int32))
        ended = lives.next[book.holder] != NONE
        final = book.take(np.flatnonzero(~ended))
        draft.books.append(replace(final, holder=lives.member[final.holder]))
        passed = book.take(np.flatnonzero(ended))
        _note_merges(journal, lives, passed, lives_ended=now, debt=owed)
        passed = replace(passed, holder=lives.next[passed.holder].astype(np.int32))
        carried = LotBook(*(np.concatenate([getattr(carried, n), getattr(passed, n)]) for n in LotBook.__slots__))
        stays = lives.next[now] == NONE
        draft.debt[lives.member[now[stays]]] = owed[stays]
        np.add.at(debt, lives.next[now[~stays]], owed[~stays])
    draft.entries.append(journal.entries(lives.member))


def _note_merges(
    journal: Journal, lives: Lives, passed: LotBook, *, lives_ended: NDArray[np.int64], debt: PointAmounts
) -> None:
    """Lots and debts that go from one member to another, out of the one's accounts and into the other's."""
    holder = passed.holder.astype(np.int64)
    moves = np.flatnonzero(lives.leaves[holder] & (passed.expires_at > lives.ends[holder]))
    life, at = holder[moves], lives.ends[holder[moves]]
    account = np.where(passed.usable_at[moves] > at, Account.PENDING, Account.MEMBER)
    common: dict[str, Any] = {
        "points": passed.left[moves], "lot": passed.number[moves], "reason": Reason.MERGE, "order": NONE,
        "number": passed.number[moves],
    }  # fmt: skip
    journal.add(life, at, Stage.MERGE, source=account, target=Account.MERGED, **common)
    journal.add(lives.next[life], at, Stage.MERGE, source=Account.MERGED, target=account, **common)
    owing = np.flatnonzero(lives.leaves[lives_ended])
    life, points = lives_ended[owing], debt[owing]
    at = lives.ends[life]
    common = {"points": points, "lot": NONE, "reason": Reason.MERGE, "order": NONE, "number": np.zeros_like(points)}
    journal.add(life, at, Stage.MERGE, source=Account.MERGED, target=Account.DEBT, **common)
    journal.add(lives.next[life], at, Stage.MERGE, source=Account.DEBT, target=Account.MERGED, **common)
