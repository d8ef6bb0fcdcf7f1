"""Laws of points: the ledger agrees with one written fact by fact, loses nothing, and knows nothing of the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.loyalty import points as ledger
from recsys.loyalty.points import post_points
from recsys.loyalty.points_balances import Balances, expiring, next_change_at
from recsys.loyalty.points_calendar import roll_forward
from recsys.loyalty.points_entries import COLUMNS, Entries
from recsys.loyalty.points_facts import NEVER, NONE, Account, Earnings, Merges, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.points_run import LotBook
from recsys.loyalty.points_state import PointsState, Posting
from tests.recsys.loyalty.points_reference import HISTORIES, LAST, LONDON, MOMENTS, N_MEMBERS, Reference, facts, lots_of


def post(some: PointsFacts, history: list[PointsRules], now: int = LAST, opening: PointsState | None = None) -> Posting:
    opening = opening or PointsState.empty(N_MEMBERS)
    return post_points(some, history, calendar=LONDON, now=now, opening=opening)


def between(some: PointsFacts, after: int, until: int) -> PointsFacts:
    e, t, m = some.earnings, some.takings, some.merges
    keep = np.flatnonzero((m.at > after) & (m.at <= until))
    return PointsFacts(
        e.take(np.flatnonzero((e.at > after) & (e.at <= until))),
        t.take(np.flatnonzero((t.at > after) & (t.at <= until))),
        Merges(m.source[keep], m.target[keep], m.at[keep]),
    )


def rows_of(entries: Entries) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(entries, name).tolist() for name in COLUMNS), strict=True))


def state_of(state: PointsState) -> tuple[object, ...]:
    columns = tuple(getattr(state.lots, name).tolist() for name in LotBook.__slots__)
    return state.at, columns, state.debt.tolist(), state.merged_into.tolist(), state.n_entries


@settings(max_examples=120)
@given(some=facts(), history=HISTORIES)
def test_the_ledger_agrees_with_one_that_takes_fact_by_fact(some: PointsFacts, history: list[PointsRules]) -> None:
    posting, reference = post(some, history), Reference(history[0]).run(some, LAST)
    assert posting.entries.balances(N_MEMBERS).tolist() == reference.balances(N_MEMBERS)
    assert lots_of(posting.closing.lots) == reference.open_lots()
    refused = posting.refused
    found = zip(refused.number.tolist(), refused.points.tolist(), refused.usable.tolist(), strict=True)
    assert list(found) == sorted(reference.refused)


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES)
def test_at_every_instant_no_points_appear_or_vanish_and_nobody_holds_less_than_none(
    some: PointsFacts, history: list[PointsRules]
) -> None:
    entries = post(some, history).entries
    assert (entries.points >= 1).all()
    assert (entries.source != entries.target).all()
    for instant in sorted(set(entries.at.tolist())):
        accounts = entries.until(instant).balances(N_MEMBERS)
        assert (accounts.sum(axis=1) == 0).all()
        assert (accounts[:, [Account.MEMBER, Account.PENDING]] >= 0).all()
        assert (accounts[:, [Account.DEBT, Account.WRITTEN_OFF]] <= 0).all()
        assert not (accounts[:, Account.MEMBER] * accounts[:, Account.DEBT]).any()
        assert accounts[:, Account.MERGED].sum() == 0


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES, instant=st.sampled_from(MOMENTS))
def test_what_is_known_at_an_instant_does_not_depend_on_what_comes_later(
    some: PointsFacts, history: list[PointsRules], instant: int
) -> None:
    known = post(between(some, NONE, instant), history, now=instant)
    assert rows_of(post(some, history).entries.until(instant)) == rows_of(known.entries)


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES, instant=st.sampled_from(MOMENTS))
def test_posting_in_two_parts_is_posting_at_once(some: PointsFacts, history: list[PointsRules], instant: int) -> None:
    whole = post(some, history)
    first = post(between(some, NONE, instant), history, now=instant)
    second = post(between(some, instant, LAST), history, opening=first.closing)
    assert sorted(rows_of(first.entries) + rows_of(second.entries)) == sorted(rows_of(whole.entries))
    assert second.entries.first == len(first.entries)
    assert state_of(second.closing) == state_of(whole.closing)


@settings(max_examples=20)
@given(some=facts(merges=False), history=HISTORIES)
def test_posting_everybody_is_posting_each_alone(some: PointsFacts, history: list[PointsRules]) -> None:
    alone = []
    for member in range(N_MEMBERS):
        e, t = some.earnings, some.takings
        mine = PointsFacts(
            e.take(np.flatnonzero(e.member == member)), t.take(np.flatnonzero(t.member == member)), Merges.of([])
        )
        alone += rows_of(post(mine, history).entries)
    assert alone == rows_of(post(some, history).entries)


@settings(max_examples=20)
@given(some=facts(), history=HISTORIES, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(some: PointsFacts, history: list[PointsRules], seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, order = some.merges, rng.permutation(len(some.merges))
    shuffled = PointsFacts(
        some.earnings.take(rng.permutation(len(some.earnings))),
        some.takings.take(rng.permutation(len(some.takings))),
        Merges(m.source[order], m.target[order], m.at[order]),
    )
    assert rows_of(post(shuffled, history).entries) == rows_of(post(some, history).entries)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=facts(), history=HISTORIES)
def test_members_posted_one_by_one_or_in_blocks_give_the_same(
    some: PointsFacts, history: list[PointsRules], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = post(some, history)
    with monkeypatch.context() as small:
        small.setattr(ledger, "_BLOCK_LOTS", 3)
        in_blocks = post(some, history)
    assert rows_of(in_blocks.entries) == rows_of(at_once.entries)
    assert state_of(in_blocks.closing) == state_of(at_once.closing)


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES, instant=st.sampled_from(MOMENTS))
def test_open_lots_are_the_accounts(some: PointsFacts, history: list[PointsRules], instant: int) -> None:
    posting = post(between(some, NONE, instant), history, now=instant)
    accounts, balances = posting.entries.balances(N_MEMBERS), Balances.of(posting.closing)
    assert balances.usable.tolist() == accounts[:, Account.MEMBER].tolist()
    assert balances.pending.tolist() == accounts[:, Account.PENDING].tolist()
    assert balances.debt.tolist() == (-accounts[:, Account.DEBT]).tolist()


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES)
def test_a_lot_gives_no_more_than_it_held(some: PointsFacts, history: list[PointsRules]) -> None:
    entries = post(some, history).entries
    out = {Account.REDEEMED, Account.EXPIRED, Account.CLAWED_BACK, Account.DEBT, Account.ADJUSTED}
    for number, points in zip(some.earnings.number.tolist(), some.earnings.points.tolist(), strict=True):
        rows = np.flatnonzero(entries.lot == number)
        net = sum(
            int(entries.points[row]) * (int(entries.target[row] in out) - int(entries.source[row] == Account.EXPIRED))
            for row in rows
        )
        assert 0 <= net <= points


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES, instant=st.sampled_from(MOMENTS[:-1]))
def test_nothing_changes_before_the_next_change(some: PointsFacts, history: list[PointsRules], instant: int) -> None:
    state = post(between(some, NONE, instant), history, now=instant).closing
    for member, change in enumerate(next_change_at(state).tolist()):
        later = post(PointsFacts.of(), history, now=min(change, LAST) - 1, opening=state)
        assert not (later.entries.member == member).any()
        if change <= LAST:
            then = post(PointsFacts.of(), history, now=change, opening=state)
            assert (then.entries.member == member).any()


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES, instant=st.sampled_from(MOMENTS))
def test_what_is_announced_to_end_ends_if_nothing_happens(
    some: PointsFacts, history: list[PointsRules], instant: int
) -> None:
    state = post(between(some, NONE, instant), history, now=instant).closing
    assume(not state.debt.any())
    announced = expiring(state, LAST)
    ended = post(PointsFacts.of(), history, opening=state).entries
    ended = ended.take(np.flatnonzero(ended.target == Account.EXPIRED))
    found = zip(ended.lot.tolist(), ended.at.tolist(), ended.points.tolist(), strict=True)
    promised = zip(announced.lot.tolist(), announced.expires_at.tolist(), announced.points.tolist(), strict=True)
    assert sorted(found) == sorted(promised)


@settings(max_examples=25)
@given(some=facts(), history=HISTORIES)
def test_every_month_closes_with_what_it_opened_with_and_its_flows(
    some: PointsFacts, history: list[PointsRules]
) -> None:
    posting = post(some, history)
    months = roll_forward(posting.entries, calendar=LONDON)
    flows = months.earned + months.adjusted + months.written_off
    flows -= months.redeemed + months.expired + months.clawed_back
    assert (months.opening + flows == months.closing).all()
    assert (months.opening[1:] == months.closing[:-1]).all()
    balances = Balances.of(posting.closing)
    held = int((balances.usable + balances.pending - balances.debt).sum())
    assert (months.closing[-1] if len(months.month) else 0) == held


@given(some=facts(merges=False), history=HISTORIES, data=st.data())
@settings(max_examples=20)
def test_more_than_the_balance_is_refused_and_all_of_it_is_not(
    some: PointsFacts, history: list[PointsRules], data: st.DataObject
) -> None:
    state = post(some, history).closing
    usable = Balances.of(state).usable
    member, balance = int(usable.argmax()), int(usable.max())
    more = data.draw(st.integers(1, 9))
    asked = Takings.of([(member, LAST + 1, balance + more, 7_000, Reason.REDEMPTION, NONE, NONE)])
    refused = post(PointsFacts.of(takings=asked), history, now=LAST + 1, opening=state)
    assert not len(refused.entries)
    with pytest.raises(InputError, match=rf"asks for {balance + more} points and the balance is {balance};"):
        refused.refused.require_none()
    if balance:
        all_of_it = PointsFacts.of(takings=replace(asked, points=np.array([balance])))
        spent = post(all_of_it, history, now=LAST + 1, opening=state)
        assert int(Balances.of(spent.closing).usable[member]) == 0
        assert int(spent.entries.points.sum()) == balance


def test_a_programme_without_ends_has_no_next_change() -> None:
    one = PointsFacts.of(Earnings.of([(1, 5, 10, 1, Reason.ORDER, NONE)]))
    history = [PointsRules.model_validate({"from": "1970-01-01", "earning": {"per_minor": 100}})]
    utc = replace(LONDON, timezone="UTC")
    posting = post_points(one, history, calendar=utc, now=9, opening=PointsState.empty(N_MEMBERS))
    assert next_change_at(posting.closing).tolist() == [NEVER] * N_MEMBERS
