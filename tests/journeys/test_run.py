"""A repository's workflow from the command to the verdict, in real machines."""

import hashlib
import json

import pytest

from tests.journeys.running import NOTHING, Place


def test_a_workflow_runs_as_a_graph_and_its_artifacts_come_home(either: Place) -> None:
    either.workflow("""
        job id="make" {
            step name="build" run="mkdir dist; echo wheel > dist/a.whl; echo version=7 >> $SOLSTICE_OUTPUT"
            artifact name="wheels" { path "dist/*.whl" }
        }
        job id="use" {
            needs "make"
            fetch artifact="wheels" from="make"
            env { VERSION "${{ needs.make.outputs.version }}" }
            step name="use" run="cat dist/a.whl; echo version $VERSION; echo $SOLSTICE_COMMIT_SHA"
        }
        job id="never" { needs "use"; if "failure()"; step run="exit 1" }
    """)
    commit = either.commit()
    ended = either.run()
    assert ended.code == 0, ended.stderr
    assert ended.log_of("use").splitlines()[-3:] == [b"wheel", b"version 7", commit.encode()]
    assert ended.end_of("never")["state"] == "skipped"
    [artifact] = ended.of("artifact")
    assert (artifact["name"], artifact["files"]) == ("wheels", 1)
    folder = ended.of("pipeline-ended")[0]["artifacts"]
    assert (either.folder / folder / "make/wheels/dist/a.whl").read_text() == "wheel\n"
    assert either.leftovers() == NOTHING


def test_a_failing_step_fails_the_run_and_tells_how_to_run_it_again(sandboxed: Place) -> None:
    sandboxed.workflow("""
        job id="test" {
            matrix { python "3.11" "3.12"; fail_fast #false }
            step name="unit" run="echo trouble; test ${PYTHON} = 3.11"
            step name="never" run="echo never"
            step name="always" if="always()" run="echo always"
            env { PYTHON "${{ matrix.python }}" }
        }
    """)
    ended = sandboxed.run()
    assert ended.code == 1
    row = ended.end_of("test-3.12")
    assert row["reason"]["text"] == 'step "unit" exited with 1'
    assert "--job test --matrix python=3.12 --hypervisor sandbox" in row["rerun"]
    assert ended.end_of("test-3.11")["state"] == "succeeded"
    assert ended.log_of("test-3.12").splitlines()[-2:] == [b"trouble", b"always"]
    again = sandboxed.run("--job", "test", "--matrix", "python=3.12")
    assert again.code == 1
    assert [row["job"] for row in again.of("pipeline-ended")[0]["jobs"]] == ["test-3.12"]


def test_the_work_tree_is_run_as_it_stands_and_a_commit_as_it_was(sandboxed: Place) -> None:
    sandboxed.write("word", "committed\n")
    sandboxed.workflow('job id="a" { step run="cat word new 2>&1 || true; git log --oneline | wc -l" }')
    commit = sandboxed.commit()
    sandboxed.write("word", "changed\n")
    sandboxed.write("new", "untracked\n")
    dirty = sandboxed.run()
    assert b"changed\nuntracked\n" in dirty.log_of("a")
    assert any("work tree" in event["text"] for event in dirty.of("notice"))
    clean = sandboxed.run("--commit", commit[:12])
    assert b"committed\n" in clean.log_of("a")
    assert b"untracked" not in clean.log_of("a")


def test_the_whole_history_comes_along_where_the_workflow_asks(sandboxed: Place) -> None:
    sandboxed.workflow(
        'checkout depth=0\njob id="a" { step run="git log --oneline | wc -l; git fsck --no-dangling" }'
    )
    sandboxed.commit()
    sandboxed.write("more", "x")
    sandboxed.commit()
    ended = sandboxed.run()
    assert ended.code == 0
    assert ended.log_of("a").split()[-1:] == [b"2"]


def test_a_repository_with_only_a_script_gets_one_job(sandboxed: Place) -> None:
    sandboxed.write(".solstice/job.sh", "echo from the script\n")
    ended = sandboxed.run()
    assert ended.code == 0
    [row] = ended.of("pipeline-ended")[0]["jobs"]
    assert b"from the script" in ended.log_of(row["job"])


def test_secrets_reach_the_step_and_never_the_log(sandboxed: Place) -> None:
    sandboxed.workflow("""
        job id="a" {
            secrets "TOKEN"
            step name="plain" run="test ${#TOKEN} = 17; echo $TOKEN; printf %s $TOKEN | base64"
            step name="in two writes" run="printf hunter2-; sleep 0.2; printf and-more1; echo"
        }
        job id="b" { step run="echo \\"[${TOKEN-unset}]\\"" }
    """)
    secret_file = sandboxed.folder / "secrets"
    secret_file.write_text("TOKEN=hunter2-and-more1\n")
    ended = sandboxed.run("--secret-file", str(secret_file))
    assert ended.code == 0, ended.log_of("a")
    log = ended.log_of("a")
    assert b"hunter2-and-more1" not in log
    assert b"aHVudGVyMi1hbmQtbW9yZT" not in log
    assert b"***" in log
    assert b"[unset]" in ended.log_of("b")
    assert "hunter2-and-more1" not in json.dumps(ended.events) + ended.stderr


@pytest.mark.machine
@pytest.mark.slow
def test_a_hundred_megabytes_of_log_arrive_byte_for_byte(place: Place) -> None:
    program = (
        "import hashlib,sys\n"
        "block = b''.join(hashlib.sha256(bytes([i])).digest() for i in range(256)) * 8\n"
        "for i in range(100 * 1000 * 1000 // len(block)):\n"
        "    sys.stdout.buffer.write(i.to_bytes(4, 'big') + block[4:])\n"
    )
    place.write("flood.py", program)
    place.workflow('job id="flood" { step name="flood" run="python3 flood.py" }')
    ended = place.run()
    assert ended.code == 0
    block = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(256)) * 8
    expected = hashlib.sha256()
    count = 100_000_000 // len(block)
    for i in range(count):
        expected.update(i.to_bytes(4, "big") + block[4:])
    log = ended.log_of("flood")
    start = len(log) - count * len(block)
    assert hashlib.sha256(log[start:]).hexdigest() == expected.hexdigest()


@pytest.mark.machine
def test_a_machine_without_a_network_reaches_nothing(place: Place) -> None:
    place.write(
        "probe.py",
        "import socket\n"
        "def reaches(family, address):\n"
        "    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2)\n"
        "    try: s.connect(address); return True\n"
        "    except OSError: return False\n"
        "names = [name for _, name in socket.if_nameindex()]\n"
        "assert names == ['lo'], names\n"
        "for host in ('10.0.2.2', '10.0.2.3', '169.254.169.254', '192.168.0.1', '1.1.1.1'):\n"
        "    for port in (22, 53, 80): assert not reaches(socket.AF_INET, (host, port)), (host, port)\n"
        "assert not reaches(socket.AF_INET6, ('fec0::2', 22))\n"
        "print('reaches nothing')\n",
    )
    place.workflow("""
        job id="one" { step run="python3 probe.py; ls /dev/vport* /dev/virtio-ports" }
        job id="two" { step run="python3 probe.py" }
    """)
    ended = place.run("--jobs", "2")
    assert ended.code == 0, ended.log_of("one")
    assert b"reaches nothing" in ended.log_of("one")
    assert b"reaches nothing" in ended.log_of("two")
