"""Every validation of a variable refuses something in its module's tests, and says what is allowed; so does every `check`.

That the tests refuse it terraform itself proves, by running them. A validation that somebody removes leaves a test that must fail; one that
somebody adds without a test is told here.
"""

import re

VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.M | re.S)
MESSAGE = re.compile(r'error_message = "(.*)"$', re.M)


def problems(directory):
    tests = "\n".join(path.read_text() for path in sorted((directory / "tests").glob("*.tftest.hcl")))
    expected = re.findall(r"expect_failures = \[(.*?)\]", tests, re.S)
    for path in sorted(directory.glob("*.tf")):
        text = path.read_text()
        for name, body in VARIABLE.findall(text):
            if "description" not in body:
                yield f"{directory.name}: {name} has no description"
            validations = body.count("  validation {")
            refused = len(re.findall(rf"\bvar\.{name}\b", " ".join(expected)))
            if refused < validations:
                yield f"{directory.name}: {name} has {validations} validations, and tests refuse {refused} values"
            for message in MESSAGE.findall(body):
                if not message.startswith(name) or not re.search(r" must | needs ", message):
                    yield f"{directory.name}: {name} does not say what is allowed: {message}"
        for name in re.findall(r'^check "(\w+)"', text, re.M):
            if f"check.{name}" not in " ".join(expected):
                yield f"{directory.name}: no test makes the check {name} warn"
