"""Whom an export is for: every shape of file, and every wrong one with a message that says what to do."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import InputError
from recsys.vocabulary import Vocabulary
from serving.export.audience import everybody, read_audience


def ids(audience) -> list[str]:
    return [value.decode() for value in audience.encoded.tolist()]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_file_holds_one_id_a_line(tmp_path):
    assert ids(read_audience(written(tmp_path, "a.txt", "m2\n\n m1 \nm2\n"))) == ["m1", "m2"]


def test_repeats_are_counted(tmp_path):
    assert read_audience(written(tmp_path, "a.txt", "m2\nm1\nm2\nm2\n")).n_repeats == 2


def test_the_order_of_the_file_does_not_change_the_digest(tmp_path):
    first = read_audience(written(tmp_path, "a.txt", "m1\nm2\nm3\n"))
    assert first.digest == read_audience(written(tmp_path, "b.txt", "m3\nm1\nm2\nm1\n")).digest
    assert first.digest != read_audience(written(tmp_path, "c.txt", "m1\nm2\n")).digest


def test_a_csv_file_may_have_other_columns_and_a_byte_order_mark(tmp_path):
    path = written(tmp_path, "a.csv", '\ufeffname,member_id\n"Li, Na",m2\nZoë,café\n')
    assert ids(read_audience(path)) == ["café", "m2"]


@pytest.mark.parametrize("values", [["m2", "m1"], pa.array(["m2", "m1"]).dictionary_encode(), [2, 1]], ids=str)
def test_a_parquet_file_may_hold_texts_or_whole_numbers(tmp_path, values):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"other": [0, 0], "member_id": values}), path)
    assert len(read_audience(path)) == 2


def test_no_file_means_the_bundles_members_and_those_without_personalisation():
    audience = everybody(Vocabulary.of(["m2", "m1"]), Vocabulary.of(["m10", "m2"]))
    assert (ids(audience), audience.source, audience.n_repeats) == (["m1", "m10", "m2"], "everybody", 0)


def test_without_a_bundles_member_there_are_still_the_others():
    assert ids(everybody(Vocabulary.of([]), Vocabulary.of(["m1"]))) == ["m1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "\n\n", "holds no member id"),
        ("a.csv", "", "empty"),
        ("a.csv", "id\nm1\n", "no column 'member_id' \\(it has id\\)"),
        ("a.csv", "x,member_id\n1,m1\n2\n", "line 3 has 1 columns"),
        ("a.csv", "member_id\n  \n", "line 2: '' is no member id"),
        ("a.csv", 'member_id\n"m1\n', "mend the quotes"),
        ("a.txt", "m1\n" + "x" * 201, "line 2"),
        ("a.txt", "m1\0\n", "no NUL"),
        ("a.json", "[]", "'.json' is not known"),
        ("a.parquet", "no parquet", "no Parquet file"),
    ],
    ids=str,
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_audience(written(tmp_path, name, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_audience(tmp_path / "none.txt")


def test_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("café\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_audience(path)


def test_a_column_of_fractions_holds_no_ids(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"member_id": [1.5]}), path)
    with pytest.raises(InputError, match="double"):
        read_audience(path)


def test_where_nobody_is_known_there_is_no_audience():
    with pytest.raises(InputError, match="--audience"):
        everybody(Vocabulary.of([]), Vocabulary.of([]))
