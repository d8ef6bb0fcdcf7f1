"""What is written is what is read, and nothing else is."""

import json
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle import MANIFEST, Bundle, write_bundle
from recsys.errors import BundleError
from recsys.knowledge import Knowledge, as_arrays
from tests.worlds import small_bundle, small_knowledge


def test_a_bundle_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = small_knowledge()
    small_bundle(tmp_path / "b", written)
    read = Knowledge.of(Bundle.open(tmp_path / "b"))
    before, after = as_arrays(written), as_arrays(read)
    assert before[1] == after[1]
    assert before[0].keys() == after[0].keys()
    for name, array in before[0].items():
        assert array.dtype == after[0][name].dtype, name
        assert np.array_equal(array, after[0][name], equal_nan=array.dtype.kind == "f"), name


def test_arrays_of_an_opened_bundle_cannot_be_changed(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    with pytest.raises(ValueError, match="read-only"):
        Bundle.open(tmp_path / "b")["members.tier"][0] = 1


def test_the_bundle_id_is_that_of_the_content(tmp_path: Path) -> None:
    arrays = {"a": np.arange(3), "b": np.ones(2, dtype=np.float32)}
    common = {"cut_off": 1, "dataset_digest": "d", "currency": "GBP", "settings": {"x": 1}}
    first = write_bundle(tmp_path / "1", arrays, **common, run_id="r1", git_sha="g1")
    second = write_bundle(tmp_path / "2", dict(reversed(arrays.items())), **common, run_id="r2", git_sha="g2")
    other = write_bundle(tmp_path / "3", arrays | {"a": np.arange(3) + 1}, **common)
    assert first.bundle_id == second.bundle_id
    assert first.bundle_id != other.bundle_id


def test_one_altered_byte_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    file = tmp_path / "b" / "offers.kind.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(BundleError, match=r"offers.kind.npy differs from its SHA-256"):
        Bundle.open(tmp_path / "b")


def test_a_missing_array_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    (tmp_path / "b" / "members.tier.npy").unlink()
    with pytest.raises(BundleError, match=r"members.tier.npy is missing"):
        Bundle.open(tmp_path / "b")


def test_an_array_behind_a_link_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    file = tmp_path / "b" / "members.tier.npy"
    file.rename(tmp_path / "elsewhere.npy")
    file.symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(BundleError, match="not a plain file"):
        Bundle.open(tmp_path / "b")


def _edit(path: Path, **changes: object) -> None:
    manifest = json.loads((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(json.dumps(manifest | changes))


def test_a_manifest_that_was_edited_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    _edit(tmp_path / "b", cut_off=5)
    with pytest.raises(BundleError, match="altered"):
        Bundle.open(tmp_path / "b")


def test_a_manifest_of_another_format_is_refused(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    _edit(tmp_path / "b", format=99)
    with pytest.raises(BundleError, match="format 99"):
        Bundle.open(tmp_path / "b")


def test_a_file_name_that_leaves_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no plain name"):
        write_bundle(tmp_path / "b", {"../a": np.arange(2)}, cut_off=0, dataset_digest="", currency="GBP", settings={})
    assert not list(tmp_path.iterdir())


def test_python_objects_are_refused(tmp_path: Path) -> None:
    hostile = np.array([{"a": 1}], dtype=object)
    with pytest.raises(BundleError, match="Python objects"):
        write_bundle(tmp_path / "b", {"a": hostile}, cut_off=0, dataset_digest="", currency="GBP", settings={})


def test_a_pickle_in_place_of_an_array_is_refused_without_running_it(tmp_path: Path) -> None:
    small_bundle(tmp_path / "b")
    np.save(tmp_path / "b" / "members.tier.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match="no plain array"):
        Bundle.open(tmp_path / "b", verify=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}'])
def test_a_broken_manifest_is_refused(tmp_path: Path, content: str) -> None:
    small_bundle(tmp_path / "b")
    (tmp_path / "b" / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match="broken"):
        Bundle.open(tmp_path / "b")


def test_a_folder_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        Bundle.open(tmp_path)
