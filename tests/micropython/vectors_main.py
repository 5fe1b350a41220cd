"""What runs inside MicroPython: imports every module of the protocol, then holds it to every golden vector."""

import gc
import json
import os
import sys

VECTORS = "/vectors"


def main() -> None:
    """Raise on the first module that does not import, and after all vectors if one of them came out wrong."""
    print("MicroPython", sys.version.split()[-3])
    import_everything()
    run_vectors()


def import_everything() -> None:
    """One line for each module."""
    for name in sorted(os.listdir("/lib/jobseal")):
        module = "jobseal" if name == "__init__.py" else "jobseal." + name[:-3]
        __import__(module)
        print("import", module)


def run_vectors() -> None:
    """One line for each file, one for each vector that came out wrong, and their sum. None at all is a failure."""
    import node_verifier

    from tests.vectors import check

    total = wrong = 0
    for name in sorted(os.listdir(VECTORS)):
        with open(VECTORS + "/" + name) as file:
            content = json.load(file)
        ran, failures = check.run(content, node_verifier.verify)
        print("vectors", name, ran)
        for failure in failures:
            print("wrong:", failure)
        total += ran
        wrong += len(failures)
        gc.collect()
    print("vectors in all", total, "wrong", wrong)
    if total == 0 or wrong > 0:
        raise RuntimeError(f"{wrong} of {total} vectors came out wrong")
