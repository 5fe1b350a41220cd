"""What runs inside MicroPython: imports every module of the protocol, one line for each."""

import os
import sys


def main() -> None:
    """Raise on the first module that does not import."""
    print("MicroPython", sys.version.split()[-3])
    for name in sorted(os.listdir("/lib/jobseal")):
        module = "jobseal" if name == "__init__.py" else "jobseal." + name[:-3]
        __import__(module)
        print("import", module)
