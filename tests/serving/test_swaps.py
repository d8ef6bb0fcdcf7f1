"""While versions of the policy are swapped under many requests, no answer mixes two of them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serving.policy_world import activate, approve, policy_text, submit
from tests.serving.service_world import Running, running

# Products have even and odd numbers: one policy shows these only, the other those, so an answer tells its rules.
EVEN, ODD = (
    f"  - {{id: half_{name}, owner: crm, effect: require, what: '{test}'}}"
    for name, test in (
        ("even", 'product.id.matches("[02468]$")'),
        ("odd", 'product.id.matches("[13579]$")'),
    )
)
SWAPS = 25


@pytest.fixture
def halves(workspace: Path) -> Iterator[tuple[Running, dict[str, int]]]:
    """A service with two versions that show opposite halves of the products, and the parity of each."""
    versions = {submit(workspace, policy_text(rule)): parity for parity, rule in enumerate((EVEN, ODD))}
    for version in versions:
        approve(workspace, version)
    with running(workspace) as service:
        yield service, versions


def test_no_answer_shows_what_the_policy_that_it_names_forbids(halves: tuple[Running, dict[str, int]]) -> None:
    service, parities = halves
    batch = {"requests": [{"member_id": f"m{n % 9:03}", "placement": "home", "n": 4} for n in range(80)]}
    is_over = threading.Event()

    def ask_on() -> list[tuple[str, int]]:
        seen = []
        while not is_over.is_set():
            one = service.ask("/v1/recommendations", member_id="m001", n=5)
            many = service.client.post("/v1/recommendations:batch", json=batch).json()["results"]
            answers = [one, *(result["answer"] for result in many)]
            assert len({answer["policy"]["policy_id"] for answer in answers[1:]}) == 1
            seen += [
                (answer["policy"]["policy_id"], int(item["id"][1:]) % 2)
                for answer in answers
                for item in answer["items"]
            ]
        return seen

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask_on) for _ in range(3)]
        for swap in range(SWAPS):
            activate(service.workspace, list(parities)[swap % 2])
            assert service.service.live.refresh()
        is_over.set()
        seen = {pair for one in asking for pair in one.result()}
    assert seen == set(parities.items()), "both versions answered, and each with its own half only"
