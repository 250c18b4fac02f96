"""Whom the job's processes run as, and the environment that comes with it."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class User:
    """Whom the job's processes run as. ``uid`` is ``None`` where that is the agent's own user."""

    name: str
    home: str
    uid: int | None = None
    gid: int = 0
    groups: tuple[int, ...] = ()

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def environment(self) -> dict[str, str]:
        """What every process of the job is given at least."""
        return {
            "PATH": _PATH,
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
        }


def find_user(name: str) -> User:
    """The user of that name, "" being the agent's own; `LookupError` if this machine has none."""
    try:
        entry = pwd.getpwnam(name) if name else pwd.getpwuid(os.getuid())
    except KeyError:
        if name:
            raise LookupError(f'this machine has no user "{name}"') from None
        return User(str(os.getuid()), "/")
    if entry.pw_uid == os.getuid():
        return User(entry.pw_name, entry.pw_dir)
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return User(entry.pw_name, entry.pw_dir, entry.pw_uid, entry.pw_gid, groups)
