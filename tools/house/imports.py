"""The table of rooms: who may import whom, and which libraries a room may use."""

import ast
import sys
from collections.abc import Iterator

from tools.house.source import Finding, Module

MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "wire": frozenset({"domain"}),
    "gateway": frozenset({"domain", "wire"}),
    "orchestrator": frozenset({"domain", "wire"}),
    "agent": frozenset({"domain", "wire"}),
    "web": frozenset({"domain", "wire"}),
    "cli": frozenset({"domain", "wire"}),
    "adapters": frozenset({"domain", "wire"}),
    "main": frozenset({"domain", "wire", "gateway", "orchestrator", "agent", "web", "cli", "adapters"}),
}
"""Every room there is, and the rooms below it."""

LIBRARIES: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "wire": frozenset({"google"}),
    "agent": frozenset({"google", "grpclib", "h2", "hpack", "hyperframe", "multidict"}),
    "orchestrator": frozenset({"google", "grpc", "stamina"}),
    "cli": frozenset({"click", "httpx2", "rich"}),
}
"""What a room may use beyond the standard library; a room that is not listed may use anything pinned."""

SHARED_BY_ADAPTERS = frozenset({"faults"})
"""The one thing adapters have in common: how this computer's errors become ours."""

IMPURE = frozenset(
    "asyncio concurrent ctypes fcntl getpass glob http io logging multiprocessing os platform queue random "
    "secrets select selectors shutil signal socket sqlite3 ssl subprocess sys tempfile threading time "
    "urllib.request uuid zoneinfo".split()
)
"""Standard modules that reach a clock, chance, the network, files or other tasks: never in `domain`."""

TOUCHES_FILES = frozenset(
    "read_text write_text read_bytes write_bytes iterdir mkdir unlink rmdir is_file is_dir rglob".split()
)
"""A path is a value and welcome in `domain`; asking the disk about it is not."""


def check_imports(module: Module) -> Iterator[Finding]:
    """Imports go down the drawing only, and a room uses only its own libraries."""
    if not module.room:
        return
    if module.room not in MAY_IMPORT:
        yield module.finding(1, f"there is no room `{module.room}`; see docs/HOUSE.md")
        return
    for node, name in _imported(module):
        pieces = name.split(".")
        if pieces[0] == "solstice":
            if fault := _fault_inside(module, pieces):
                yield module.finding(node, fault)
        elif pieces[0] not in sys.stdlib_module_names:
            allowed = LIBRARIES.get(module.room)
            if allowed is not None and pieces[0] not in allowed:
                yield module.finding(node, f"`{module.room}` may not use the library `{pieces[0]}`")


def check_purity(module: Module) -> Iterator[Finding]:
    """`domain` has no clock, chance, input, output, log or concurrency."""
    if module.room != "domain":
        return
    for node, name in _imported(module):
        if any(name == impure or name.startswith(impure + ".") for impure in IMPURE):
            yield module.finding(node, f"`domain` is pure and may not import `{name}`")
    for kind in (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith):
        for node in module.every(kind):
            yield module.finding(node, "`domain` is synchronous")
    for call in module.every(ast.Call):
        if called := _impure_call(call):
            yield module.finding(call, f"`domain` is pure and may not call `{called}`")


def _fault_inside(module: Module, pieces: list[str]) -> str:
    """What is wrong with importing ``solstice.<pieces…>`` here; "" if nothing."""
    if len(pieces) == 1 or pieces[1] == "__version__":
        return ""
    room = pieces[1]
    if room != module.room:
        return "" if room in MAY_IMPORT[module.room] else f"`{module.room}` may not import `{room}`"
    if room == "adapters" and len(pieces) > 2 and pieces[2] not in {module.parts[1], *SHARED_BY_ADAPTERS}:
        return f"adapters are strangers: `{module.parts[1]}` may not import `{pieces[2]}`"
    return ""


def _imported(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every absolute name the module imports, wherever the statement stands.

    ``from a import b`` counts as ``a.b``: it may name a module.
    """
    package = ["solstice", *module.parts]
    if module.path.name != "__init__.py":
        package.pop()
    for node in module.every(ast.Import):
        for alias in node.names:
            yield node, alias.name
    for source in module.every(ast.ImportFrom):
        start = package[: len(package) - source.level + 1] if source.level else []
        origin = ".".join([*start, *([source.module] if source.module else [])])
        for alias in source.names:
            yield source, f"{origin}.{alias.name}"


def _impure_call(node: ast.Call) -> str:
    """The name of what is called if that reaches outside; else ""."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id if function.id in ("open", "input", "print") else ""
    if not isinstance(function, ast.Attribute):
        return ""
    if function.attr in TOUCHES_FILES:
        return function.attr
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    is_clock = name in ("datetime", "date") and function.attr in ("now", "utcnow", "today")
    return function.attr if is_clock else ""
