"""Whether a command of a chapter draws its progress on a terminal, and nothing where there is none. Usage:
terminal.py PROGRAM ARGUMENTS…
"""

import os
import pty
import subprocess
import sys


def on_a_terminal(command):
    """What a person would see of standard error."""
    ours, theirs = pty.openpty()
    # A terminal without a kind, as where tests run unattended, can draw nothing.
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
    return process.wait(), seen.decode()


command = sys.argv[1:]
code, seen = on_a_terminal(command)
if code != 0 or " runs, " not in seen:
    sys.exit(f"on a terminal it ended with {code} and showed {seen!r}; it should show how many runs are done")
piped = subprocess.run(command, capture_output=True, text=True)
if piped.returncode != 0 or piped.stderr:
    sys.exit(
        f"without a terminal it ended with {piped.returncode} and printed {piped.stderr!r}; it should print nothing"
    )
