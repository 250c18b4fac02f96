"""Settings are read once: nothing else reads the process environment, nobody sets it."""

import ast
from collections.abc import Iterator

from tools.house.source import Finding, Module

MAY_READ = "src/solstice/main/settings.py"
MAY_EQUIP_STEPS = "src/solstice/agent/shell.py"
"""The environment that a workflow declares for its steps is job data."""

_READS = frozenset({"environ", "environb", "getenv", "getenvb"})
_SETS = frozenset({"putenv", "unsetenv"})
_READS_HOME = frozenset({"expandvars", "expanduser"})
_STARTS = frozenset(
    "run Popen call check_call check_output create_subprocess_exec create_subprocess_shell "
    "subprocess_exec subprocess_shell posix_spawn posix_spawnp open_process run_process".split()
)
_STARTS_WITH_ENVIRONMENT = frozenset(
    "execle execlpe execve execvpe spawnle spawnlpe spawnve spawnvpe posix_spawn posix_spawnp".split()
)
_CLICK = frozenset({"envvar", "auto_envvar_prefix", "show_envvar"})


def check_environment(module: Module) -> Iterator[Finding]:
    """No reading outside the settings, no setting anywhere, no ``env=`` for a child process."""
    path = str(module.path)
    for attribute in module.every(ast.Attribute):
        if _of_os(attribute):
            yield from _judge(module, attribute, attribute.attr, path)
    for imported in module.every(ast.ImportFrom):
        if imported.module == "os":
            for alias in imported.names:
                yield from _judge(module, imported, alias.name, path)
    for call in module.every(ast.Call):
        yield from _judge_call(module, call, path)


def _judge(module: Module, node: ast.AST, name: str, path: str) -> Iterator[Finding]:
    if name in _SETS:
        yield module.finding(node, f"`os.{name}` changes the environment")
    elif name in _READS and path != MAY_READ:
        yield module.finding(node, f"`os.{name}` is read in main/settings.py only")
    elif name in _STARTS_WITH_ENVIRONMENT and path != MAY_EQUIP_STEPS:
        yield module.finding(node, f"`os.{name}` gives a child process an environment")


def _judge_call(module: Module, node: ast.Call, path: str) -> Iterator[Finding]:
    name = _name_of(node.func)
    given = {keyword.arg for keyword in node.keywords}
    if name in _STARTS and "env" in given and path != MAY_EQUIP_STEPS:
        yield module.finding(node, f"`{name}(env=…)` gives a child process an environment")
    if name in _READS_HOME and path != MAY_READ:
        yield module.finding(node, f"`{name}` reads the environment; take the path from the settings")
    if name == "home" and isinstance(node.func, ast.Attribute) and _name_of(node.func.value) == "Path":
        yield module.finding(node, "`Path.home` reads the environment; take the path from the settings")
    if name in ("setenv", "delenv"):
        yield module.finding(node, f"`{name}` changes the environment")
    if path != MAY_READ and (found := _CLICK & {word for word in given if word}):
        yield module.finding(node, f"`{sorted(found)[0]}=` lets a library read the environment")
    if name in ("Client", "AsyncClient") and _is_httpx(node.func) and "trust_env" not in given:
        yield module.finding(node, f"`{name}` reads proxies from the environment; give it trust_env=False")
    if path != MAY_READ and name in ("__setitem__", "setdefault", "update", "pop") and _on_environ(node.func):
        yield module.finding(node, "changes the environment")


def _of_os(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "os"


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_httpx(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _name_of(node.value).startswith("httpx")


def _on_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _name_of(node.value) == "environ"
