"""Checks the whole repository against the rules of the house and prints every finding."""

import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tools.house import docstrings, environment, files, imports, names, sizes, texts
from tools.house.source import ROOT, Finding, Module, list_files, read_modules

Rule = Callable[[Module], Iterator[Finding]]

PACKAGE_RULES: tuple[Rule, ...] = (
    imports.check_imports,
    imports.check_purity,
    names.check_names,
    names.check_units,
    sizes.check_module_length,
    sizes.check_function_length,
    docstrings.check_docstrings,
    docstrings.check_ports,
    environment.check_environment,
)
"""Rules for what is installed."""

OTHER_RULES: tuple[Rule, ...] = (names.check_names, sizes.check_module_length, environment.check_environment)
"""Rules for tests, benchmarks and tools."""


def check_modules() -> Iterator[Finding]:
    """Every rule that looks at parsed Python."""
    for folder, rules in (
        ("src/solstice", PACKAGE_RULES),
        ("tests", OTHER_RULES),
        ("tools", (*OTHER_RULES, sizes.check_function_length, docstrings.check_docstrings)),
        ("benchmarks", OTHER_RULES),
        (".solstice", OTHER_RULES),
    ):
        for module in read_modules(folder):
            for rule in rules:
                yield from rule(module)


def check_files() -> Iterator[Finding]:
    """Every rule that looks at a file as text."""
    for path in list_files():
        text = _read(path)
        yield from texts.check_text(path, text)
        if path.is_relative_to(".mise/tasks"):
            yield from files.check_task(path, text, (ROOT / path).stat().st_mode)
        if path.is_relative_to("requirements") and path.suffix == ".txt":
            yield from files.check_requirements(path, text)


def _read(path: PurePosixPath) -> str:
    return (ROOT / path).read_text("utf-8", errors="replace")


def main() -> int:
    """Print the findings; 1 if there are any."""
    findings = [*check_modules(), *check_files()]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(findings)} breach(es) of the rules of the house\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
