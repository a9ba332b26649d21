"""The entry of `riqing`: a Ctrl-C while it is still being loaded stops it like any other."""

import os
import signal
import sys

INTERRUPTED = 130
"""The exit status of a command that was stopped with Ctrl-C."""


def main() -> None:
    """Load the command that is asked for and run it."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        # An interrupt in the middle of an import would come out of it as whatever that import makes of it.
        signal.signal(signal.SIGINT, _stop_at_once)
    from services.cli.commands import gather_commands, run

    gather_commands(sys.argv[1] if len(sys.argv) > 1 else "")
    if is_heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _stop_at_once(number: int, frame: object) -> None:
    del number, frame
    os.write(sys.stderr.fileno(), b"riqing: Stopped.\n")
    os._exit(INTERRUPTED)
