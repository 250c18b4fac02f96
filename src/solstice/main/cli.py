"""The process `solstice`: its signals, its standard streams, and the last word on what stops it."""

import errno
import os
import signal
import sys

MACHINE, INTERRUPTED, GONE = 3, 130, 141
"""Exit codes; the last is what a shell makes of a program whose reader has gone (128 + SIGPIPE)."""
_OUTPUT = "standard output"
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO, errno.EPIPE, errno.ECONNRESET)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """The console script."""
    try:
        _heed_signals()
        code = _open_streams() or _obey()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError as error:
        code = _explain(error)
    for number in _SIGNALS:
        # All is done; on its way out Python would forget how we take them and die of them.
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _heed_signals() -> None:
    # A closed terminal and a supervisor's stop end us as Ctrl-C does; `nohup` stays what it is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def _open_streams() -> int:
    """Put /dev/null where a stream is closed, lest the next file we open be taken for it."""
    closed = [descriptor for descriptor in (0, 1, 2) if not _is_open(descriptor)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if 1 not in closed:
        return 0
    sys.stdout = os.fdopen(1, "w", closefd=False)
    return _refuse(f"{_OUTPUT} is closed", "Send it to a file or to /dev/null.")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _obey() -> int:
    """Carry out the command line; what it imports is imported here, where an interruption is heeded."""
    import click

    from solstice.main.commands import ReaderGone, solstice
    from solstice.main.context import Context
    from solstice.main.settings import read_environment

    try:
        code = solstice.main(obj=Context(read_environment()), prog_name="solstice", standalone_mode=False)
    except click.ClickException as complaint:
        complaint.show()
        code = complaint.exit_code
    except click.Abort:
        code = INTERRUPTED
    except ReaderGone as gone:
        raise BrokenPipeError from gone
    except SystemExit as end:
        code = end.code
    return code if isinstance(code, int) else 0


def _explain(error: OSError) -> int:
    """Say in one sentence why it cannot go on: mostly because nothing can be written any more."""
    # Only a stream fails to be written without a name; files are opened by theirs.
    name = error.filename or (_OUTPUT if error.errno in _UNWRITABLE else "")
    if name == _OUTPUT:
        # What is still waiting would be written, and fail, once more on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        return GONE
    reason = (error.strerror or str(error)).lower()
    if not name:
        return _refuse(f"it cannot go on: {reason}", "Call it from a folder that is there.")
    return _refuse(f"cannot use {name}: {reason}", "Free some space, or send it elsewhere.")


def _refuse(text: str, remedy: str) -> int:
    try:
        sys.stderr.write(f"solstice: error: {text}\n  → {remedy}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return MACHINE
