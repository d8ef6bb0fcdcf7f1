"""Every feature of every member as one Parquet file: names for codes, nothing for what is unknown."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl

from experiments.profile_reading import aside
from features.profile.build import Profile
from recsys.profile import ColumnSpec
from recsys.vocabulary import Vocabulary

ID = "member_id"
_ROWS_AT_ONCE = 1 << 17


def column_frame(member_ids: Vocabulary, profile: Profile) -> pl.DataFrame:
    """
    One row a member, sorted by id: the id, then the columns of the profile in their order.

    Codes are the names they stand for; null is what is unknown. Instants stay epoch seconds and amounts minor units, as
    `GET /v1/members/{id}` gives them.
    """
    ids = member_ids.ids(np.arange(len(member_ids), dtype=np.int32))
    columns = [_series(spec, profile) for spec in profile.specs]
    return pl.DataFrame([pl.Series(ID, ids, dtype=pl.String), *columns])


def write_columns(path: Path, frame: pl.DataFrame, profile: Profile) -> None:
    """Write the frame aside and rename it; what each column means goes into the file's metadata (``recsys``)."""
    meanings = {spec.name: {"meaning": spec.meaning, "unit": spec.unit.value} for spec in profile.specs}
    said = json.dumps({"as_of": profile.as_of, "columns": meanings}, ensure_ascii=False)
    written = aside(path)
    frame.write_parquet(written, compression="zstd", row_group_size=_ROWS_AT_ONCE, metadata={"recsys": said})
    os.replace(written, path)


def _series(spec: ColumnSpec, profile: Profile) -> pl.Series:
    values = profile[spec.name]
    unknown = pl.Series(spec.is_unknown(values))
    known = pl.Series(spec.name, values)
    if spec.names is None:
        return known.set(unknown, None) if unknown.any() else known
    codes = known.cast(pl.Int64).set(unknown, None)
    return pl.Series(spec.name, profile.names[spec.names], dtype=pl.String).gather(codes)
