"""What a feature of a member is called, what it means, and what values it can have."""

from recsys.profile import ColumnSpec, Unit

__all__ = ["ColumnSpec", "Unit"]
