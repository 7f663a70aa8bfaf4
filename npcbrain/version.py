"""The number of this release; the same as in ``pyproject.toml``."""

__all__ = ["RELEASE"]

RELEASE = "0.1.0"
