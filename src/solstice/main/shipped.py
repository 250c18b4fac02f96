"""Where the files that come with the program are: in an installed wheel, or in a checkout."""

from pathlib import Path

from solstice.domain.errors import MachineFault

PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent.parent


def shipped_image_map() -> Path:
    """The image map; its recipes stand beside it."""
    for folder in (PACKAGE / "data/images", CHECKOUT / "images"):
        if (folder / "images.toml").is_file():
            return folder / "images.toml"
    raise MachineFault("the shipped image map is missing", "Install solstice-ci again.")


def shipped_agent() -> Path:
    """The agent's zipapp."""
    agent = PACKAGE / "data/agent.pyz"
    if not agent.is_file():
        raise MachineFault("the agent's zipapp is missing", "Build it: .mise/tasks/build/agent.")
    return agent
