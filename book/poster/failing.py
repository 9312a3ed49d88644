"""How making the poster ends when it cannot be made."""

import sys


def fail(reason):
    sys.exit(f"poster: {reason}")
