"""Which computer and which commit a result is of."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent


def describe_computer(accelerator: str) -> dict[str, Any]:
    """What the figures depend on; ``accelerator`` is what runs the guests ("" if none was started)."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "qemu": _first_line("qemu-system-x86_64", "--version"),
        "accelerator": accelerator,
        "load": round(os.getloadavg()[0], 2),
    }


def read_commit() -> str:
    """The commit checked out, with a mark if the work tree differs from it."""
    commit = _first_line("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changed = _first_line("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+changes" if changed else commit


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0]
