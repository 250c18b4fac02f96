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
    for node in module.every(ast.ClassDef):
        words = {word.lower() for word in _WORD.findall(node.name)}
        if empty := EMPTY_WORDS & words:
            yield module.finding(node, f"class `{node.name}`: `{sorted(empty)[0]}` says nothing")


def check_units(module: Module) -> Iterator[Finding]:
    """A duration that is a bare number carries its unit in its name."""
    for node, name, annotation in _annotated(module):
        if DURATION.search(name.lower()) and _is_number(annotation):
            fault = f"`{name}` is a bare number: use timedelta, or say the unit in the name"
            yield module.finding(node, fault)


def _annotated(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    for argument in module.every(ast.arg):
        if argument.annotation is not None:
            yield argument, argument.arg, argument.annotation
    for assigned in module.every(ast.AnnAssign):
        if isinstance(assigned.target, ast.Name):
            yield assigned, assigned.target.id, assigned.annotation


def _is_number(annotation: ast.expr) -> bool:
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return bool(names & {"int", "float"}) and "timedelta" not in names
