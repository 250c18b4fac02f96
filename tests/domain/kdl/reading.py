"""Short forms of what was read, so that a test shows a text and its meaning on one line each."""

from typing import Any

from solstice.domain.diagnostic import Diagnostic, Source
from solstice.domain.kdl import Document, Node, parse


def meaning(nodes: tuple[Node, ...]) -> list[Any]:
    """Each node as ``(name, arguments, properties, children)``; what is annotated as ``(annotation, it)``."""
    return [_node(node) for node in nodes]


def _node(node: Node) -> Any:
    arguments = [_annotated(value.annotation, value.scalar) for value in node.arguments]
    properties = {
        entry.name: _annotated(entry.value.annotation, entry.value.scalar) for entry in node.properties
    }
    return _annotated(node.annotation, node.name), arguments, properties, meaning(node.children)


def _annotated(annotation: str, what: Any) -> Any:
    return (annotation, what) if annotation else what


def read(text: str, version: int) -> list[Any]:
    """The meaning of a text that must be clean and of ``version``."""
    document = parse(text)
    assert document.mistakes == ()
    assert document.version == version
    return meaning(document.nodes)


def arguments(text: str, version: int) -> list[Any]:
    """The arguments of the one node of a clean text."""
    [node] = read(text, version)
    return list(node[1])


def written(text: str, mistake: Diagnostic) -> str:
    """The characters a mistake points at."""
    return text[mistake.span.start : mistake.span.end]


def places(text: str, document: Document) -> list[tuple[int, int, str]]:
    """Line, column and the characters pointed at, for each mistake."""
    source = Source("workflow.kdl", text)
    found = [(source.place(mistake.span.start), written(text, mistake)) for mistake in document.mistakes]
    return [(place.line, place.column, what) for place, what in found]
