"""Every call that leaves this machine goes through here: made, or only told of in a dry run."""

import http.client
import json
import os
import shlex
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

# Longer than a request takes that is tried again on its way.
ANSWER_SECONDS = 30


def fail(reason):
    """Ends the script."""
    sys.stdout.flush()
    print(f"measure-on-aws: {reason}", file=sys.stderr)
    sys.exit(1)


class Service:
    """The HTTP side of one service. Each thread keeps a connection."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fail(f"{url!r} is no URL of a service; give one such as http://127.0.0.1:9702")
        self.url = url.rstrip("/")
        self.path = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connect = lambda: kind(parts.hostname, parts.port, timeout=ANSWER_SECONDS)
        self.headers = {"Content-Type": "application/json"}
        # A token that stood among the arguments could be read by everybody on this machine.
        if os.environ.get("TOKEN"):
            self.headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
        self.of_thread = threading.local()

    def call(self, method, path, body=None):
        """The status and the parsed answer; a status of 0 and the reason for a call without an answer."""
        kept = getattr(self.of_thread, "connection", None)
        connection = self.of_thread.connection = kept or self.connect()
        # What is sent again with its key is done once.
        headers = self.headers | ({} if body is None else {"Idempotency-Key": str(uuid.uuid4())})
        for is_last in (kept is None, True):
            try:
                connection.request(method, self.path + path, body and json.dumps(body), headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read() or b"null")
            except (OSError, http.client.HTTPException, ValueError) as error:
                # The other side may close a connection that was idle, at the moment at which it is used again.
                connection.close()
                if is_last:
                    self.of_thread.connection = None
                    return 0, f"{type(error).__name__}: {error}"


class Aws:
    """The AWS command line in one region."""

    def __init__(self, region, dry):
        self.region, self.dry = region, dry

    def call(self, *arguments):
        """The parsed answer; None in a dry run, which prints the command."""
        command = ["aws", *arguments, "--region", self.region, "--output", "json"]
        if self.dry:
            print(shlex.join(command))
            return None
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        except FileNotFoundError:
            fail("the command aws is missing; install the AWS command line, or leave --environment out")
        if done.returncode != 0:
            fail(f"{shlex.join(command)} ended with {done.returncode}; what it said is above")
        return json.loads(done.stdout)


class Window:
    """A time of which AWS is asked, in whole minutes; in a dry run it has only a name."""

    def __init__(self, name, begin=None, end=None):
        self.name, self.begin, self.end = name, begin, end

    def times(self):
        if self.begin is None:
            return f"BEGIN-OF-{self.name}", f"END-OF-{self.name}"
        begin, end = int(self.begin // 60) * 60, (int(self.end // 60) + 1) * 60
        return tuple(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (begin, end))
