"""Where other KDL readers agree, so does this one; the known differences stand here, with reasons."""

from typing import Any

import ckdl
import kdlquery
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.domain.kdl.dialect import Dialect, kdl_1, kdl_2
from solstice.domain.kdl.mistakes import Mistakes
from solstice.domain.kdl.parser import Parser
from tests.domain.kdl.documents import documents
from tests.domain.kdl.reading import meaning


def ours(text: str, dialect: Dialect) -> list[Any] | None:
    """What this reader makes of a text in one version; ``None`` if it has mistakes."""
    mistakes = Mistakes()
    nodes = Parser(text, dialect, mistakes, 32).read()
    return None if mistakes.in_order() else meaning(nodes)


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


@settings(max_examples=30, deadline=None)
@given(documents())
def test_valid_documents_mean_the_same_to_all_three(document: tuple[list[Any], str]) -> None:
    expected, text = document
    # ckdl refuses a `{` or `/-` with no white space before it.
    assert by_ckdl(text, 2) in (None, expected)
    # kdlquery refuses a node after a second children block, even if that one is commented out.
    if "} /-{ a }" not in text:
        assert by_kdlquery(text) == plain(expected)


# Neither a vertical tab nor a byte order mark, a slashdash or a continued line: see the differences below.
WORDS = 'a b1 0x 1_0 1.5e3 true #true #null nan // /*x*/ =1 \'x #" "#'
STRINGS = ['""', '"a b"', '"\\n"', '"\\u{41}"', '"\\q"', '"\\ "', '"\\/"', '"{"', '"//"', '"""\n', '\n"""']
PIECES = st.sampled_from([*"{}()=;#\"/\n\r \t-+.,[]'", *WORDS.split(" "), *STRINGS])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=10).map("".join))
def test_any_text_means_the_same_to_kdlquery(text: str) -> None:
    assert by_kdlquery(text) == plain(ours(text, kdl_2()))


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.sampled_from(["/-", "\\\n", 'r"', 'r#"', " false"]), max_size=10).map("".join))
def test_a_text_that_ckdl_reads_too_means_the_same_to_it(text: str) -> None:
    for version, dialect in ((1, kdl_1()), (2, kdl_2())):
        here, there = ours(text, dialect), by_ckdl(text, version)
        assert here is None or there is None or here == there


@pytest.mark.parametrize(
    ("text", "mistaken"),
    [
        pytest.param("\ufeffa", [("\ufeffa", [], {}, [])], id="a byte order mark is no part of a name"),
        pytest.param('a """\n b\x0b """', None, id="a vertical tab ends a line of a block"),
        pytest.param("\\\n// a", None, id="a comment may follow a continued line"),
        pytest.param("/-;a", [], id="a slashdash needs something to comment out"),
        pytest.param("a {} /-{ b }\nc", None, id="a node ends after a block that is commented out"),
        pytest.param(
            'a /-1"b"', [("a", ["b"], {}, [])], id="white space is needed after what is commented out"
        ),
    ],
)
def test_kdlquery_is_mistaken_about(text: str, mistaken: object) -> None:
    assert by_kdlquery(text) == mistaken
    assert plain(ours(text, kdl_2())) != mistaken


@pytest.mark.parametrize(
    ("text", "version", "mistaken"),
    [
        pytest.param("a\x0bb", 2, [("a", ["b"], {}, [])], id="a vertical tab ends a line"),
        pytest.param(
            "a 3.60892746046284e-46",
            2,
            [("a", [3.6089274604628404e-46], {}, [])],
            id="a real number is the nearest",
        ),
        pytest.param("a{}", 2, None, id="no white space is needed before a brace"),
        pytest.param("a/-1", 2, None, id="nor before a slashdash"),
        pytest.param("\\b", 2, [("b", [], {}, [])], id="a continued line must end"),
        pytest.param("a /- /- 1 2", 2, [("a", [2], {}, [])], id="a slashdash comments out no other"),
        pytest.param("a \\", 1, [("a", [], {}, [])], id="version 1 continues no line at the end of the text"),
    ],
)
def test_ckdl_is_mistaken_about(text: str, version: int, mistaken: object) -> None:
    assert by_ckdl(text, version) == mistaken
    assert ours(text, kdl_1() if version == 1 else kdl_2()) != mistaken
