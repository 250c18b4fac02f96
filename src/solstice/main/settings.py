"""Settings, read once: a flag beats an environment variable beats the TOML file beats the default."""

import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from solstice.domain.errors import OperatorMistake


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command of this process goes by. Paths are absolute."""

    state_dir: Path
    """Machines, logs and artifacts of runs."""
    cache_dir: Path
    """Images, read-only under their digests."""
    images: Path | None
    """A person's own image map, laid over the shipped one."""
    max_concurrency: int
    """How many machines at once; 0 is one for each processor."""
    log_level: str
    """``debug``, ``info``, ``warning`` or ``error``."""
    boot_limit: float
    """Seconds a machine may take from its start to its agent's hello."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where one setting may come from and how its text is read. ``default`` is for people to read."""

    key: str
    variables: tuple[str, ...]
    read: Callable[[str], Any]
    fallback: Callable[["Environment"], Any]
    default: str
    help: str

    @property
    def flag(self) -> str:
        """The command line's option."""
        return "--" + self.key.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Environment:
    """The process's environment as it was when the process started."""

    variables: Mapping[str, str]

    def get(self, name: str) -> str:
        """The variable; "" if it is not set."""
        return self.variables.get(name, "")

    @property
    def home(self) -> Path:
        """The user's home directory; `OperatorMistake` for a user who has none."""
        try:
            return Path(self.get("HOME") or "~").expanduser()
        except RuntimeError as error:
            raise OperatorMistake(
                "this user has no home directory", "Set HOME, or give --state-dir and --cache-dir."
            ) from error


def read_environment() -> Environment:
    """The one place where the environment is read."""
    return Environment(dict(os.environ))


def _absolute(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("it must be a path")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("there is no such user") from error


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("it must not be negative")
    return number


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("it must be debug, info, warning or error")
    return text.lower()


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 86_400:
        raise ValueError("it must be a number of seconds between 0 and a day")
    return number


def own_images(environment: Environment) -> Path:
    """Where `solstice images add` writes, and where a person's map is found without being named."""
    base = environment.get("XDG_CONFIG_HOME") or environment.home / ".config"
    return Path(base).absolute() / "solstice/images.toml"


def _own_images_if_any(environment: Environment) -> Path | None:
    # A home that is missing, or closed to this user, holds no map; only what is needed must be there.
    try:
        path = own_images(environment)
        return path if path.is_file() else None
    except (OperatorMistake, OSError):
        return None


def _state_dir(environment: Environment) -> Path:
    # Root's home is closed to the unprivileged user that QEMU runs as.
    if os.geteuid() == 0 and sys.platform != "darwin":
        return Path("/var/lib/solstice")
    base = environment.get("XDG_STATE_HOME") or environment.home / ".local/state"
    return Path(base).absolute() / "solstice"


def _cache_dir(environment: Environment) -> Path:
    if os.geteuid() == 0 and sys.platform != "darwin":
        return Path("/var/cache/solstice")
    base = environment.get("XDG_CACHE_HOME") or environment.home / ".cache"
    return Path(base).absolute() / "solstice"


SETTINGS = (
    Setting(
        "state_dir",
        ("SOLSTICE_STATE_DIR",),
        _absolute,
        _state_dir,
        "the user's state directory, /var/lib/solstice for root",
        "Where machines, logs and artifacts of runs are kept.",
    ),
    Setting(
        "cache_dir",
        ("SOLSTICE_CACHE_DIR",),
        _absolute,
        _cache_dir,
        "the user's cache directory, /var/cache/solstice for root",
        "Where images are kept.",
    ),
    Setting(
        "images",
        ("SOLSTICE_IMAGES", "ORCH_CONFIG"),
        _absolute,
        _own_images_if_any,
        "solstice/images.toml in the user's configuration directory",
        "An image map of your own, laid over the shipped one.",
    ),
    Setting(
        "max_concurrency",
        ("MAX_CONCURRENCY",),
        _whole,
        lambda environment: 0,
        "one for each processor",
        "How many machines may run at once.",
    ),
    Setting(
        "log_level",
        ("LOG_LEVEL",),
        _level,
        lambda environment: "warning",
        "warning",
        "How much is said on standard error: debug, info, warning or error.",
    ),
    Setting(
        "boot_limit",
        ("SOLSTICE_BOOT_LIMIT",),
        _seconds,
        lambda environment: 180.0,
        "180",
        "Seconds a machine may take from its start to its agent's hello.",
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}


def find_setting(key: str) -> Setting:
    """The setting with this key."""
    return _BY_KEY[key]


def read_settings(
    flags: Mapping[str, str | None], environment: Environment, config: str | None = None
) -> Settings:
    """Every setting from the best source that has it; `OperatorMistake` names the source of a bad one."""
    if config == "":
        raise OperatorMistake("--config: '' cannot be used: it must be a path", "Name a TOML file.")
    path = config or environment.get("SOLSTICE_CONFIG")
    file = _read_file(Path(path)) if path else {}
    values = {setting.key: _read(setting, flags, environment, file) for setting in SETTINGS}
    return Settings(**values)


def _read(
    setting: Setting, flags: Mapping[str, str | None], environment: Environment, file: Mapping[str, Any]
) -> Any:
    sources = [(setting.flag, flags.get(setting.key))]
    sources += [(variable, environment.get(variable) or None) for variable in setting.variables]
    sources += [(f"{setting.key} in the configuration file", file.get(setting.key))]
    for where, text in sources:
        if text is not None:
            try:
                return setting.read(str(text))
            except ValueError as error:
                raise OperatorMistake(f"{where}: {text!r} cannot be used: {error}", setting.help) from error
    return setting.fallback(environment)


def _read_file(path: Path) -> Mapping[str, Any]:
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OperatorMistake(f"cannot read the configuration {path}: {error}", "See --config.") from error
    data = {key.replace("-", "_"): value for key, value in data.items()}
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(data.keys() - known):
        raise OperatorMistake(
            f"{path} has settings that do not exist: {', '.join(unknown)}",
            f"Those that do: {', '.join(sorted(known))}.",
        )
    return data
