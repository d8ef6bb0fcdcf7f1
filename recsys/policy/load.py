"""From the text of a policy file to a checked policy, with errors that say which rule, which value and what to do."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from recsys.checked_yaml import parse_checked, read_text
from recsys.errors import PolicyError
from recsys.policy.schema import Policy

_DEFAULT_TIERS = "tiers: [ordinary, silver, gold, diamond]"
_DEFAULT_CURRENCY = "currency: GBP"


def load_policy(path: Path) -> Policy:
    """
    Read and check a policy file.

    Raises:
        PolicyError: It cannot be read, is not YAML, or breaks the schema.
    """
    return parse_policy(read_text(path, kind="policy", error=PolicyError), source=str(path))


def parse_policy(text: str, *, source: str = "policy") -> Policy:
    """
    Check the text of a policy.

    Args:
        text: YAML.
        source: What messages call it.

    Raises:
        PolicyError: It is not YAML, or breaks the schema; the message lists every problem found, up to ten.
    """
    return parse_checked(text, Policy, source=source, kind="policy", error=PolicyError)


def default_policy_text(tiers: Sequence[str] | None = None, currency: str | None = None) -> str:
    """The commented policy that a workspace starts with, for a ladder of tiers (low to high) and a currency."""
    text = resources.files("recsys.policy").joinpath("default.yaml").read_text(encoding="utf-8")
    if tiers is not None:
        text = text.replace(_DEFAULT_TIERS, f"tiers: {json.dumps(list(tiers), ensure_ascii=False)}")
    if currency is not None:
        text = text.replace(_DEFAULT_CURRENCY, f"currency: {currency}")
    return text
