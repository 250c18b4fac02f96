"""The values a KDL text is read into."""

from dataclasses import dataclass

from solstice.domain.diagnostic import Diagnostic, Span

Scalar = str | int | float | bool | None
"""What a KDL value holds. Version 2's ``#inf``, ``#-inf`` and ``#nan`` are floats."""


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar, its type annotation ("" if none) and the span it was written in (annotation included)."""

    scalar: Scalar
    span: Span
    annotation: str = ""


Argument = Value


@dataclass(frozen=True, slots=True)
class Property:
    """``name=value``; ``span`` covers all of it, ``name_span`` the name alone."""

    name: str
    name_span: Span
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Node:
    """One node: name, arguments and properties in written order, children.

    A property written twice stands twice in ``properties`` (the last one counts in KDL; a reader may
    refuse it instead). ``span`` covers the node without its children block; ``has_children`` tells
    ``a {}`` from ``a``.
    """

    name: str
    name_span: Span
    span: Span
    arguments: tuple[Argument, ...] = ()
    properties: tuple[Property, ...] = ()
    children: tuple["Node", ...] = ()
    has_children: bool = False
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text as read: the version it was read as (1 or 2), its nodes, and every mistake found.

    With mistakes, ``nodes`` holds what could still be read, so that later checks can report more.
    """

    version: int
    nodes: tuple[Node, ...]
    mistakes: tuple[Diagnostic, ...] = ()
