"""Where other KDL readers agree, this one agrees with them; known differences stand in this file, with reasons."""

from typing import Any

import ckdl
import kdlquery
from hypothesis import given, settings
from solstice.domain.kdl.dialect import Dialect
from solstice.domain.kdl.mistakes import Mistakes
from solstice.domain.kdl.parser import Parser
from tests.domain.kdl.documents import documents
from tests.domain.kdl.reading import meaning


def ours(text: str, dialect: Dialect) -> list[Any] | None:
    """What this reader makes of a text in one version; ``None`` if it has mistakes."""
    mistakes = Mistakes()
    nodes = Parser(text, dialect, mistakes, 32).read()
    return None if mistakes.count else meaning(nodes)


def by_ckdl(text: str, version: int) -> list[Any] | None:
    """What ckdl makes of it."""
    try:
        return [_ckdl_node(node) for node in ckdl.parse(text, version=version).nodes]
    except ckdl.ParseError:
        return None


def _ckdl_node(node: Any) -> Any:
    arguments = [_ckdl_value(value) for value in node.args]
    properties = {name: _ckdl_value(value) for name, value in node.properties.items()}
    children = [_ckdl_node(child) for child in node.children]
    return _annotated(node.type_annotation, node.name), arguments, properties, children


def _ckdl_value(value: Any) -> Any:
    return _annotated(value.type_annotation, value.value) if isinstance(value, ckdl.Value) else value


def _annotated(annotation: str | None, what: Any) -> Any:
    return (annotation, what) if annotation else what


def by_kdlquery(text: str) -> list[Any] | None:
    """What kdlquery makes of it, annotations left out: it keeps those as they are written."""
    try:
        return [_kdlquery_node(node) for node in kdlquery.parse(text).nodes]
    except kdlquery.KDLParseError:
        return None


def _kdlquery_node(node: Any) -> Any:
    arguments = [value.value for value in node.args]
    properties = {name: value.value for name, value in node.properties.items()}
    return node.name, arguments, properties, [_kdlquery_node(child) for child in node.children]


def plain(nodes: list[Any] | None) -> list[Any] | None:
    """A meaning without annotations."""
    if nodes is None:
        return None
    return [
        (
            _bare(name),
            [_bare(value) for value in arguments],
            {k: _bare(v) for k, v in entries.items()},
            plain(children),
        )
        for name, arguments, entries, children in nodes
    ]


def _bare(what: Any) -> Any:
    return what[1] if isinstance(what, tuple) else what


@settings(max_examples=150, deadline=None)
@given(documents())
def test_valid_documents_mean_the_same_to_all_three(document: tuple[list[Any], str]) -> None:
    expected, text = document
    assert by_ckdl(text, 2) == expected
    assert by_kdlquery(text) == plain(expected)
