"""The one type of a value that is neither a list nor an object."""

Scalar = str | int | float | bool | None
