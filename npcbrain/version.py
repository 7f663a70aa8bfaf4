"""Which release this is; the same stands in ``pyproject.toml``."""

__all__ = ["RELEASE"]

RELEASE = "0.1.0"
