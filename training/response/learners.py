"""The learners there are, the simplest first."""

from collections.abc import Mapping

from training.response.effect_learners import ClassTransformation, DrLearner, XLearner
from training.response.learner import Learner
from training.response.outcome_learners import SLearner, TLearner
from training.response.simple_learners import LinearLearner, MeanLearner

LEARNERS: Mapping[str, Learner] = {
    one.name: one
    for one in (
        MeanLearner(),
        LinearLearner(),
        ClassTransformation(),
        SLearner(),
        TLearner(),
        XLearner(),
        DrLearner(),
    )
}
"""By name, with the default settings; the order is the one by which `choose` calls one simpler than another."""
