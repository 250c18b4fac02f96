"""The agent's protocol: its messages, and the table of calls that both ends are built from."""

from dataclasses import dataclass
from typing import Any

from solstice.wire.generated.agent.v1 import agent_pb2 as messages

__all__ = ["CALLS", "SERVICE", "Call", "messages"]

SERVICE = "agent.v1.Agent"
MAX_CHUNK_BYTES = 64 * 1024
"""The most a `LogChunk`, `Chunk` or `ArtifactChunk` carries."""
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The most either end accepts as one message; an assignment is the largest."""

REPORTS_ARTIFACT = "reports"
"""The artifact name under which the agent sends the files that `Assignment.reports` means."""

CUT_REFS = "refs/shallow/"
"""Where a shallow `BundleSource` names the commits that it holds without their parents."""


@dataclass(frozen=True, slots=True)
class Call:
    """One remote call: its name, whether each side streams, and its two message types."""

    name: str
    request_streams: bool
    response_streams: bool
    request: Any
    response: Any

    @property
    def path(self) -> str:
        """The HTTP/2 path of the call."""
        return f"/{SERVICE}/{self.name}"


SESSION = Call("Session", True, True, messages.AgentMessage, messages.ServerMessage)
GET_SOURCE = Call("GetSource", False, True, messages.SourceRequest, messages.Chunk)
PUT_ARTIFACT = Call("PutArtifact", True, False, messages.ArtifactChunk, messages.ArtifactReceipt)
GET_ARTIFACT = Call("GetArtifact", False, True, messages.ArtifactRequest, messages.Chunk)
PUT_CACHE = Call("PutCache", True, False, messages.CacheChunk, messages.CacheReceipt)
GET_CACHE = Call("GetCache", False, True, messages.CacheRequest, messages.Chunk)

CALLS = (SESSION, GET_SOURCE, PUT_ARTIFACT, GET_ARTIFACT, PUT_CACHE, GET_CACHE)
