"""What has to be said in words: modules, public classes, ports."""

import ast
from collections.abc import Iterator

from tools.house.sizes import METHODS_OF_A_PORT
from tools.house.source import Finding, Module

PROCESS_ROOMS = frozenset({"gateway", "orchestrator", "agent", "web"})


def check_docstrings(module: Module) -> Iterator[Finding]:
    """A module says in one sentence what it owns; a public class says what it is."""
    if module.text.strip() and module.fault is None and not ast.get_docstring(module.tree):
        yield module.finding(1, "the module does not say what it owns")
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield module.finding(node, f"class `{node.name}` has no docstring")


def check_ports(module: Module) -> Iterator[Finding]:
    """A process room asks the world for things in its `ports.py`, by small protocols with a contract."""
    is_ports = module.path.name == "ports.py"
    if module.room not in PROCESS_ROOMS:
        if is_ports:
            yield module.finding(1, f"`{module.room}` is no process room and has no ports")
        return
    for node in filter(_is_protocol, module.every(ast.ClassDef)):
        if not is_ports:
            yield module.finding(node, f"port `{node.name}` belongs into {module.room}/ports.py")
            continue
        methods = [child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
        if len(methods) > METHODS_OF_A_PORT:
            yield module.finding(node, f"port `{node.name}` has {len(methods)} methods; split it")
        for method in methods:
            if not ast.get_docstring(method) and not ast.get_docstring(node):
                yield module.finding(method, f"`{node.name}.{method.name}` states no contract")


def _is_protocol(node: ast.ClassDef) -> bool:
    names = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return any(
        (isinstance(name, ast.Name) and name.id == "Protocol")
        or (isinstance(name, ast.Attribute) and name.attr == "Protocol")
        for name in names
    )
