"""All settings of training in one frozen model, read from YAML, with their defaults nowhere else."""

from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from features.profile.config import ProfileConfig
from recsys.errors import InputError
from recsys.wrong_settings import explain_settings
from training.related_config import RelatedConfig
from training.reranker_config import CalibrationConfig, RerankerConfig
from training.response_config import ResponseConfig
from training.settings import Count, Settings
from training.source_config import (
    AlsConfig,
    CollaborativeSourceConfig,
    ContentConfig,
    DueAgainConfig,
    FrequencyConfig,
    GraphConfig,
    IalsSourceConfig,
    LightfmConfig,
    LocalPopularityConfig,
    NeighboursConfig,
    NextBasketSourceConfig,
    PopularityConfig,
    RecentConfig,
    SeasonalConfig,
    SequenceConfig,
    SparseEaseSourceConfig,
    TifuKnnSourceConfig,
    TrendingConfig,
    UpCfSourceConfig,
)


class EvaluationConfig(Settings):
    """How models are compared."""

    holdout_days: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 14.0
    """Length of the validation window and of the test window after it."""
    folds: Annotated[int, Field(ge=1, le=52)] = 1
    """Test windows, one after another, of `recsys evaluate`; `train` and `experiment compare` judge the last alone."""
    max_members: Count = 20_000
    """Members scored in a window; more are sampled, the same for every model, and the report says so."""
    n_resamples: Annotated[int, Field(ge=100)] = 1_000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class GateConfig(Settings):
    """What a challenger must hold to become champion; see training/gate.py."""

    min_gain_low: float = 0.0
    """The lower end of the interval of the gain in NDCG@10 over the best floor must be above this."""
    max_loss_share: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Where the sure gain is in products new to the member, the lower end of the gain with repeats may be below zero
    by this share of the floor's NDCG@10 at most."""
    min_members: Count = 30
    """So many members must have been judged: the bootstrap of a handful is far too sure of itself."""
    max_lift_drop: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """NDCG@10 over the best floor's may be lower than the champion's by this share at most."""


class TrainConfig(Settings):
    """
    Everything that training can be told but the seed, which is an argument of the command.

    Example:
        >>> TrainConfig(n_candidates=100).als.factors
        64
    """

    n_candidates: Annotated[int, Field(ge=10, le=1_000)] = 50
    popularity: PopularityConfig = PopularityConfig()
    frequency: FrequencyConfig = FrequencyConfig()
    neighbours: NeighboursConfig = NeighboursConfig()
    als: AlsConfig = AlsConfig()
    lightfm: LightfmConfig = LightfmConfig()
    content: ContentConfig = ContentConfig()
    graph: GraphConfig = GraphConfig()
    sequence: SequenceConfig = SequenceConfig()
    due_again: DueAgainConfig = DueAgainConfig()
    recent: RecentConfig = RecentConfig()
    trending: TrendingConfig = TrendingConfig()
    seasonal: SeasonalConfig = SeasonalConfig()
    stores: LocalPopularityConfig = LocalPopularityConfig()
    channels: LocalPopularityConfig = LocalPopularityConfig()
    next_basket: NextBasketSourceConfig = NextBasketSourceConfig()
    tifu_knn: TifuKnnSourceConfig = TifuKnnSourceConfig()
    up_cf: UpCfSourceConfig = UpCfSourceConfig()
    ials: IalsSourceConfig = IalsSourceConfig()
    sparse_ease: SparseEaseSourceConfig = SparseEaseSourceConfig()
    collaborative: CollaborativeSourceConfig = CollaborativeSourceConfig()
    related: RelatedConfig = RelatedConfig()
    response: ResponseConfig = ResponseConfig()
    reranker: RerankerConfig = RerankerConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    profile: ProfileConfig = ProfileConfig()

    @model_validator(mode="after")
    def _lists_reach_the_metrics(self) -> Self:
        if self.n_candidates > self.popularity.n_listed:
            raise ValueError(
                f"popularity.n_listed is {self.popularity.n_listed}, below n_candidates {self.n_candidates}"
            )
        return self


def read_config(path: Path | None) -> TrainConfig:
    """
    Read a YAML file; absent means the defaults.

    Raises:
        InputError: The file cannot be read, is not YAML, or a setting is unknown or out of range.
    """
    if path is None:
        return TrainConfig()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the training configuration {path} cannot be read ({getattr(error, 'strerror', None) or error}); "
            "give a readable YAML file"
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"the training configuration {path} is not YAML: {error}; correct it") from error
    if content is None:
        return TrainConfig()
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(explain_settings(error, TrainConfig))
        raise InputError(
            f"the training configuration {path}: {problems}; training/config.py explains every setting"
        ) from error


def config_text(config: TrainConfig) -> str:
    """The whole configuration as YAML, defaults included; `read_config` reads it back."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
