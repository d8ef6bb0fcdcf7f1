"""The engine: what a decision is. NumPy, SciPy, pydantic and the standard library; no clock, network or database."""
