"""Work on its way down."""

from jobseal import frame, work
from jobseal.host.crypto import Ed25519Signer
from jobseal.limits import ASSIGNMENT_MAX, CATALOGUE_MAX
from jobseal.work import Assignment


def test_the_fullest_assignment_with_the_longest_ids_fits_one_frame() -> None:
    rows = [[f"{number:064d}", 2**31, bytes(32)] for number in range(ASSIGNMENT_MAX)]
    device = "d" * 64
    pages = [bytes(32)] * (CATALOGUE_MAX - 1)
    fullest = Assignment(
        device=device, version=2**31, at=2**50, orders=rows, catalogue=bytes(32), roster=bytes(32), pages=pages
    )
    frame.encode_signed(frame.ASSIGNMENT, work.sign(fullest, Ed25519Signer(bytes(32))))
