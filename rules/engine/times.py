"""The one time that is none."""

NEVER = -(1 << 62)
"""A time that nothing was yet seen at; differences to it still fit an int64."""
