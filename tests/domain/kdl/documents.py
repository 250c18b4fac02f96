"""Generated KDL 2 documents: nodes as values, and a text that means them, with the freedom KDL gives."""

from typing import Any

from hypothesis import strategies as st

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_BARE = st.from_regex(r"[a-zA-Z_é<>'~!$%^&*|?,:@][a-zA-Z0-9_.+\-é'<>,:]{0,6}", fullmatch=True).filter(
    lambda word: word not in ("true", "false", "null", "inf", "nan")
)
_NAMED_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f"}


def quote(text: str) -> str:
    """``text`` as a quoted string, every character escaped that may need it."""
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[char]
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"


@st.composite
def strings(draw: st.DrawFn) -> tuple[str, str]:
    """A string and how it is written: bare, quoted, raw or as a block."""
    form = draw(st.sampled_from(["bare", "quoted", "raw", "block"]))
    if form == "bare":
        word = draw(_BARE)
        return word, word
    if form == "raw":
        text = draw(st.text("ab\\ {}/;=é'", max_size=8))
        hashes = "#" * draw(st.integers(1, 3))
        return text, f'{hashes}"{text}"{hashes}'
    text = draw(st.text(_CHARACTERS, max_size=8))
    if form == "quoted":
        return text, quote(text)
    indent = draw(st.text(" \t", max_size=3))
    lines = [quote(line)[1:-1] for line in text.split("\n")]
    # A line of white space alone would count as empty, so its first character is escaped.
    lines = [f"\\u{{{ord(line[0]):x}}}{line[1:]}" if line[:1].isspace() else line for line in lines]
    body = "".join(f"{indent}{line}\n" for line in lines)
    return text, f'"""\n{body}{indent}"""'


@st.composite
def values(draw: st.DrawFn) -> tuple[Any, str]:
    """A value and how it is written, perhaps with an annotation."""
    value, text = draw(
        st.one_of(
            strings(),
            st.integers(-(10**30), 10**30).map(lambda number: (number, str(number))),
            st.integers(0, 2**70).map(lambda number: (number, f"0x{number:x}_")),
            st.integers(0, 2**70).map(lambda number: (-number, f"-0b{number:_b}")),
            st.integers(-(10**6), 10**6).map(lambda eighths: (eighths / 8, repr(eighths / 8))),
            st.sampled_from([(True, "#true"), (False, "#false"), (None, "#null"), (float("-inf"), "#-inf")]),
        )
    )
    if draw(st.booleans()):
        return value, text
    annotation, annotation_text = draw(strings())
    return (
        (annotation, value) if annotation else value
    ), f"({annotation_text}){draw(st.sampled_from(['', ' ', '/**/']))}{text}"


_SPACES = st.sampled_from(
    [" ", "\t", "  ", "/* { */", " \\\n ", ' \\ // " }\n', "\u3000", " /- 1 ", ' /-\nx=(t)"}" ']
)


@st.composite
def _nodes_at(draw: st.DrawFn, depth: int) -> tuple[list[Any], str]:
    nodes, text = [], draw(st.sampled_from(["", "\n", "// {\n", '/- dropped { "}" }\n', "/*\n*/"]))
    for _ in range(draw(st.integers(0, 3))):
        node, written = draw(_node_at(depth))
        nodes.append(node)
        text += written + draw(st.sampled_from([";", "\n", "\r\n", " // }\n", "; \n\n", "\u2028"]))
    return nodes, text


@st.composite
def _node_at(draw: st.DrawFn, depth: int) -> tuple[Any, str]:
    name, text = draw(strings())
    arguments: list[Any] = []
    properties: dict[str, Any] = {}
    for _ in range(draw(st.integers(0, 3))):
        value, written = draw(values())
        text += draw(_SPACES)
        if draw(st.booleans()):
            arguments.append(value)
        else:
            key, key_text = draw(strings())
            properties[key] = value
            text += key_text + draw(st.sampled_from(["=", " = ", "=\\\n", "/**/="]))
        text += written
    children: list[Any] = []
    if depth and draw(st.booleans()):
        children, written = draw(_nodes_at(depth - 1))
        text += (
            draw(st.sampled_from(["", " "])) + "{" + written + "}" + draw(st.sampled_from(["", " /-{ a }"]))
        )
    return (name, arguments, properties, children), text


def documents() -> st.SearchStrategy[tuple[list[Any], str]]:
    """The meaning of a document (as ``reading.meaning`` shows it) and a text that has it."""
    return _nodes_at(2)
