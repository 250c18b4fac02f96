"""Names, sizes, docstrings, ports and the environment, and that each rule would notice a breach."""

from collections.abc import Callable, Iterator

import pytest

from tools.house import docstrings, environment, names, sizes
from tools.house.__main__ import OTHER_RULES, PACKAGE_RULES
from tools.house.source import Finding, Module, check_syntax, read_modules

Rule = Callable[[Module], Iterator[Finding]]

PACKAGE = list(read_modules("src/solstice"))
BESIDE = [
    module for folder in ("tests", "tools", "benchmarks", ".solstice") for module in read_modules(folder)
]


def _find(rule: Rule, modules: list[Module]) -> list[str]:
    return [str(finding) for module in modules for finding in rule(module)]


@pytest.mark.parametrize("rule", PACKAGE_RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rules(rule: Rule) -> None:
    assert _find(rule, PACKAGE) == []


@pytest.mark.parametrize("rule", OTHER_RULES, ids=lambda rule: rule.__name__)
def test_tests_and_tools_keep_the_rules_too(rule: Rule) -> None:
    assert _find(rule, BESIDE) == []


def test_a_long_module_is_excused_only_with_a_reason_and_only_while_it_is_long() -> None:
    lengths = {str(module.path): module.text.count("\n") for module in PACKAGE}
    for path, reason in sizes.LONG_MODULES.items():
        assert lengths.get(path, 0) > sizes.MODULE_LINES, f"{path} needs no excuse any more"
        assert len(reason) > 20


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (check_syntax, "domain/job.py", "def f(:"),
        (names.check_names, "domain/utils.py", ""),
        (names.check_names, "domain/string_helpers.py", ""),
        (names.check_names, "common/job.py", ""),
        (names.check_names, "domain/job.py", "class LeaseManager: ..."),
        (names.check_names, "domain/job.py", "class HTTPHandler: ..."),
        (names.check_names, "domain/job.py", "def f():\n    class BaseThing: ..."),
        (names.check_units, "cli/show.py", "def wait(timeout: float) -> None: ..."),
        (names.check_units, "cli/show.py", "class A:\n    poll_interval: int | None = None"),
        (sizes.check_module_length, "cli/show.py", "x = 1\n" * 301),
        (sizes.check_function_length, "cli/show.py", "def f():\n" + "    x = 1\n" * 40),
        (
            sizes.check_function_length,
            "cli/show.py",
            "class A:\n    async def f(self):\n" + "        x = 1\n" * 40,
        ),
        (docstrings.check_docstrings, "cli/show.py", "x = 1"),
        (docstrings.check_docstrings, "cli/show.py", '"""Owns it."""\nclass Table: ...'),
        (docstrings.check_ports, "orchestrator/launcher.py", "class Clock(Protocol): ..."),
        (docstrings.check_ports, "orchestrator/launcher.py", "class Clock(typing.Protocol[T]): ..."),
        (docstrings.check_ports, "domain/ports.py", ""),
        (docstrings.check_ports, "web/ports.py", "class Jobs(Protocol):\n    def all(self): ..."),
        (
            docstrings.check_ports,
            "web/ports.py",
            "class Jobs(Protocol):\n    '''All.'''\n"
            + "".join(f"    def m{n}(self): ...\n" for n in range(7)),
        ),
    ],
)
def test_a_breach_is_found(rule: Rule, path: str, text: str) -> None:
    (finding,) = rule(Module.parse(f"src/solstice/{path}", text))
    assert finding.file == f"src/solstice/{path}"
    assert finding.message


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.environ['X'] = '1'",
        "import os\nx = os.getenv('X')",
        "import os\nos.putenv('X', '1')",
        "from os import environ",
        "import subprocess\nsubprocess.run(['x'], env={})",
        "import asyncio\nasyncio.create_subprocess_exec('x', env=None)",
        "import os\nos.execve('x', [], {})",
        "import click\nclick.option('--x', envvar='X')",
        "main(auto_envvar_prefix='SOLSTICE')",
        "from pathlib import Path\nPath.home()",
        "from pathlib import Path\nPath('~').expanduser()",
        "import httpx2\nhttpx2.Client()",
        "def test(monkeypatch): monkeypatch.setenv('X', '1')",
    ],
)
def test_touching_the_environment_is_found(text: str) -> None:
    assert list(environment.check_environment(Module.parse("src/solstice/cli/show.py", text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main/settings.py", "import os\nread(os.environ)"),
        ("agent/shell.py", "import subprocess\nsubprocess.Popen(['x'], env={'CI': 'true'})"),
        ("domain/assigning.py", "StepAssignment(env=())"),
        ("adapters/download.py", "import httpx2\nhttpx2.Client(trust_env=False)"),
    ],
)
def test_the_two_places_that_may_and_everything_else_are_left_alone(path: str, text: str) -> None:
    assert list(environment.check_environment(Module.parse(f"src/solstice/{path}", text))) == []


def test_settings_read_the_environment_but_never_set_it() -> None:
    text = "import os\nos.environ.setdefault('X', '1')\nos.putenv('X', '1')"
    assert list(environment.check_environment(Module.parse("src/solstice/main/settings.py", text)))


def test_a_duration_with_its_unit_or_its_type_is_fine() -> None:
    text = "def f(timeout_seconds: float, timeout: timedelta, backoff: tuple[int, ...]) -> None: ..."
    assert list(names.check_units(Module.parse("src/solstice/cli/show.py", text))) == []


def test_a_docstring_does_not_make_a_function_long() -> None:
    text = "def f():\n    '''One.\n" + "    more\n" * 60 + "    '''\n    return 1\n"
    assert list(sizes.check_function_length(Module.parse("src/solstice/cli/show.py", text))) == []
