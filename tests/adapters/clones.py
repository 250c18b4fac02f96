"""Git repositories for tests, and what a guest makes of a bundle."""

from pathlib import Path

from solstice.adapters.git.packing import REF
from solstice.adapters.git.program import Git
from solstice.wire.agent import CUT_REFS

WHO = ("user.name=A", "user.email=a@example.org", "protocol.file.allow=always")


def git(*words: str, cwd: Path) -> str:
    """What git says in ``cwd``, as somebody."""
    return Git(cwd, WHO).run(*words)


def make_repository(folder: Path, *options: str) -> Path:
    """An empty one."""
    git("init", "-q", "-b", "main", *options, str(folder), cwd=folder.parent)
    return folder


def commit(folder: Path, **files: str) -> str:
    """A commit more, of everything there and ``files``."""
    for name, text in files.items():
        (folder / name).write_text(text)
    git("add", "-A", cwd=folder)
    git("commit", "-qm", "more", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder)


def unpacked(bundle: Path, folder: Path) -> Path:
    """What the agent makes of a bundle."""
    heads = [
        line.split() for line in git("bundle", "list-heads", str(bundle), cwd=bundle.parent).splitlines()
    ]
    sha256 = ["--object-format=sha256"] if len(heads[0][0]) == 64 else []
    git("init", "-q", *sha256, str(folder), cwd=bundle.parent)
    if cut := [name for name, ref in heads if ref.startswith(CUT_REFS)]:
        (folder / ".git/shallow").write_text("\n".join([*cut, ""]))
    git("fetch", "-q", str(bundle), REF, cwd=folder)
    git("checkout", "-q", "FETCH_HEAD", cwd=folder)
    return folder
