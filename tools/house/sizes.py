"""How long a module and a function may be."""

import ast
from collections.abc import Iterator

from tools.house.source import Finding, Module

MODULE_LINES = 300
MODULE_LINES_EVER = 400
FUNCTION_LINES = 40
METHODS_OF_A_PORT = 6

LONG_MODULES: dict[str, str] = {}
"""Modules between 300 and 400 lines, each with the reason why it is still one sitting."""


def check_module_length(module: Module) -> Iterator[Finding]:
    """A module is read in one sitting."""
    lines = module.text.count("\n")
    limit = MODULE_LINES
    if str(module.path) in LONG_MODULES or not module.room:
        limit = MODULE_LINES_EVER
    if lines > limit:
        yield module.finding(1, f"{lines} lines; split it, the most is {limit}")


def check_function_length(module: Module) -> Iterator[Finding]:
    """A function fits one screen; its docstring is not counted."""
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*module.every(ast.FunctionDef)]
    for node in [*functions, *module.every(ast.AsyncFunctionDef)]:
        lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
        if lines > FUNCTION_LINES:
            yield module.finding(node, f"`{node.name}` has {lines} lines; the most is {FUNCTION_LINES}")


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1
