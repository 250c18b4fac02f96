"""Builds the agent's zipapp: our modules and the pure-Python wheels, source and byte code, reproducibly."""

import argparse
import ast
import fnmatch
import hashlib
import importlib.util
import marshal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements" / "agent.txt"
WHEELS = ROOT / "build" / "agent-wheels"
TARGET = ROOT / "src" / "solstice" / "data" / "agent.pyz"
MOST_BYTES = 1_000_000
PYTHON = "3.11"
"""The lowest Python in a guest."""

OURS = (
    "solstice/__init__.py",
    "solstice/agent/*.py",
    "solstice/domain/__init__.py",
    "solstice/domain/masking.py",
    "solstice/main/__init__.py",
    "solstice/main/agent.py",
    "solstice/wire/__init__.py",
    "solstice/wire/agent.py",
    "solstice/wire/handshake.py",
    "solstice/wire/generated/*.py",
)
THEIRS = ("grpclib/*.py", "h2/*.py", "hpack/*.py", "hyperframe/*.py", "multidict/*.py", "google/*.py")
NOT_NEEDED = (
    "grpclib/channelz/*",
    "grpclib/health/*",
    "grpclib/plugin/*",
    "grpclib/reflection/*",
    "grpclib/server.py",
    "grpclib/testing.py",
    "google/_upb/*",
    "google/protobuf/compiler/*",
    "google/protobuf/testdata/*",
    "google/protobuf/util/*",
    "google/protobuf/json_format.py",
    "google/protobuf/internal/*benchmark*",
    "google/protobuf/internal/testing_refleaks.py",
    "google/protobuf/service*.py",
    "google/protobuf/[a-ce-z]*_pb2.py",
    "google/protobuf/duration*_pb2.py",
)
LICENCES = ("*.dist-info/licenses/*", "*.dist-info/LICENSE*")
SUBSTITUTES = {
    # Only wanted for the repr() of a message, and a sixth of all import time.
    "google/protobuf/text_format.py": (
        "def MessageToString(message, **_):\n    return f'<{message.DESCRIPTOR.full_name}>'\n"
    ),
}
START = """\
import sys
sys.modules["ssl"] = None  # Nothing here speaks TLS by itself, and its import is slow.
from solstice.main.agent import main
sys.exit(main())
"""
_DATE = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Build, unless the zipapp that is there was made of the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--force", action="store_true")
    arguments = parser.parse_args()
    target: Path = arguments.target
    stamp = target.with_suffix(".inputs")
    digest = _digest_inputs()
    if not arguments.force and target.exists() and stamp.exists() and stamp.read_text("ascii") == digest:
        return
    _download_wheels()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    _write(unfinished, dict(sorted(_modules())))
    size = unfinished.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"the agent has {size} bytes, more than the {MOST_BYTES} it may have: leave something out")
    unfinished.replace(target)
    stamp.write_text(digest, "ascii")
    print(f"{target}: {size} bytes")  # noqa: T201


def _digest_inputs() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in (Path(__file__), REQUIREMENTS, *_our_files()):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _download_wheels() -> None:
    """Fetch the pinned wheels once; the folder is emptied when the pins change."""
    stamp = WHEELS / "pinned"
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("ascii") == pins:
        return
    WHEELS.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS.glob("*.whl"):
        wheel.unlink()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", PYTHON]
    command += ["--dest", str(WHEELS), "--requirement", str(REQUIREMENTS)]
    subprocess.run(command, check=True)
    stamp.write_text(pins, "ascii")


def _our_files() -> list[Path]:
    source = ROOT / "src"
    names = [path for path in sorted(source.rglob("*.py")) if _is(path.relative_to(source).as_posix(), OURS)]
    return [path for path in names if path.is_file()]


def _modules() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", START.encode()
    # A namespace package in its wheel; zipimport finds no such thing.
    yield "google/__init__.py", b""
    for path in _our_files():
        yield path.relative_to(ROOT / "src").as_posix(), path.read_bytes()
    for wheel in sorted(WHEELS.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name in SUBSTITUTES:
                    yield name, SUBSTITUTES[name].encode()
                elif _is(name, THEIRS) and not _is(name, NOT_NEEDED):
                    yield name, _strip(archive.read(name))
                elif _is(name, LICENCES):
                    yield name, archive.read(name)


class _Docstrings(ast.NodeTransformer):
    """Removes them, which halves what has to be read when the agent starts."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
            if not node.body and not isinstance(node, ast.Module):
                node.body = [ast.Pass()]
        return node


def _strip(source: bytes) -> bytes:
    """The same program without comments and docstrings."""
    return ast.unparse(ast.fix_missing_locations(_Docstrings().visit(ast.parse(source)))).encode()


def _is(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _write(path: Path, modules: dict[str, bytes]) -> None:
    """The zipapp, every module as byte code for the Python at hand and as source for any other."""
    with path.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, source in modules.items():
                archive.writestr(_entry(name), source)
                if name.endswith(".py") and name != "__main__.py":
                    archive.writestr(_entry(name + "c"), _compile(name, source))
    path.chmod(0o755)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _compile(name: str, source: bytes) -> bytes:
    # Flags 1: the byte code names its source's digest, and nobody checks it.
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


if __name__ == "__main__":
    main()
