"""The points ledger once more, one fact after another in plain Python, and small programmes to try it on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.points_facts import NEVER, NONE, Account, Earnings, Merges, PointsFacts, Reason, Takings
from recsys.loyalty.points_rules import PointsRules

LONDON = ProgrammeCalendar("Europe/London")
ZONE = ZoneInfo("Europe/London")
TARGETS = {
    Reason.REDEMPTION: Account.REDEEMED,
    Reason.RETURN: Account.CLAWED_BACK,
    Reason.CORRECTION: Account.ADJUSTED,
}
SOURCES = {
    Reason.ORDER: Account.ISSUED,
    Reason.EVENT: Account.ISSUED,
    Reason.ADJUSTMENT: Account.ADJUSTED,
    Reason.REFUND: Account.REDEEMED,
}


def instant(text: str) -> int:
    """Local time in London."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def rules(expiry: dict[str, Any] | None = None, *, pending: int = 0, below_zero: str = "debt") -> PointsRules:
    return PointsRules.model_validate(
        {
            "from": "1970-01-01",
            "earning": {"per_minor": 100, "pending_days": pending},
            "expiry": expiry or {},
            "returns": {"below_zero": below_zero},
        }
    )


@dataclass
class Lot:
    number: int
    at: int
    usable_at: int
    expires_at: int
    left: int
    sequence: tuple[int, ...] = ()


@dataclass
class Reference:
    """Every fact and every end in the order of time; state a person can follow."""

    rules: PointsRules
    accounts: dict[int, dict[Account, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    lots: dict[int, list[Lot]] = field(default_factory=lambda: defaultdict(list))
    refused: list[tuple[int, int, int]] = field(default_factory=list)
    into: dict[int, int] = field(default_factory=dict)

    def run(self, facts: PointsFacts, now: int) -> "Reference":
        e, t, m = facts.earnings, facts.takings, facts.merges
        todo: list[tuple[int, int, int, Any]] = [
            (int(m.at[row]), 1, int(m.source[row]), ("merge", int(m.source[row]), int(m.target[row])))
            for row in range(len(m))
        ]
        for row in range(len(e)):
            what = ("earn", int(e.member[row]), int(e.points[row]), Reason(e.reason[row]))
            todo.append((int(e.at[row]), 2, int(e.number[row]), what))
        for row in range(len(t)):
            reason = Reason(t.reason[row])
            what = ("take", int(t.member[row]), int(t.points[row]), reason, int(t.lot[row]))
            todo.append((int(t.at[row]), 4 if reason is Reason.REDEMPTION else 3, int(t.number[row]), what))
        for at, _, number, (verb, who, *rest) in sorted(todo, key=lambda one: one[:3]):
            self.pass_time(at)
            if verb == "merge":
                self.merge(self.holder(who), self.holder(rest[0]), at)
            elif verb == "earn":
                self.earn(self.holder(who), at, number, *rest)
            else:
                self.take(self.holder(who), at, number, *rest)
        self.pass_time(now)
        return self

    def holder(self, member: int) -> int:
        while member in self.into:
            member = self.into[member]
        return member

    def move(self, member: int, source: Account, target: Account, points: int) -> None:
        self.accounts[member][source] -= points
        self.accounts[member][target] += points

    def pass_time(self, until: int) -> None:
        """Ends and new usability one instant after another."""
        while True:
            coming = [
                (when, kind, lot.at, lot.number, member, lot)
                for member, lots in self.lots.items()
                for lot in lots
                for when, kind in ((lot.expires_at, 0), (lot.usable_at, 1))
                if when <= until and kind not in lot.sequence and (kind == 0 or lot.usable_at < lot.expires_at)
            ]
            if not coming:
                return
            _, kind, _, _, member, lot = min(coming, key=lambda one: one[:4])
            lot.sequence += (kind,)
            if kind == 0:
                source = Account.PENDING if lot.usable_at >= lot.expires_at else Account.MEMBER
                self.move(member, source, Account.EXPIRED, lot.left)
            elif lot.usable_at > lot.at:
                self.move(member, Account.PENDING, Account.MEMBER, lot.left)
                self.pay_with(member, lot)

    def pay_with(self, member: int, lot: Lot) -> None:
        paid = min(lot.left, -self.accounts[member][Account.DEBT])
        if paid > 0:
            lot.left -= paid
            self.move(member, Account.MEMBER, Account.DEBT, paid)

    def usable(self, member: int, at: int) -> list[Lot]:
        by_date = self.rules.expiry.inactivity_months is None
        found = [lot for lot in self.lots[member] if lot.usable_at <= at < lot.expires_at]
        return sorted(found, key=lambda lot: (lot.expires_at if by_date else 0, lot.at, lot.number))

    def pay(self, member: int, at: int) -> None:
        for lot in self.usable(member, at):
            self.pay_with(member, lot)

    def end_of(self, at: int) -> int:
        """The first instant after the last day, by the standard library."""
        day, expiry = datetime.fromtimestamp(at, ZONE).date(), self.rules.expiry
        months = expiry.rolling_months or expiry.inactivity_months
        if months:
            last = _later(day, months)
        elif expiry.year_end:
            year = day.year + (day.month >= expiry.year_end.first_month) + expiry.year_end.years
            last = date(year, expiry.year_end.first_month, 1) - timedelta(days=1)
        else:
            return NEVER
        return _start(last + timedelta(days=1))

    def active(self, member: int, at: int) -> None:
        if self.rules.expiry.inactivity_months is not None:
            for lot in self.lots[member]:
                if lot.expires_at > at:
                    lot.expires_at = self.end_of(at)

    def earn(self, member: int, at: int, number: int, points: int, reason: Reason) -> None:
        pending = self.rules.earning.pending_days
        usable_at = _start(datetime.fromtimestamp(at, ZONE).date() + timedelta(days=pending)) if pending else at
        self.lots[member].append(Lot(number, at, usable_at, self.end_of(at), points))
        self.move(member, SOURCES[reason], Account.PENDING if usable_at > at else Account.MEMBER, points)
        if usable_at == at:
            self.pay_with(member, self.lots[member][-1])
        if reason in (Reason.ORDER, Reason.EVENT):
            self.active(member, at)

    def take(self, member: int, at: int, number: int, points: int, reason: Reason, own: int) -> None:
        target = TARGETS[reason]
        if reason is Reason.REDEMPTION:
            balance = sum(lot.left for lot in self.usable(member, at))
            self.active(member, at)
            if balance < points:
                self.refused.append((number, points, balance))
                return
        for lot in self.lots[member]:
            if lot.number == own:
                part = min(points, lot.left)
                source = Account.PENDING if lot.usable_at > at else Account.MEMBER
                self.move(member, Account.EXPIRED if lot.expires_at <= at else source, target, part)
                lot.left -= part
                points -= part
        for lot in self.usable(member, at):
            part = min(points, lot.left)
            self.move(member, Account.MEMBER, target, part)
            lot.left -= part
            points -= part
        write_off = self.rules.returns.below_zero == "write_off"
        self.move(member, Account.WRITTEN_OFF if write_off else Account.DEBT, target, points)

    def merge(self, source: int, target: int, at: int) -> None:
        for lot in self.lots.pop(source, []):
            self.lots[target].append(lot)
            if lot.expires_at > at:
                account = Account.PENDING if lot.usable_at > at else Account.MEMBER
                self.move(source, account, Account.MERGED, lot.left)
                self.move(target, Account.MERGED, account, lot.left)
        debt = -self.accounts[source][Account.DEBT]
        self.move(source, Account.MERGED, Account.DEBT, debt)
        self.move(target, Account.DEBT, Account.MERGED, debt)
        self.into[source] = target
        self.pay(target, at)

    def balances(self, n_members: int) -> list[list[int]]:
        return [[self.accounts[member][account] for account in Account] for member in range(n_members)]

    def open_lots(self) -> list[tuple[int, ...]]:
        rows = [
            (m, lot.number, lot.at, lot.usable_at, lot.expires_at, lot.left)
            for m, lots in self.lots.items()
            for lot in lots
        ]
        return sorted(rows)


def _later(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    last = (date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(month // 12, month % 12 + 1, min(day.day, last))


def _start(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


N_MEMBERS = 5
FIRST = instant("2023-11-20T10:00")
"""Few distinct instants, so that much happens at once; they lie around ends of days, months and a leap day."""

MOMENTS = sorted(
    {
        instant(text)
        for text in (
            "2023-11-20T10:00", "2023-12-31T23:59:59", "2024-01-01T00:00", "2024-01-30T12:00", "2024-01-31T00:00",
            "2024-02-29T09:00", "2024-03-01T00:00", "2024-03-30T23:59:59", "2024-03-31T12:00", "2024-04-01T00:00",
            "2024-05-01T08:00", "2024-07-07T07:07", "2024-10-27T00:30", "2024-10-28T00:00", "2024-12-31T12:00",
            "2025-01-01T00:00", "2025-02-28T23:59:59", "2025-03-01T00:00", "2025-09-09T09:09",
        )
    }
)  # fmt: skip
LAST = MOMENTS[-1]

HISTORIES = st.builds(
    lambda expiry, pending, below: [rules(expiry, pending=pending, below_zero=below)],
    st.sampled_from(
        [
            {},
            {"rolling_months": 1},
            {"rolling_months": 12},
            {"year_end": {"years": 0, "first_month": 4}},
            {"year_end": {"years": 1}},
            {"inactivity_months": 1},
            {"inactivity_months": 4},
        ]
    ),
    st.sampled_from([0, 0, 1, 40]),
    st.sampled_from(["debt", "write_off"]),
)


@st.composite
def facts(draw: st.DrawFn, *, merges: bool = True) -> PointsFacts:
    """Lots, returns of them (never more than they held), redemptions, corrections, merges without circles."""
    moments, members = st.sampled_from(MOMENTS), st.integers(0, N_MEMBERS - 1)
    earned = draw(
        st.lists(
            st.tuples(
                members, moments, st.integers(1, 60),
                st.sampled_from([Reason.ORDER, Reason.ORDER, Reason.EVENT, Reason.ADJUSTMENT, Reason.REFUND]),
            ),
            max_size=14,
        )
    )  # fmt: skip
    earnings = [(who, at, points, 100 + i, reason, i) for i, (who, at, points, reason) in enumerate(earned)]
    takings: list[tuple[int, int, int, int, Reason, int, int]] = []
    for who, at, points, number, _, order in earnings:
        later = [moment for moment in MOMENTS if moment >= at]
        for part in draw(st.lists(st.integers(1, points), max_size=2)):
            if part <= points:
                points -= part
                takings.append((who, draw(st.sampled_from(later)), part, len(takings), Reason.RETURN, number, order))
    for who, at, points, correct in draw(
        st.lists(st.tuples(members, moments, st.integers(1, 80), st.booleans()), max_size=8)
    ):
        reason = Reason.CORRECTION if correct else Reason.REDEMPTION
        takings.append((who, at, points, len(takings), reason, NONE, NONE))
    joined: list[tuple[int, int, int]] = []
    if merges:
        sources = draw(st.lists(st.integers(1, N_MEMBERS - 1), unique=True, max_size=3))
        joined = [(source, draw(st.integers(0, source - 1)), draw(moments)) for source in sources]
    return PointsFacts.of(
        Earnings.of(draw(st.permutations(earnings))), Takings.of(draw(st.permutations(takings))), Merges.of(joined)
    )


def lots_of(book: Any) -> list[tuple[int, ...]]:
    columns: Sequence[Any] = (book.holder, book.number, book.at, book.usable_at, book.expires_at, book.left)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
