"""The KDL node language, versions 1 and 2: text in, nodes with exact places and every mistake out."""

from solstice.domain.kdl.decoding import decode
from solstice.domain.kdl.document import Argument, Document, Node, Property, Scalar, Value
from solstice.domain.kdl.reading import parse

__all__ = ["Argument", "Document", "Node", "Property", "Scalar", "Value", "decode", "parse"]
