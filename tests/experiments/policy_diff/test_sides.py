"""Where the two policies come from, and that errors say which of them is wrong."""

from pathlib import Path

import pytest

from experiments.policy_diff.sides import open_side, placements_of
from recsys.errors import InputError, PolicyError
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.registry import PolicyRegistry
from recsys.policy.reading.load import parse_policy
from tests.experiments.policy_diff.worlds import NO_PRODUCT, POLICY, policy, side
from tests.worlds import NOW


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY + NO_PRODUCT)
    return path


def approved(draft: Path, text: str) -> str:
    registry, known = PolicyRegistry.beside(draft), parse_policy(text)
    version = registry.keep(known)
    registry.record(lambda said, at: moves.submit(said, version, name="x", author="", actor="Ann", at=at), now=NOW - 9)
    registry.record(lambda said, at: moves.approve(said, version, actor="Bob", at=at), now=NOW - 8)
    return version


def test_a_file_the_draft_what_is_live_and_a_version_by_the_beginning_of_its_id(draft, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(POLICY)
    assert open_side("A", str(other), policy_path=draft, now=NOW).policy == policy()
    assert open_side("A", "draft", policy_path=draft, now=NOW).policy == policy(NO_PRODUCT)
    assert open_side("A", "live", policy_path=draft, now=NOW).source == draft
    version = approved(draft, POLICY)
    live, named = (open_side("B", given, policy_path=draft, now=NOW) for given in ("live", version[:9]))
    assert live.policy == named.policy == policy()
    assert live.source == named.source != draft
    assert open_side("A", "draft", policy_path=draft, now=NOW).policy == policy(NO_PRODUCT)


def test_what_is_neither_a_file_nor_a_version_is_refused(draft):
    with pytest.raises(InputError, match=r"B is 'polcy\.yaml', which is neither a file, 'live' nor 'draft'"):
        open_side("B", "polcy.yaml", policy_path=draft, now=NOW)
    approved(draft, POLICY)
    with pytest.raises(InputError, match="A is 'abcdef0', which is neither"):
        open_side("A", "abcdef0", policy_path=draft, now=NOW)


def test_a_broken_file_says_which_of_the_two_it_is_and_where(draft, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(POLICY + "exploration: {epsilon: 3.5}\n")
    with pytest.raises(PolicyError, match=r"(?s)^B: .*broken\.yaml:11:\d+.*epsilon") as refused:
        open_side("B", str(broken), policy_path=draft, now=NOW)
    assert [problem.place.line for problem in refused.value.problems] == [11]
    draft.write_text("format: 1\n")
    with pytest.raises(PolicyError, match=r"^A \(draft\): "):
        open_side("A", "draft", policy_path=draft, now=NOW)


def test_placements_are_those_that_both_have_or_those_asked_for():
    both = policy()
    fewer = both.model_copy(update={"placements": {name: both.placements[name] for name in ("offers", "home")}})
    a, b = side("A", both), side("B", fewer)
    assert placements_of(a, b, ()) == ("home", "offers")
    assert placements_of(a, b, ("offers", "offers")) == ("offers",)
    with pytest.raises(InputError, match=r"B \(b\.yaml\) has no placement 'email'; it has offers, home"):
        placements_of(a, b, ("email",))
    apart = both.model_copy(update={"placements": {"app": both.placements["home"]}})
    with pytest.raises(InputError, match="no placement in common"):
        placements_of(a, side("B", apart), ())
