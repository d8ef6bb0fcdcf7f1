"""Cases over the small world: texts to folders, folders to problems."""

import re
from pathlib import Path

from recsys.policy.cases.run import CasesRun, run_cases
from recsys.policy.compile import CompiledPolicy
from recsys.policy.reading.problems import Problem
from recsys.yaml_places import Place
from tests.recsys.policy.small import KNOWLEDGE, compiled
from tests.worlds import NOW

POLICY = compiled(
    {"id": "no_wine", "effect": "exclude", "what": "product.category == 'wine'", "reason": "Not by post",
     "owner": "law"},
    {"id": "gold_gifts", "effect": "exclude", "applies_to": "offer", "who": "member.tier_rank < 2",
     "what": "offer.kind == 'points_multiplier'"},
    {"id": "spring", "effect": "boost", "factor": 1.5, "who": "member.points >= 100", "what": "product.brand == 'beta'",
     "until": "2030-01-01"},
    {"id": "summer", "effect": "boost", "factor": 1.2, "what": "product.id == 'p004'", "until": "2030-01-01"},
    {"id": "autumn", "effect": "boost", "factor": 1.2, "applies_to": "offer", "what": "offer.id == 'o003'",
     "until": "2030-01-01"},
    {"id": "few_dairy", "effect": "cap", "what": "product.category == 'dairy'", "cap": {"limit": 0, "per": "all"}},
    {"id": "late", "effect": "exclude", "who": "context.hour >= 22", "what": "product.id == 'p005'"},
    contact={"caps": [{"id": "weekly", "channel": "email", "max_messages": 2, "period_days": 7}]},
    context_attributes={"weather": "string", "guests": "int"},
    recently_bought={"days": 14, "unless_repeat_rate_at_least": 0.2},
    time_zone="Asia/Shanghai",
)  # fmt: skip


def run(tmp_path: Path, *texts: str, policy: CompiledPolicy = POLICY, now: int = NOW) -> CasesRun:
    """The run of a folder of files with these texts, called 0.yaml, 1.yaml ..."""
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    return run_cases(tmp_path, policy, KNOWLEDGE, now=now)


def asked(tmp_path: Path, parts: str, policy: CompiledPolicy = POLICY) -> tuple[Problem, ...]:
    """The problems of one case, called it, with these lines."""
    return run(tmp_path, f"cases:\n  - id: it\n{parts}", policy=policy).problems


def told(problems: tuple[Problem, ...]) -> list[str]:
    """The code of each, and the word of the file that stands at its place."""
    return [f"{one.code} {_word(one.place)}" for one in problems if one.place is not None]


def _word(place: Place) -> str:
    line = Path(place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    found = re.match(r"[^\s,}\]]+", line[place.column - 1 :])
    assert found is not None
    return found[0]
