"""Values of any source type to the canonical type, or null where that would change what they say."""

import polars as pl

_ISO_LOCAL = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_NOISE, _SINGLE_NOISE = 1e-15, 1.2e-7  # of an amount, where floats have 53 and 24 bits
_LEAST_NOISE, _MOST_NOISE = 1e-6, 0.45  # of a minor unit
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def converted(column: str, given: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """
    The column as *wanted*; null where the value cannot be said in that type without loss.

    Blank texts are null. Numbers with a fraction are no integers, dates and instants no numbers. Texts are true for
    true, t, yes, y, 1, and false for false, f, no, n, 0. Instants without a zone are UTC; texts of instants are ISO
    8601 (a date is its midnight).
    """
    return _converted(pl.col(column), given, wanted).alias(column)


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """Texts without surrounding white space; null where nothing is left."""
    stripped = text.str.strip_chars()
    return pl.when(stripped.str.len_bytes() > 0).then(stripped)


def minor_units(amount: pl.Expr, decimals: int) -> pl.Expr:
    """Amounts in major units (pounds) as whole minor units (pence), halves away from zero; null where not finite."""
    scaled = (amount.cast(pl.Float64, strict=False) * 10**decimals).round(6)
    rounded = scaled.sign() * (scaled.abs() + 0.5).floor()
    return pl.when(rounded.is_finite()).then(rounded).cast(pl.Int64, strict=False)


def exact_minor_units(column: str, given: pl.DataType, decimals: int) -> pl.Expr:
    """
    A column of amounts in major units (pounds) as whole minor units (pence); null where they are none, as 4.005.

    What floats cannot say exactly (0.1 + 0.2) is no fraction: a millionth of a minor unit, or for large amounts the
    precision of the column's type.
    """
    scaled = _converted(pl.col(column), given, pl.Float64()) * 10**decimals
    noise = scaled.abs() * (_SINGLE_NOISE if given == pl.Float32 else _NOISE)
    whole = (scaled - scaled.round()).abs() <= noise.clip(_LEAST_NOISE, _MOST_NOISE)
    return pl.when(scaled.is_finite() & whole).then(scaled.round()).cast(pl.Int64, strict=False).alias(column)


def _converted(value: pl.Expr, given: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if given == wanted:
        return value if wanted != pl.String else blank_to_null(value)
    if isinstance(wanted, pl.String):
        return blank_to_null(value.cast(pl.String, strict=False))
    if isinstance(given, pl.Enum | pl.Categorical):
        value, given = value.cast(pl.String), pl.String()
    if isinstance(given, pl.String):
        return _from_text(blank_to_null(value), wanted)
    if isinstance(wanted, pl.Datetime):
        return _instant(value, given)
    if given.is_temporal():  # the library would give the days or microseconds since 1970
        return pl.lit(None, dtype=wanted)
    if wanted.is_integer() and (given.is_float() or given.is_decimal()):
        return _whole(value, wanted)
    if isinstance(wanted, pl.Boolean):
        return pl.when(value.is_in([0, 1])).then(value == 1) if given.is_integer() else pl.lit(None, dtype=wanted)
    return value.cast(wanted, strict=False)


def _from_text(text: pl.Expr, wanted: pl.DataType) -> pl.Expr:
    if isinstance(wanted, pl.Boolean):
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)
    if isinstance(wanted, pl.Datetime):
        return _instant_of_text(text)
    if wanted.is_integer():
        # "2.0" is how tools write an integer column that has gaps; "2.5" is not an integer.
        return pl.coalesce(text.cast(wanted, strict=False), _whole(text.cast(pl.Float64, strict=False), wanted))
    return text.cast(wanted, strict=False)


def _whole(number: pl.Expr, wanted: pl.DataType) -> pl.Expr:
    return pl.when(number == number.floor()).then(number).cast(wanted, strict=False)


def _instant(value: pl.Expr, given: pl.DataType) -> pl.Expr:
    if isinstance(given, pl.Date):
        return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(given, pl.Datetime):
        zoned = value.dt.replace_time_zone("UTC") if given.time_zone is None else value.dt.convert_time_zone("UTC")
        return zoned.dt.cast_time_unit("us")
    return pl.lit(None, dtype=pl.Datetime("us", "UTC"))


def _instant_of_text(text: pl.Expr) -> pl.Expr:
    zoned = text.str.replace(" ", "T", literal=True).str.to_datetime(
        "%+", time_unit="us", strict=False, time_zone="UTC"
    )
    local = [text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _ISO_LOCAL]
    date = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.coalesce(zoned, *local, date)
