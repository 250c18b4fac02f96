"""Checks the whole repository against the rules of the house and prints every finding."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from tools.house import docstrings, environment, files, imports, names, sizes, source, texts
from tools.house.source import ROOT, Finding, Module, list_files, read_modules

Record = dict[str, str | float]
Rule = Callable[[Module], Iterator[Finding]]

OTHER_RULES: tuple[Rule, ...] = (
    source.check_syntax,
    names.check_names,
    sizes.check_module_length,
    environment.check_environment,
)
"""Rules for all Python there is."""

PACKAGE_RULES: tuple[Rule, ...] = (
    *OTHER_RULES,
    imports.check_imports,
    imports.check_purity,
    names.check_units,
    sizes.check_function_length,
    docstrings.check_docstrings,
    docstrings.check_ports,
)
"""Rules for what is installed."""

FOLDERS: dict[str, tuple[Rule, ...]] = {
    "src/solstice": PACKAGE_RULES,
    "tests": OTHER_RULES,
    "tools": (*OTHER_RULES, sizes.check_function_length, docstrings.check_docstrings),
    "benchmarks": OTHER_RULES,
    ".solstice": OTHER_RULES,
}


def check_modules(folders: Iterable[str] = FOLDERS) -> Iterator[Finding]:
    """Every rule that looks at parsed Python; ``folders`` stand anywhere below those of `FOLDERS`."""
    for folder in folders:
        rules = next(rules for top, rules in FOLDERS.items() if PurePosixPath(folder).is_relative_to(top))
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


def write_report(path: Path, records: Sequence[Record]) -> None:
    """Leave behind what was checked, in the shape of `.solstice/verify.py`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"part": "house", "checks": records}, indent=2) + "\n")


def _known_folder(name: str) -> str:
    if any(PurePosixPath(name).is_relative_to(top) for top in FOLDERS) and (ROOT / name).is_dir():
        return name
    raise argparse.ArgumentTypeError(f"{name} is no folder with Python of ours")


def main() -> int:
    """Print the findings; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, help="write a report in JSON to this file")
    parser.add_argument(
        "--only",
        metavar="FOLDER",
        type=_known_folder,
        action="append",
        help="of the Python, look at this only",
    )
    given = parser.parse_args()
    records: list[Record] = []
    for name, check in (("modules", check_modules(given.only or FOLDERS)), ("files", check_files())):
        started = time.monotonic()
        failure = "".join(f"{finding}\n" for finding in check)
        seconds = round(time.monotonic() - started, 3)
        records.append({"name": name, "seconds": seconds, "failure": failure})
        sys.stdout.write(failure or f"{name}: in good order ({seconds:.2f}s)\n")
    if given.report:
        write_report(given.report, records)
    return 1 if any(record["failure"] for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
