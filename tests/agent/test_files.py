"""The job's files: source, artifacts and caches on their way in and out of the machine."""

import hashlib
import io
import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from solstice.wire.agent import CUT_REFS, messages
from tests.agent.scripted_host import Transcript, job, run_job, step

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for number in ("one", "two", "three"):
        (folder / "file").write_text(number)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", number)
    return folder


def by_url(url: str, commit: str, depth: int = 1) -> messages.Source:
    return messages.Source(git=messages.GitSource(url=url), commit=commit, depth=depth)


PROBE = "cat file; git rev-parse HEAD; git log --oneline | wc -l"


async def test_the_exact_commit_is_fetched_alone_from_its_repository(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD~1")
    heard = await run_job(job(step(PROBE), source=by_url(f"file://{repository}", commit)))
    assert heard.log.decode() == f"two{commit}\n1\n"
    assert [phase.phase for phase in heard.all("phase_finished")] == ["checkout"]


async def test_depth_zero_is_the_whole_history(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD~1")
    heard = await run_job(job(step(PROBE), source=by_url(f"file://{repository}", commit, depth=0)))
    assert heard.log.decode() == f"two{commit}\n2\n"


async def test_a_commit_that_is_not_there_fails_the_job_with_a_reason(repository: Path) -> None:
    source = by_url(f"file://{repository}", "1" * 40)
    heard = await run_job(job(step("echo never"), step("echo always", on_failure=True), source=source))
    assert heard.end.result == messages.JOB_RESULT_FAILED
    assert "cannot check out 1111" in heard.end.reason
    assert b"does not give single commits; fetching everything" in heard.log
    assert b"never" not in heard.log
    assert heard.log.endswith(b"always\n")


@pytest.mark.parametrize("shallow", [True, False])
async def test_a_local_source_arrives_as_a_bundle(repository: Path, tmp_path: Path, shallow: bool) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    origin = repository
    if shallow:
        origin = tmp_path / "shallow"
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(origin))
    git(origin, "update-ref", "refs/solstice/source", commit)
    git(origin, "bundle", "create", "--quiet", str(tmp_path / "b"), "refs/solstice/source")
    content = (tmp_path / "b").read_bytes()
    bundle = messages.BundleSource(
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        ref="refs/solstice/source",
        shallow=shallow,
    )
    source = messages.Source(bundle=bundle, commit=commit)
    heard = await run_job(job(step(PROBE), source=source), source=content)
    assert heard.log.decode() == f"three{commit}\n{1 if shallow else 3}\n"


async def test_a_bundle_names_the_commits_where_its_history_is_cut(repository: Path, tmp_path: Path) -> None:
    commit, before = git(repository, "rev-parse", "HEAD", "HEAD~1").split()
    origin = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{repository}", str(origin))
    git(origin, "update-ref", f"{CUT_REFS}0", before)
    git(origin, "bundle", "create", "--quiet", str(tmp_path / "b"), "HEAD", f"{CUT_REFS}0")
    content = (tmp_path / "b").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    bundle = messages.BundleSource(size=len(content), sha256=digest, ref="HEAD", shallow=True)
    source = messages.Source(bundle=bundle, commit=commit)
    heard = await run_job(job(step(PROBE), source=source), source=content)
    assert heard.log.decode() == f"three{commit}\n2\n"


async def test_a_damaged_bundle_is_noticed() -> None:
    source = messages.Source(bundle=messages.BundleSource(size=3, sha256="0" * 64, ref="r"), commit="1" * 40)
    heard = await run_job(job(step("echo never"), source=source), source=b"abc")
    assert "arrived damaged" in heard.end.reason


MAKE = r"""
mkdir -p dist/deep/er secret
printf wheel > dist/a.whl; printf other > dist/b.txt; printf deep > dist/deep/er/c.whl
printf hidden > ../outside; ln -s ../../outside dist/out.whl; ln -s a.whl dist/link.whl; ln -s / dist/root
mkfifo dist/pipe.whl; printf 'x' > "dist/$(printf 'caf\351').whl"
"""


async def test_artifacts_hold_what_their_globs_mean_and_nothing_from_outside() -> None:
    wanted = [
        messages.Artifact(name="wheels", paths=["dist/*.whl"]),
        messages.Artifact(name="all", paths=["dist/**", "!dist/**/*.txt"]),
    ]
    heard = await run_job(job(step(MAKE), step("exit 1"), artifacts=wanted))
    odd = os.fsdecode(b"dist/caf\xe9.whl")
    assert heard.files("wheels") == {"dist/a.whl": b"wheel", "dist/link.whl": b"wheel", odd: b"x"}
    assert heard.files("all") == {**heard.files("wheels"), "dist/deep/er/c.whl": b"deep"}
    assert heard.end.reason == ""


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("nothing/*", 'artifact "x" matches no file'),
        ("../*", "leads out of the checkout"),
        ("/etc/passwd", "leads out of the checkout"),
    ],
)
async def test_an_artifact_that_cannot_be_kept_fails_the_job(pattern: str, reason: str) -> None:
    heard = await run_job(job(step("true"), artifacts=[messages.Artifact(name="x", paths=[pattern])]))
    assert heard.end.result == messages.JOB_RESULT_FAILED
    assert reason in heard.end.reason


async def test_a_large_artifact_arrives_whole_over_a_connection_that_is_cut() -> None:
    cuts = iter([600_000, 900_000])
    make = "import random; open('big', 'wb').write(random.Random(1).randbytes(3_000_000))"
    heard = await run_job(
        job(step(make, shell="python3"), artifacts=[messages.Artifact(name="big", paths=["big"])]),
        cut_after=lambda: next(cuts, None),
    )
    assert heard.files("big")["big"] == random.Random(1).randbytes(3_000_000)


def tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


async def fetch(archive: bytes, folder: str = "in/here") -> Transcript:
    heard = Transcript(artifacts={"a": archive})
    assignment = job(
        step("find . -type f | sort; cat in/here/f"),
        fetches=[messages.Fetch(artifact="a", job="other", folder=folder)],
    )
    return await run_job(assignment, heard=heard)


async def test_artifacts_of_other_jobs_are_laid_into_their_folder() -> None:
    heard = await fetch(tar(f=b"content", **{"deep/er": b"x" * 500_000}))
    assert heard.step_log(0) == b"./in/here/deep/er\n./in/here/f\ncontent"


@pytest.mark.parametrize("name", ["../../../evil", "/etc/evil", "a/../../../b"])
async def test_an_archive_that_leads_out_of_the_checkout_is_refused(name: str) -> None:
    heard = await fetch(tar(**{name: b"evil"}))
    assert "leads out of its folder" in heard.end.reason
    assert heard.steps[0].result == messages.STEP_RESULT_SKIPPED


async def test_a_missing_artifact_and_a_folder_outside_are_told() -> None:
    missing = messages.Fetch(artifact="none", job="other")
    heard = await run_job(job(step("true"), fetches=[missing]))
    assert heard.end.reason == 'job "other" left no artifact "none"'
    heard = await fetch(tar(f=b""), folder="../..")
    assert "leads out of the checkout" in heard.end.reason


async def test_a_cache_is_saved_after_success_and_restored_by_its_key() -> None:
    cache = messages.Cache(
        key=[messages.KeyPart(literal="pip-"), messages.KeyPart(globs=["*.txt"])], paths=["store", "absent"]
    )
    heard = await run_job(job(step("mkdir store; echo kept > store/f; ln -s f store/l"), caches=[cache]))
    (key,) = heard.caches
    assert key.startswith("pip-")
    again = await run_job(
        job(step("cat store/l; ls -l store | grep -c '^l'"), caches=[cache]), heard=heard.renew()
    )
    assert again.step_log(0) == b"kept\n1\n"


async def test_a_failed_job_saves_no_cache() -> None:
    cache = messages.Cache(key=[messages.KeyPart(literal="k")], paths=["."])
    heard = await run_job(job(step("echo x > f; exit 1"), caches=[cache]))
    assert heard.caches == {}
    assert b'no cache for "k" yet' in heard.log
