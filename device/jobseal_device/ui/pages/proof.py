"""The proof as a QR code: a short link and the record's digest; with F4 the signed summary, frame by frame."""

from collections.abc import Sequence

from jobseal.errors import OPERATOR, JobsealError
from jobseal_device.ui import proof as proofs
from jobseal_device.ui import qr
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import DIM, Frame, Line, Move, Page, stay
from jobseal_device.ui.words import _


def proof(desk: Desk, frame: Frame) -> Page:
    """Frame 0 is the link, the others are the summary in as many pieces as this screen needs."""
    view = desk.job(frame["job"])
    closing = [fact for fact in view.job.facts if fact.close is not None]
    if not closing:
        raise JobsealError("unknown_event", "The job is not completed yet.", OPERATOR)
    signed = desk.event(closing[-1].seq)
    number = frame.get("piece", 0)
    links = proofs.links(desk.settings.proof_link, view.id, signed.hash)

    def poster(columns: int, rows: int) -> Sequence[str] | None:
        if number == 0:
            return next((found for text in links if (found := qr.blocks(text, columns, rows)) is not None), None)
        room = qr.alphanumeric_room(qr.version_for(columns, rows))
        if room < 20:
            return None
        pieces = proofs.frames(signed, room)
        frame["pieces"] = len(pieces)
        return qr.blocks(pieces[(number - 1) % len(pieces)], columns, rows)

    def following() -> Move:
        pieces = frame.get("pieces", 1)
        frame["piece"] = 1 if number == 0 else (number + 1) % (pieces + 1)
        return stay()

    digest = proofs.digest_text(signed.hash, proofs.LINK_DIGEST_CHARACTERS)
    what = _("Link") if number == 0 else _("Summary {piece}").format(piece=number)
    return Page(
        title=_("Proof"),
        mark=view.id,
        say=_("Scan it with a camera. F4 shows the next."),
        lines=[Line(view.id), Line(what), Line(digest, DIM)],
        next=following,
        do=following,
        do_word=_("Next"),
        poster=poster,
    )
