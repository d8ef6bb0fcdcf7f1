"""Calibration curves of the lifetime-value benchmark as pictures."""

from experiments.benchmarks.clv_curves import write_curves

BIN = {"n": 40, "predicted": 0.2, "happened": 0.25, "low": 0.1, "high": 0.4}


def test_a_picture_is_written_of_silence_and_of_each_kind_and_horizon(tmp_path):
    curve = {"bins": [BIN, BIN | {"predicted": 0.6, "happened": 0.7, "low": 0.5, "high": 0.9}]}
    facts = {
        "set": "made_up",
        "silence": curve,
        "orders": {"calibration": {"7": curve, "14": curve}},
        "products": {"calibration": {"7": curve}},
    }
    files = write_curves(facts, tmp_path / "new")
    names = ["silence", "orders-7", "orders-14", "products-7"]
    assert [file.name for file in files] == [f"calibration-made_up-{name}.png" for name in names]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_a_report_without_curves_writes_none(tmp_path):
    assert write_curves({"set": "made_up"}, tmp_path) == ()
