"""The types that an attribute of an expression may have."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator


class AttributeType(StrEnum):
    """What an attribute of an expression holds."""

    STRING = "string"
    INT = "int"
    DOUBLE = "double"
    BOOL = "bool"
    STRINGS = "strings"


def _scalar(kind: AttributeType) -> AttributeType:
    if kind is AttributeType.STRINGS:
        raise ValueError("requests send one value an attribute; use string, int, double or bool")
    return kind


ScalarType = Annotated[AttributeType, AfterValidator(_scalar)]
