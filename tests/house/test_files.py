"""Texts, tasks, pinned requirements and generated code, and that each rule would notice a breach."""

import re
import subprocess
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from tools.house.__main__ import check_files
from tools.house.files import check_requirements, check_task
from tools.house.source import GENERATED, ROOT, list_files
from tools.house.texts import REGISTRY_HOSTS, check_text

TASKS = [path for path in list_files() if path.is_relative_to(".mise/tasks")]
TASK = '#!/usr/bin/env bash\n#MISE description="Do the thing"\nset -euo pipefail\n'
HASH = "--hash=sha256:" + "0" * 64


def test_every_file_keeps_the_rules_for_texts_tasks_and_pins() -> None:
    assert [str(finding) for finding in check_files()] == []


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_the_host_of_a_package_registry_is_found(host: str) -> None:
    (finding,) = check_text(PurePosixPath("x.txt"), f"first\nsee https://{host}/simple")
    assert finding.line == 2


def test_a_word_that_only_looks_like_a_registry_is_fine() -> None:
    host = REGISTRY_HOSTS[0]
    assert list(check_text(PurePosixPath("x.txt"), f"my-{host} and {host}x")) == []


@pytest.mark.parametrize(
    "path", ["/wor" + "k/x", "/roo" + "t/.venv", "/home/" + "ana/src", "/User" + "s/ana"]
)
def test_a_path_of_one_machine_is_found(path: str) -> None:
    assert len(list(check_text(PurePosixPath("x.txt"), f"cd {path}"))) == 1


@pytest.mark.parametrize(
    "text", ["cd /home/ci/", "https://example.org/work/", "src/work/x", "mount /dev/vda /root"]
)
def test_other_paths_are_fine(text: str) -> None:
    assert list(check_text(PurePosixPath("x.txt"), text)) == []


def test_a_task_in_good_order_has_no_finding() -> None:
    assert list(check_task(PurePosixPath("t"), TASK, 0o755)) == []


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (TASK, 0o644),
        (TASK.replace("#!", "# "), 0o755),
        (TASK.replace("MISE", "mise"), 0o755),
        (TASK.replace("set -euo pipefail", "set -e"), 0o755),
    ],
)
def test_a_sloppy_task_is_found(text: str, mode: int) -> None:
    assert len(list(check_task(PurePosixPath("t"), text, mode))) == 1


@pytest.mark.parametrize("name", [path for path in TASKS if path.suffix == ""], ids=str)
def test_every_shell_task_is_valid_bash(name: PurePosixPath) -> None:
    first = (ROOT / name).read_text().partition("\n")[0]
    if "bash" in first:
        subprocess.run(["bash", "-n", ROOT / name], check=True)


@pytest.mark.parametrize(
    "name",
    "build/all build/release build/proto build/agent test/all test/unit check fmt ci/local run/runner-serve "
    "bench/all lock".split(),
)
def test_the_promised_tasks_exist(name: str) -> None:
    assert PurePosixPath(".mise/tasks") / name in TASKS


@pytest.mark.parametrize(
    "text",
    [
        "click==8.1",
        f"click>=8.1 {HASH}",
        "click @ https://example.org/click.whl " + HASH,
        "--index-url https://example.org/simple",
        "-e .",
        "click==8.1 --hash=md5:00",
    ],
)
def test_a_requirement_that_is_not_pinned_by_hash_is_found(text: str) -> None:
    assert len(list(check_requirements(PurePosixPath("requirements/x.txt"), text))) == 1


def test_a_pinned_requirement_over_several_lines_is_fine() -> None:
    text = f"# why\nclick==8.1 ; python_version < '4' \\\n    {HASH} \\\n    {HASH}\nrich==13.7 {HASH}\n"
    assert list(check_requirements(PurePosixPath("requirements/x.txt"), text)) == []


def test_the_generated_code_is_what_the_proto_files_say(tmp_path: Path) -> None:
    subprocess.run([ROOT / ".mise/tasks/build/proto", tmp_path], check=True, cwd=ROOT)
    fresh = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.py*")}
    assert fresh, "build/proto wrote nothing"
    for name, text in fresh.items():
        committed = ROOT / GENERATED / name
        assert committed.read_text() == text, f"{name} is stale: run .mise/tasks/build/proto"
    stale = {
        path.relative_to(ROOT / GENERATED)
        for path in (ROOT / GENERATED).rglob("*_pb2*.py*")
        if "__pycache__" not in path.parts
    }
    assert stale == set(fresh)


def test_what_the_package_asks_for_is_what_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    loose = {re.split(r"[<>=!~; ]", wanted)[0] for wanted in project["dependencies"]}
    pinned = (ROOT / "requirements/runtime.in").read_text().splitlines()
    assert loose == {line for line in pinned if line and not line.startswith("#")}
    assert all(">=" in wanted and "==" not in wanted for wanted in project["dependencies"])
