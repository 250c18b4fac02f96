"""Fetches a pinned third-party source distribution and lays it out as a project with a workflow of ours."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tools.house.source import ROOT

REQUIREMENTS = ROOT / "requirements/thirdparty.txt"

WORKFLOW = """\
// Written by tools/third_party.py: somebody else's tests, run by a machine without a network.
workflow name="third-party" {
    job id="suite" runs_on="debian-12" timeout="10m" {
        network "none"
        step name="what is here" run="python3 -V; ls"
        step name="its own tests" run="python3 -m tests 2>results.txt || { cat results.txt; exit 1; }"
        step name="how many" run="grep -E '^Ran [0-9]{4,} tests' results.txt"
        artifact name="results" { path "results.txt" }
    }
}
"""
"""The last step wants a thousand tests and more: a suite that found none of its tests would succeed too."""


def download(folder: Path) -> Path:
    """The source distribution, fetched once and checked against its pinned hash by pip."""
    kept = folder / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not (found := list(kept.glob("*.tar.gz"))):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-input"]
        wanted = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
        part = kept.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run([*pip, *wanted, "-r", str(REQUIREMENTS), "-d", str(part)], check=True)
        part.rename(kept)
        found = list(kept.glob("*.tar.gz"))
    if len(found) != 1:
        sys.exit(f"expected one source distribution in {kept}, found {len(found)}")
    return found[0]


def lay_out(archive: Path, folder: Path) -> Path:
    """Unpack the archive into ``folder`` as a git repository that holds our workflow; its root."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if not (member.isfile() or member.isdir()) or ".." in Path(member.name).parts:
                sys.exit(f"{archive.name} holds {member.name}, which is no plain file")
            # Root would get the packager's files, and git refuses a repository that belongs to somebody else.
            member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        tar.extractall(folder)  # noqa: S202 - every member was looked at
    (project,) = (path for path in folder.iterdir() if path.is_dir())
    (project / ".solstice").mkdir()
    (project / ".solstice/workflow.kdl").write_text(WORKFLOW)
    subprocess.run(["git", "init", "-q", "-b", "main", project], check=True)
    return project


def main() -> int:
    """Print the folder of the project that is ready to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to keep the download and the project")
    given = parser.parse_args()
    archive = download(given.folder / "downloads")
    sys.stdout.write(f"{lay_out(archive, given.folder / 'project')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
