"""Names and results of checks: one line for each as it ends, and the totals."""

import threading


class Report:
    def __init__(self):
        self.passed = self.failed = self.unjudged = 0
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

    def unjudged_because(self, name, cause):
        """What cannot be judged while another check is red says so: who mends that one may be done."""
        with self._lock:
            print(f"--    {name}: not judged, because this is red: {cause}", flush=True)
            self.unjudged += 1
