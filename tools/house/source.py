"""Reads the repository's files for the rules."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = PurePosixPath("src/solstice")
GENERATED = PACKAGE / "wire" / "generated"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule: the file (relative to the repository), its line, and what is wrong."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed Python file. ``path`` is relative to the repository.

    ``nodes`` holds the tree's nodes by their exact type: every rule asks for a few types only, and under
    emulation a walk of the tree for each rule would be most of the time.
    """

    path: PurePosixPath
    text: str
    tree: ast.Module
    nodes: dict[type[ast.AST], list[ast.AST]]
    fault: SyntaxError | None = None
    """Why it is no Python; the tree is empty then."""

    @classmethod
    def parse(cls, path: str, text: str) -> "Module":
        """Parse ``text`` as the file ``path``."""
        try:
            tree, fault = ast.parse(text, path), None
        except SyntaxError as error:
            tree, fault = ast.Module([], []), error
        return cls(PurePosixPath(path), text, tree, _sort_nodes(tree), fault)

    def every(self, kind: type[Node]) -> Iterator[Node]:
        """The nodes of exactly this type."""
        yield from self.nodes.get(kind, ())  # type: ignore[misc]

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted name inside the package, in pieces: ``("domain", "kdl", "token")``; () outside it."""
        if not self.path.is_relative_to(PACKAGE):
            return ()
        parts = self.path.relative_to(PACKAGE).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def room(self) -> str:
        """The room the module stands in; "" for the package's own ``__init__`` and outside the package."""
        return self.parts[0] if self.parts else ""

    def finding(self, node: ast.AST | int, message: str) -> Finding:
        """A finding at ``node`` (or at a line)."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return Finding(str(self.path), line, message)


def check_syntax(module: Module) -> Iterator[Finding]:
    """A Python file is Python."""
    if module.fault:
        yield module.finding(module.fault.lineno or 1, f"is not Python: {module.fault.msg}")


def _sort_nodes(tree: ast.AST) -> dict[type[ast.AST], list[ast.AST]]:
    nodes: dict[type[ast.AST], list[ast.AST]] = {}
    waiting = [tree]
    for node in waiting:
        nodes.setdefault(type(node), []).append(node)
        for value in vars(node).values():
            if isinstance(value, list):
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                waiting.append(value)
    return nodes


def list_files(root: Path = ROOT) -> list[PurePosixPath]:
    """The files git knows or would add, deleted ones left out."""
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return [
        PurePosixPath(name) for name in sorted(filter(None, listed.split("\0"))) if (root / name).is_file()
    ]


def read_modules(under: str, root: Path = ROOT) -> Iterator[Module]:
    """Every hand-written Python module below the folder ``under``."""
    for path in list_files(root):
        if path.suffix == ".py" and path.is_relative_to(under) and not path.is_relative_to(GENERATED):
            yield Module.parse(str(path), (root / path).read_text("utf-8"))
