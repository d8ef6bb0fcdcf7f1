"""Facts drawn by Hypothesis, with zero prices, discounts, offers, and much that is unknown."""

from hypothesis import strategies as st

from tests.features.profile.small_facts import DAY, Line, small_facts

N = 6
"""Members; the last one never orders."""
SEGMENTS = [0, 1, 0, -1, 1, 0]

LINE = st.builds(
    Line,
    member=st.integers(0, N - 2),
    day=st.floats(0, 99).map(lambda day: round(day * DAY) / DAY),
    product=st.integers(0, 3),
    paid=st.one_of(st.just(0), st.integers(1, 9_000)),
    quantity=st.integers(1, 4),
    discount=st.one_of(st.just(0), st.integers(1, 500)),
    offer=st.sampled_from([-1, -1, 0]),
    channel=st.integers(-1, 1),
    store=st.integers(-1, 2),
)
LINES = st.lists(LINE, max_size=40)


def facts_before(lines, day):
    """What is known as of a day after START."""
    known = [line for line in lines if line.day < day]
    return small_facts(known, n_members=N, as_of_day=day, segment=SEGMENTS, timezone="Asia/Tokyo")
