"""How things are called: no empty words, and a bare number says its unit."""

import ast
import re
from collections.abc import Iterator

from tools.house.source import Finding, Module

EMPTY_WORDS = frozenset(
    "util utils helper helpers common misc base manager service handler processor".split()
)
"""Words that say nothing about what a thing is."""

DURATION = re.compile(r"(^|_)(timeout|interval|delay|ttl|grace|period|deadline|elapsed|duration)$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def check_names(module: Module) -> Iterator[Finding]:
    """No module, folder or class is named with an empty word."""
    for part in (*module.path.parts[:-1], module.path.stem):
        if EMPTY_WORDS & set(part.lower().split("_")):
            yield module.finding(1, f"`{part}` says nothing; name the module for what it owns")
    for node in module.nodes:
        if isinstance(node, ast.ClassDef):
            words = {word.lower() for word in _WORD.findall(node.name)}
            if empty := EMPTY_WORDS & words:
                yield module.finding(node, f"class `{node.name}`: `{sorted(empty)[0]}` says nothing")


def check_units(module: Module) -> Iterator[Finding]:
    """A duration that is a bare number carries its unit in its name."""
    for node in module.nodes:
        if isinstance(node, ast.arg):
            name, annotation = node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, annotation = node.target.id, node.annotation
        else:
            continue
        if annotation is not None and DURATION.search(name.lower()) and _is_number(annotation):
            yield module.finding(
                node, f"`{name}` is a bare number: use timedelta, or say the unit in the name"
            )


def _is_number(annotation: ast.expr) -> bool:
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return bool(names & {"int", "float"}) and "timedelta" not in names
