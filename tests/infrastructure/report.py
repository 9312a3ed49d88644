"""Names and results of checks: one line for each as it ends, and the totals."""

import threading


class Report:
    def __init__(self):
        self.passed = self.failed = 0
        self._lock = threading.Lock()

    def add(self, name, problems):
        """A check passes when it has no problems to tell of."""
        with self._lock:
            print(f"{'FAIL' if problems else 'ok  '}  {name}", flush=True)
            for problem in problems:
                print("      " + problem.strip().replace("\n", "\n      "), flush=True)
            self.failed += bool(problems)
            self.passed += not problems
        return not problems
