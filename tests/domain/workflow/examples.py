"""Workflow texts that many tests read."""

CORE = """\
workflow name="checks" {
    job id="linux" runs_on="debian-12" {
        setup path=".solstice/setup-linux.sh"
        step name="lint" run="ruff check ."
        step name="test" run="pytest -q"
    }
    job id="illumos" runs_on="illumos-latest" script=".solstice/job.sh"
}
"""

WHOLE = """\
workflow name="ship" {
    on "push" { branches "main" "release/*"; paths "src/**" "!src/docs/**"; tags "v*" }
    on "pull_request" { branches "main"; types "opened" "synchronize"; labels "ci" }
    on "schedule" cron="30 2 * * mon-fri" timezone="Europe/Zurich"
    on "manual" {
        input "level" default="patch" { choices "patch" "minor" "major" }
        input "dry" type="boolean" description="only pretend"
    }
    concurrency group="${{ workflow }}-${{ ref }}" cancel_running=#true
    env { PIP_NO_INPUT "1"; RETRIES 3 }
    defaults { runs_on "debian-12"; timeout "30m"; shell "bash -e"; retries 2; network "none" }
    checkout submodules=#true lfs=#false depth=0
    priority 5

    job id="lint" { step run="ruff check ." }

    job id="test" timeout="20m" retries=1 {
        needs "lint"
        if "event != 'schedule' || ref == 'refs/heads/main'"
        matrix {
            os "debian-12" "freebsd-14"
            python "3.11" "3.12"
            exclude os="freebsd-14" python="3.11"
            include os="debian-12" python="3.13" experimental=#true
            fail_fast #false
            max_parallel 4
        }
        runs_on "${{ matrix.os }}"
        resources size="medium" cpus=2 memory="4GiB" disk="20GiB"
        network "outbound"
        env { PYTHON "${{ matrix.python }}" }
        secrets "PYPI_TOKEN"
        checkout #false
        cache key="pip-${{ hash('requirements*.txt') }}" { restore "pip-"; path "~/.cache/pip" ".tox" }
        setup path=".solstice/setup.sh"
        step name="unit" run="pytest -q" timeout="10m"
        step name="flaky" run="./smoke.sh" shell="python3" allow_failure=#true { env { DEEP #true } }
        step name="last" if="always()" run="./collect.sh"
        artifact name="wheels-${{ matrix.os }}" { path "dist/*.whl"; keep "30d" }
        report junit="report.xml"
    }

    job id="publish" {
        needs "test" "lint"
        if "success() && tag != ''"
        gate "release"
        fetch artifact="wheels" from="test"
        fetch artifact="${{ needs.lint.outputs.name }}" from="lint"
        step run="./publish.sh"
    }
}
"""


def as_version_1(text: str) -> str:
    """The same in version 1, as far as these examples go."""
    return text.replace("#true", "true").replace("#false", "false")
