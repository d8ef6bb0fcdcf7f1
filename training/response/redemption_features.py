"""What is known of a member and a coupon before a campaign starts, as numbers that tell who will redeem what."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, logit

from recsys.errors import InputError
from training.response.redemption_history import Bought, Coupons, Known, Offered
from training.response.trial import Bools, Floats, Numbers

_SURE = {"all": 500.0, "coupon": 100.0, "member": 40.0, "taste": 5.0}
"""How many offers a rate of the level above counts as."""
_USUAL = 0.01
"""Share of coupons that are redeemed where nothing at all is known."""
_RECENT_DAYS = 56


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Shape (n, k) with names: one row an offer, NaN where nothing is known."""

    values: Floats
    names: tuple[str, ...]


def redemption_features(asked: Offered, known: Known) -> FeatureTable:
    """
    Features of all offers of one campaign as of its first day.

    Rates are shrunk: a coupon's own to that of coupons with similar items, a member's to that of all (posterior means
    of a Beta). Similarity of coupons is the cosine of their items, brands, categories and so on. What members redeemed
    and were offered becomes a taste by the same similarity. The offers of the campaign itself are known on its first
    day; their outcomes are not looked at. No age, income, gender or marital status.

    Args:
        asked: The campaign whole, because how many are offered a coupon tells something.
        known: Of which only what is before the first day is used.

    Raises:
        InputError: *asked* is empty, or is of several first days.
    """
    starts = np.unique(asked.starts)
    if len(starts) != 1:
        raise InputError(f"the offers are of {len(starts)} first days; ask for the offers of one campaign at a time")
    now = int(starts[0])
    past = _Past.of(known, now)
    columns = _member_columns(asked, past) | _campaign_columns(asked, past)
    columns |= _coupon_columns(asked, past, known.coupons)
    if known.bought is not None:
        columns |= _purchase_columns(asked, known.bought, known, now)
    return FeatureTable(np.stack(list(columns.values()), axis=1), tuple(columns))


@dataclass(frozen=True, slots=True)
class _Past:
    """Offers as of a day: weight and whether redeemed by then, row by row, and sums over members and coupons."""

    now: int
    offered: Offered
    weight: Floats
    redeemed: Bools
    rate: float
    member_redeemed: sp.csr_matrix
    member_offered: sp.csr_matrix

    @classmethod
    def of(cls, known: Known, now: int) -> "_Past":
        one = known.offered
        weight = one.weights(now)
        redeemed = one.redeemed & (one.redeemed_on < now) & (weight > 0)
        rate = (redeemed.sum() + _SURE["all"] * _USUAL) / (weight.sum() + _SURE["all"])
        shape = (known.n_members, known.coupons.items.shape[0])
        sums = [_sums(value.astype(np.float64), one.member, one.coupon, shape) for value in (redeemed, weight)]
        return cls(now, one, weight, redeemed, float(rate), *sums)

    def member_rate(self) -> Floats:
        """Shape (n_members,)."""
        return _shrunk(_total(self.member_redeemed, 1), _total(self.member_offered, 1), self.rate, "member")


def _member_columns(asked: Offered, past: _Past) -> dict[str, Floats]:
    one, n = past.offered, past.member_offered.shape[0]
    last = np.full(n, -1, dtype=np.int64)
    np.maximum.at(last, one.member[past.redeemed], one.redeemed_on[past.redeemed])
    seen, used = (_campaigns(one, rows, n) for rows in (past.weight > 0, past.redeemed))
    m = asked.member
    return {
        "member_rate": logit(past.member_rate())[m],
        "member_offered": np.log1p(_total(past.member_offered, 1))[m],
        "member_redeemed": np.log1p(_total(past.member_redeemed, 1))[m],
        "days_since_redeemed": np.where(last[m] >= 0, past.now - last[m], np.nan),
        "campaigns_seen": seen[m],
        "campaigns_used": used[m],
        "campaigns_share": ((used + 0.5) / (seen + 5.0))[m],
    }


def _campaign_columns(asked: Offered, past: _Past) -> dict[str, Floats]:
    m, k = asked.member, asked.coupon
    of_coupon = np.bincount(k, minlength=past.member_offered.shape[1])
    n_members, n_coupons = len(np.unique(m)), int((of_coupon > 0).sum())
    targeted = np.bincount(k, past.member_rate()[m], len(of_coupon)) / np.maximum(of_coupon, 1)
    every = np.ones(len(m))
    return {
        "kind": asked.kind.astype(np.float64),
        "days": (asked.ends - asked.starts).astype(np.float64),
        "members": every * np.log1p(n_members),
        "coupons": every * np.log1p(n_coupons),
        "coupons_of_member": np.log1p(np.bincount(m)[m]),
        "share_of_members": of_coupon[k] / n_members,
        "rate_of_its_members": logit(targeted[k]),
    }


def _coupon_columns(asked: Offered, past: _Past, coupons: Coupons) -> dict[str, Floats]:
    m, k = asked.member, asked.coupon
    redeemed, offered = _total(past.member_redeemed, 0), _total(past.member_offered, 0)
    members, at = np.unique(m, return_inverse=True)
    now_offered = _sums(np.ones(len(m)), m, k, past.member_offered.shape)
    of_member = _total(past.member_offered, 1)[m]
    rate = past.member_rate()[m]
    columns: dict[str, Floats] = {}
    for name, counts in _levels(coupons).items():
        alike = _cosines(counts)
        columns[f"{name}s"] = np.log1p(np.diff(counts.indptr))[k]
        columns[f"{name}_rate"] = logit(_shrunk(alike @ redeemed, alike @ offered, past.rate, "coupon"))[k]
        columns[f"{name}_offered"] = np.log1p(alike @ offered)[k]
        used, seen, beside = (
            np.asarray(table[members] @ alike)[at, k]
            for table in (past.member_redeemed, past.member_offered, now_offered)
        )
        columns[f"own_{name}"] = np.log1p(used)
        columns[f"own_{name}_rate"] = logit(_shrunk(used, seen, rate, "taste"))
        columns[f"seen_{name}"] = seen / np.maximum(of_member, 1.0)
        columns[f"beside_{name}"] = beside / np.bincount(m)[m]
    same = coupons.identity
    issued, used_before = (np.bincount(same, value)[same][k].astype(np.float64) for value in (offered, redeemed))
    own = logit(_shrunk(used_before, issued, expit(columns["item_rate"]), "coupon"))
    return columns | {
        "coupon_rate": own,
        "coupon_offered": np.log1p(issued),
        "rank_of_rate": _ranks(own, m),
    }


def _purchase_columns(asked: Offered, bought: Bought, known: Known, now: int) -> dict[str, Floats]:
    m, k = asked.member, asked.coupon
    before = bought.day < now
    who, what, day = bought.member[before], bought.item[before], bought.day[before]
    n, items = known.n_members, known.coupons.items
    weeks = max(now - int(day.min()), 7) / 7 if len(day) else 1.0
    members, at = np.unique(m, return_inverse=True)
    lines = np.bincount(who, minlength=n).astype(np.float64)
    columns = {
        "lines_a_week": np.log1p(lines / weeks)[m],
        "recent_lines": np.log1p(np.bincount(who[day >= now - _RECENT_DAYS], minlength=n))[m],
        "share_discounted": ((np.bincount(who, bought.discounted[before], n) + 10.0) / (lines + 20.0))[m],
        "share_with_coupon": ((np.bincount(who, bought.with_coupon[before], n) + 0.2) / (lines + 20.0))[m],
    }
    for name, counts in _levels(known.coupons).items():
        code = np.arange(items.shape[1]) if name == "item" else known.coupons.attributes[name]
        told = code[what] >= 0
        table = _sums(np.ones(int(told.sum())), who[told], code[what[told]], (n, counts.shape[1]))
        valid = (counts > 0).astype(np.float64).T.tocsr()
        got = (table[members] @ valid).toarray()[at, k]
        share = (np.asarray(_total(table, 0) @ valid) + 0.5) / (lines.sum() + 1.0)
        columns[f"bought_{name}"] = np.log1p(got)
        columns[f"sold_{name}"] = np.log(share)[k]
        columns[f"bought_{name}_more"] = np.log((got + 20.0 * share[k]) / (lines[m] + 20.0) / share[k])
    return columns


def _levels(coupons: Coupons) -> dict[str, sp.csr_matrix]:
    """By level, shape (n_coupons, n_codes): how many of a coupon's items are of each item, brand, category ..."""
    levels = {"item": sp.csr_matrix(coupons.items, dtype=np.float64)}
    for name, code in coupons.attributes.items():
        known = np.flatnonzero(code >= 0)
        of_item = _sums(np.ones(len(known)), known, code[known], (len(code), int(code.max(initial=0)) + 1))
        levels[name] = sp.csr_matrix(levels["item"] @ of_item)
    return levels


def _cosines(counts: sp.csr_matrix) -> Floats:
    """Shape (n_coupons, n_coupons); 0 for coupons of which nothing is known."""
    length = np.sqrt(_total(counts.multiply(counts), 1))
    unit = sp.diags(1.0 / np.maximum(length, 1e-12)) @ counts
    return np.asarray((unit @ unit.T).toarray())


def _campaigns(offered: Offered, rows: Bools, n_members: int) -> Floats:
    """Shape (n_members,): in how many campaigns a member has one of the rows."""
    pairs = np.unique(np.stack([offered.member[rows], offered.campaign[rows]], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_members).astype(np.float64)


def _ranks(score: Floats, member: Numbers) -> Floats:
    """Shape (n,), 0 to 1: share of the member's other offers with a lower score, equal ones half."""
    order = np.lexsort((score, member))
    m, s = member[order], score[order]
    new_member = np.diff(m, prepend=-1) != 0
    group = np.cumsum(new_member | (np.diff(s, prepend=np.nan) != 0)) - 1
    position = np.arange(len(m)) - np.maximum.accumulate(np.where(new_member, np.arange(len(m)), 0))
    ranks = np.empty(len(m))
    ranks[order] = (np.bincount(group, position) / np.bincount(group))[group]
    return np.asarray(ranks / np.maximum(np.bincount(member)[member] - 1, 1))


def _shrunk(happened: Floats, offered: Floats, towards: Floats | float, level: str) -> Floats:
    return np.asarray((happened + _SURE[level] * towards) / (offered + _SURE[level]))


def _sums(value: Floats, row: Numbers, column: Numbers, shape: tuple[int, int]) -> sp.csr_matrix:
    table = sp.csr_matrix((value, (row, column)), shape=shape)
    table.eliminate_zeros()
    return table


def _total(table: sp.csr_matrix, axis: int) -> Floats:
    return np.asarray(table.sum(axis=axis), dtype=np.float64).ravel()
