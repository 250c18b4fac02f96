from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StepResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_RESULT_UNSPECIFIED: _ClassVar[StepResult]
    STEP_RESULT_SUCCEEDED: _ClassVar[StepResult]
    STEP_RESULT_FAILED: _ClassVar[StepResult]
    STEP_RESULT_TIMED_OUT: _ClassVar[StepResult]
    STEP_RESULT_SKIPPED: _ClassVar[StepResult]
    STEP_RESULT_CANCELLED: _ClassVar[StepResult]

class JobResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_RESULT_UNSPECIFIED: _ClassVar[JobResult]
    JOB_RESULT_SUCCEEDED: _ClassVar[JobResult]
    JOB_RESULT_FAILED: _ClassVar[JobResult]
    JOB_RESULT_TIMED_OUT: _ClassVar[JobResult]
    JOB_RESULT_CANCELLED: _ClassVar[JobResult]
STEP_RESULT_UNSPECIFIED: StepResult
STEP_RESULT_SUCCEEDED: StepResult
STEP_RESULT_FAILED: StepResult
STEP_RESULT_TIMED_OUT: StepResult
STEP_RESULT_SKIPPED: StepResult
STEP_RESULT_CANCELLED: StepResult
JOB_RESULT_UNSPECIFIED: JobResult
JOB_RESULT_SUCCEEDED: JobResult
JOB_RESULT_FAILED: JobResult
JOB_RESULT_TIMED_OUT: JobResult
JOB_RESULT_CANCELLED: JobResult

class AgentMessage(_message.Message):
    __slots__ = ("seq", "hello", "step_started", "log_chunk", "step_finished", "output", "heartbeat", "job_end", "phase_finished")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    STEP_STARTED_FIELD_NUMBER: _ClassVar[int]
    LOG_CHUNK_FIELD_NUMBER: _ClassVar[int]
    STEP_FINISHED_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    JOB_END_FIELD_NUMBER: _ClassVar[int]
    PHASE_FINISHED_FIELD_NUMBER: _ClassVar[int]
    seq: int
    hello: Hello
    step_started: StepStarted
    log_chunk: LogChunk
    step_finished: StepFinished
    output: Output
    heartbeat: Heartbeat
    job_end: JobEnd
    phase_finished: PhaseFinished
    def __init__(self, seq: _Optional[int] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., step_started: _Optional[_Union[StepStarted, _Mapping]] = ..., log_chunk: _Optional[_Union[LogChunk, _Mapping]] = ..., step_finished: _Optional[_Union[StepFinished, _Mapping]] = ..., output: _Optional[_Union[Output, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., job_end: _Optional[_Union[JobEnd, _Mapping]] = ..., phase_finished: _Optional[_Union[PhaseFinished, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("version", "os", "arch", "python", "uptime_seconds", "cpus", "memory_bytes")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OS_FIELD_NUMBER: _ClassVar[int]
    ARCH_FIELD_NUMBER: _ClassVar[int]
    PYTHON_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CPUS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    version: str
    os: str
    arch: str
    python: str
    uptime_seconds: float
    cpus: int
    memory_bytes: int
    def __init__(self, version: _Optional[str] = ..., os: _Optional[str] = ..., arch: _Optional[str] = ..., python: _Optional[str] = ..., uptime_seconds: _Optional[float] = ..., cpus: _Optional[int] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class StepStarted(_message.Message):
    __slots__ = ("step", "log_offset")
    STEP_FIELD_NUMBER: _ClassVar[int]
    LOG_OFFSET_FIELD_NUMBER: _ClassVar[int]
    step: int
    log_offset: int
    def __init__(self, step: _Optional[int] = ..., log_offset: _Optional[int] = ...) -> None: ...

class LogChunk(_message.Message):
    __slots__ = ("step", "offset", "data")
    STEP_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    step: int
    offset: int
    data: bytes
    def __init__(self, step: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class StepFinished(_message.Message):
    __slots__ = ("step", "result", "exit_code", "signal", "duration_ms", "peak_memory_bytes", "log_end")
    STEP_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    LOG_END_FIELD_NUMBER: _ClassVar[int]
    step: int
    result: StepResult
    exit_code: int
    signal: int
    duration_ms: int
    peak_memory_bytes: int
    log_end: int
    def __init__(self, step: _Optional[int] = ..., result: _Optional[_Union[StepResult, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., duration_ms: _Optional[int] = ..., peak_memory_bytes: _Optional[int] = ..., log_end: _Optional[int] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class PhaseFinished(_message.Message):
    __slots__ = ("phase", "duration_ms")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    phase: str
    duration_ms: int
    def __init__(self, phase: _Optional[str] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class JobEnd(_message.Message):
    __slots__ = ("result", "reason")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    result: JobResult
    reason: str
    def __init__(self, result: _Optional[_Union[JobResult, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ServerMessage(_message.Message):
    __slots__ = ("assignment", "log_ack", "cancel", "goodbye")
    ASSIGNMENT_FIELD_NUMBER: _ClassVar[int]
    LOG_ACK_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    assignment: Assignment
    log_ack: LogAck
    cancel: Cancel
    goodbye: Goodbye
    def __init__(self, assignment: _Optional[_Union[Assignment, _Mapping]] = ..., log_ack: _Optional[_Union[LogAck, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., goodbye: _Optional[_Union[Goodbye, _Mapping]] = ...) -> None: ...

class Assignment(_message.Message):
    __slots__ = ("job", "session", "steps", "env", "secrets", "source", "timeout_ms", "artifacts", "fetches", "caches", "reports", "log_limit_bytes", "heartbeat_ms", "user")
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class SecretsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JOB_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    FETCHES_FIELD_NUMBER: _ClassVar[int]
    CACHES_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    LOG_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    job: str
    session: str
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    env: _containers.ScalarMap[str, str]
    secrets: _containers.ScalarMap[str, str]
    source: Source
    timeout_ms: int
    artifacts: _containers.RepeatedCompositeFieldContainer[Artifact]
    fetches: _containers.RepeatedCompositeFieldContainer[Fetch]
    caches: _containers.RepeatedCompositeFieldContainer[Cache]
    reports: _containers.RepeatedScalarFieldContainer[str]
    log_limit_bytes: int
    heartbeat_ms: int
    user: str
    def __init__(self, job: _Optional[str] = ..., session: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., env: _Optional[_Mapping[str, str]] = ..., secrets: _Optional[_Mapping[str, str]] = ..., source: _Optional[_Union[Source, _Mapping]] = ..., timeout_ms: _Optional[int] = ..., artifacts: _Optional[_Iterable[_Union[Artifact, _Mapping]]] = ..., fetches: _Optional[_Iterable[_Union[Fetch, _Mapping]]] = ..., caches: _Optional[_Iterable[_Union[Cache, _Mapping]]] = ..., reports: _Optional[_Iterable[str]] = ..., log_limit_bytes: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ..., user: _Optional[str] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("name", "setup", "run", "path", "shell", "timeout_ms", "allow_failure", "on_success", "on_failure", "on_cancel", "env")
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SETUP_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SHELL_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FAILURE_FIELD_NUMBER: _ClassVar[int]
    ON_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    ON_CANCEL_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    name: str
    setup: bool
    run: str
    path: str
    shell: str
    timeout_ms: int
    allow_failure: bool
    on_success: bool
    on_failure: bool
    on_cancel: bool
    env: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., setup: _Optional[bool] = ..., run: _Optional[str] = ..., path: _Optional[str] = ..., shell: _Optional[str] = ..., timeout_ms: _Optional[int] = ..., allow_failure: _Optional[bool] = ..., on_success: _Optional[bool] = ..., on_failure: _Optional[bool] = ..., on_cancel: _Optional[bool] = ..., env: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("git", "bundle", "commit", "submodules", "lfs", "depth")
    GIT_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    SUBMODULES_FIELD_NUMBER: _ClassVar[int]
    LFS_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    git: GitSource
    bundle: BundleSource
    commit: str
    submodules: bool
    lfs: bool
    depth: int
    def __init__(self, git: _Optional[_Union[GitSource, _Mapping]] = ..., bundle: _Optional[_Union[BundleSource, _Mapping]] = ..., commit: _Optional[str] = ..., submodules: _Optional[bool] = ..., lfs: _Optional[bool] = ..., depth: _Optional[int] = ...) -> None: ...

class GitSource(_message.Message):
    __slots__ = ("url",)
    URL_FIELD_NUMBER: _ClassVar[int]
    url: str
    def __init__(self, url: _Optional[str] = ...) -> None: ...

class BundleSource(_message.Message):
    __slots__ = ("size", "sha256", "ref", "shallow")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    SHALLOW_FIELD_NUMBER: _ClassVar[int]
    size: int
    sha256: str
    ref: str
    shallow: bool
    def __init__(self, size: _Optional[int] = ..., sha256: _Optional[str] = ..., ref: _Optional[str] = ..., shallow: _Optional[bool] = ...) -> None: ...

class Artifact(_message.Message):
    __slots__ = ("name", "paths")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    name: str
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class Fetch(_message.Message):
    __slots__ = ("artifact", "job", "folder")
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    artifact: str
    job: str
    folder: str
    def __init__(self, artifact: _Optional[str] = ..., job: _Optional[str] = ..., folder: _Optional[str] = ...) -> None: ...

class Cache(_message.Message):
    __slots__ = ("key", "restore", "paths")
    KEY_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    key: _containers.RepeatedCompositeFieldContainer[KeyPart]
    restore: _containers.RepeatedScalarFieldContainer[str]
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key: _Optional[_Iterable[_Union[KeyPart, _Mapping]]] = ..., restore: _Optional[_Iterable[str]] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class KeyPart(_message.Message):
    __slots__ = ("literal", "globs")
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    GLOBS_FIELD_NUMBER: _ClassVar[int]
    literal: str
    globs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, literal: _Optional[str] = ..., globs: _Optional[_Iterable[str]] = ...) -> None: ...

class LogAck(_message.Message):
    __slots__ = ("offset", "seq")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    offset: int
    seq: int
    def __init__(self, offset: _Optional[int] = ..., seq: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Goodbye(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class SourceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ArtifactChunk(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: ArtifactHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[ArtifactHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class ArtifactHeader(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ArtifactReceipt(_message.Message):
    __slots__ = ("size", "sha256", "files")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    size: int
    sha256: str
    files: int
    def __init__(self, size: _Optional[int] = ..., sha256: _Optional[str] = ..., files: _Optional[int] = ...) -> None: ...

class ArtifactRequest(_message.Message):
    __slots__ = ("name", "job")
    NAME_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    name: str
    job: str
    def __init__(self, name: _Optional[str] = ..., job: _Optional[str] = ...) -> None: ...

class CacheChunk(_message.Message):
    __slots__ = ("header", "data")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    header: CacheHeader
    data: bytes
    def __init__(self, header: _Optional[_Union[CacheHeader, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class CacheHeader(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class CacheReceipt(_message.Message):
    __slots__ = ("stored",)
    STORED_FIELD_NUMBER: _ClassVar[int]
    stored: bool
    def __init__(self, stored: _Optional[bool] = ...) -> None: ...

class CacheRequest(_message.Message):
    __slots__ = ("key", "restore")
    KEY_FIELD_NUMBER: _ClassVar[int]
    RESTORE_FIELD_NUMBER: _ClassVar[int]
    key: str
    restore: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key: _Optional[str] = ..., restore: _Optional[_Iterable[str]] = ...) -> None: ...
