"""What the tables of the uplift benchmarks share."""

import time
from typing import Any

from recsys.report import Table
from training.memory import peak_rss_mb
from training.response.choose import Choice, Judged


def qini_table(title: str, choice: Choice) -> Table:
    """Every learner with its cross-fitted Qini coefficient, the simplest first; the chosen one is marked."""
    rows = tuple((name, *_figures(one), name == choice.name) for name, one in choice.judged.items())
    columns = ("learner", "qini", "low", "high", "sd", "uplift_at_30", "slope", "chosen")
    digits = dict.fromkeys(columns[1:6], ".5f")
    return Table(title, columns, rows, spare=("slope", "sd"), formats=digits | {"slope": ".2f"})


def qini_facts(choice: Choice) -> dict[str, Any]:
    """JSON-able: the chosen learner, and of every learner the coefficient with its interval."""
    facts = choice.facts()
    return {"chosen": facts["chosen"], **facts["qini"]}


def cost_facts() -> dict[str, Any]:
    """CPU-seconds of this program so far, and the most memory it held since it was asked to begin anew."""
    return {"cpu_s": time.process_time(), "peak_rss_mb": peak_rss_mb()}


def _figures(one: Judged) -> tuple[float, ...]:
    return one.qini.value, one.qini.low, one.qini.high, one.qini.sd, one.uplift_at_30, one.slope
