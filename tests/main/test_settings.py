"""Where settings come from, which source wins, and what is refused."""

import re
from pathlib import Path

import pytest

from solstice.domain.errors import OperatorMistake
from solstice.main.settings import SETTINGS, Environment, find_setting, read_environment, read_settings
from tools.house.source import ROOT

HOME = {"HOME": "/home/ci"}


def config(folder: Path, text: str) -> str:
    path = folder / "solstice.toml"
    path.write_text(text)
    return str(path)


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = config(tmp_path, "max_concurrency = 3\n")
    variables = Environment({**HOME, "MAX_CONCURRENCY": "2"})
    assert read_settings({}, Environment(HOME)).max_concurrency == 0
    assert read_settings({}, Environment(HOME), file).max_concurrency == 3
    assert read_settings({}, variables, file).max_concurrency == 2
    assert read_settings({"max_concurrency": "1"}, variables, file).max_concurrency == 1


def test_the_file_may_be_named_by_a_variable_and_spell_keys_with_hyphens(tmp_path: Path) -> None:
    file = config(tmp_path, 'log-level = "DEBUG"\n')
    assert read_settings({}, Environment({**HOME, "SOLSTICE_CONFIG": file})).log_level == "debug"


def test_an_empty_variable_is_no_setting() -> None:
    assert read_settings({}, Environment({**HOME, "MAX_CONCURRENCY": ""})).max_concurrency == 0


def test_paths_are_absolute() -> None:
    settings = read_settings({"state_dir": "state", "cache_dir": "cache"}, Environment(HOME))
    assert settings.state_dir == Path.cwd() / "state"
    assert settings.cache_dir.is_absolute()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("max_concurrency", "-1"),
        ("max_concurrency", "many"),
        ("log_level", "loud"),
        ("boot_limit", "0"),
        ("boot_limit", "nan"),
        ("boot_limit", "1e9"),
        ("boot_limit", "soon"),
        ("state_dir", "~no-such-user/x"),
        ("cache_dir", "a\0b"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_source(key: str, text: str) -> None:
    setting = find_setting(key)
    with pytest.raises(OperatorMistake, match=setting.flag):
        read_settings({key: text}, Environment(HOME))
    with pytest.raises(OperatorMistake, match=setting.variables[0]):
        read_settings({}, Environment({**HOME, setting.variables[0]: text}))


def test_an_unknown_key_in_the_file_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    file = config(tmp_path, "max_concurency = 3\n")
    with pytest.raises(OperatorMistake, match="max_concurency") as caught:
        read_settings({}, Environment(HOME), file)
    assert "max_concurrency" in caught.value.remedy


@pytest.mark.parametrize("text", ["not toml at all", "max_concurrency = "])
def test_a_file_that_cannot_be_read_is_the_operators_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorMistake, match="configuration"):
        read_settings({}, Environment(HOME), config(tmp_path, text))
    with pytest.raises(OperatorMistake, match="configuration"):
        read_settings({}, Environment(HOME), str(tmp_path / "nothing.toml"))


def test_every_setting_has_its_own_flag_and_variables_and_says_what_it_is() -> None:
    names = [name for setting in SETTINGS for name in (setting.flag, *setting.variables)]
    assert len(names) == len(set(names))
    assert all(setting.help.endswith(".") and setting.default for setting in SETTINGS)


def test_the_environment_is_a_copy() -> None:
    assert read_environment().get("PATH")
    assert read_environment().get("SOLSTICE_NOT_SET") == ""


@pytest.mark.parametrize("key", ["state_dir", "cache_dir", "images"])
def test_an_empty_path_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match="it must be a path"):
        read_settings({key: ""}, Environment(HOME))
    with pytest.raises(OperatorMistake, match="it must be a path"):
        read_settings({}, Environment(HOME), config(tmp_path, f"{key} = ''\n"))
    with pytest.raises(OperatorMistake, match="--config"):
        read_settings({}, Environment(HOME), "")


def test_a_home_that_cannot_be_looked_into_holds_no_image_map() -> None:
    assert read_settings({}, Environment({"HOME": "/" + "x" * 300})).images is None


def test_a_user_without_a_home_is_told_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    def have_none(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", have_none)
    with pytest.raises(OperatorMistake, match="no home directory"):
        _ = Environment({}).home


def test_the_manual_lists_every_setting_with_its_flag_and_variables_and_no_other() -> None:
    manual = (ROOT / "docs/operating.md").read_text()
    rows = [line for line in manual.splitlines() if line.startswith("| `--")]
    listed = {tuple(re.findall(r"`([^`]+)`", line.rsplit("|", 2)[0])) for line in rows}
    assert listed == {(setting.flag, *setting.variables) for setting in SETTINGS}


def test_the_manual_names_every_other_variable_that_is_read() -> None:
    manual = (ROOT / "docs/operating.md").read_text()
    texts = [path.read_text() for path in (ROOT / "src/solstice/main").glob("*.py")]
    read = {name for text in texts for name in re.findall(r'\.get\("([A-Z_]+)"\)', text)}
    assert {"HOME", "SOLSTICE_CONFIG", "NO_COLOR"} <= read
    assert not [name for name in read if f"`{name}`" not in manual]
