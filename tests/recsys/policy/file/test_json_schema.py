"""The JSON Schema of a policy: current, complete, and of one mind with the model."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

import recsys.policy
from recsys.policy.file.fields import Part
from recsys.policy.file.json_schema import (
    SCHEMA_FILE,
    policy_json_schema,
    policy_schema_text,
    schema_report,
    write_schema,
)
from recsys.policy.file.schema import Policy
from recsys.policy.reading.load import default_policy_text

FOLDER = Path(recsys.policy.__file__).parent


def as_editors_read(value: Any) -> Any:
    """Dates are texts, as in YAML 1.2."""
    if isinstance(value, dict):
        return {key: as_editors_read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_editors_read(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def default_content(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = as_editors_read(yaml.safe_load(default_policy_text()))
    return content | changes


@pytest.fixture(scope="module")
def validator() -> jsonschema_rs.Validator:
    jsonschema_rs.meta.validate(policy_json_schema())
    return jsonschema_rs.validator_for(policy_json_schema())


def test_the_committed_schema_is_current() -> None:
    told = "write it again as recsys/policy/file/README.md says"
    assert (FOLDER / SCHEMA_FILE).read_text(encoding="utf-8") == policy_schema_text(), told


def test_the_default_policy_is_valid_and_names_the_schema(validator: jsonschema_rs.Validator) -> None:
    assert [error.message for error in validator.iter_errors(default_content())] == []
    assert default_policy_text().splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}"


BROKEN: dict[str, dict[str, Any]] = {
    "unknown key": {"wat": 1},
    "unknown key of a rule": {"rules": [{"id": "a", "owner": "me", "effect": "exclude", "wat": 1}]},
    "no owner": {"rules": [{"id": "a", "effect": "exclude"}]},
    "unknown effect": {"rules": [{"id": "a", "owner": "me", "effect": "hide"}]},
    "includes that are no list": {"include": "a.yaml"},
    "a date that is a number": {"rules": [{"id": "a", "owner": "me", "effect": "exclude", "from": 20270101}]},
    "no capacity": {"placements": {"home": {"channel": "web", "types": ["product"]}}},
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_the_model_refuses_is_marked(case: str, validator: jsonschema_rs.Validator) -> None:
    assert not validator.is_valid(default_content(**BROKEN[case]))


def test_includes_and_dates_are_allowed(validator: jsonschema_rs.Validator) -> None:
    rule = {"id": "a", "owner": "me", "effect": "exclude", "from": "2027-01-01", "until": "2027-01-31T09:00:00Z"}
    assert validator.is_valid(default_content(include=["parts/a.yaml"], rules=[rule]))


def test_every_key_of_the_file_is_explained() -> None:
    properties = policy_json_schema()["properties"]
    assert set(properties) == {*Policy.model_fields, "include"}
    assert [key for key, schema in properties.items() if not schema.get("description")] == []


def test_attributes_of_docstrings_explain_the_keys_of_parts() -> None:
    rule = policy_json_schema()["$defs"]["Rule"]["properties"]
    assert "`until`" in rule["until"]["description"]
    assert "from_at" not in rule
    assert all("\n" not in schema.get("description", "") for schema in rule.values())


def test_the_report_writes_the_schema_where_it_is_told_to(tmp_path: Path) -> None:
    report = schema_report(tmp_path)
    assert json.loads((tmp_path / SCHEMA_FILE).read_text(encoding="utf-8")) == json.loads(json.dumps(report.facts))
    assert str(tmp_path / SCHEMA_FILE) in report.notes[0]
    assert schema_report(None).notes[0].startswith("Nothing is written")


def test_an_earlier_schema_is_replaced(tmp_path: Path) -> None:
    (tmp_path / SCHEMA_FILE).write_text("{}")
    assert write_schema(tmp_path).read_text(encoding="utf-8") == policy_schema_text()


def test_no_part_of_the_model_is_open() -> None:
    definitions = policy_json_schema()["$defs"]
    parts = [name for name, schema in definitions.items() if "properties" in schema]
    assert parts
    assert all(definitions[name]["additionalProperties"] is False for name in parts)
    assert Part.model_config["extra"] == "forbid"
