"""Mistakes with what an order demands, and with what customers and handhelds are told."""

from tests.system.mutant import Mutant

GATEWAY = "gateway/jobseal_gateway"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, check: str) -> Mutant:
    return Mutant(name, ((file, before, after),), f"terms.{shown_by}", (check,))


MUTANTS = (
    _mutant(
        "late_claim_passed_over", f"{GATEWAY}/service_level.py",
        "    return Late(item, at - limit, CLAIMED) if at > limit else None\n", "    return None\n",
        "targets", "late_unsaid",
    ),
    _mutant(
        "slow_clock_is_in_time", f"{GATEWAY}/service_level.py",
        "    between = None if item.moved else proven.get(item.fact.hash)\n", "    between = None\n",
        "targets", "late_unsaid",
    ),
    _mutant(
        "purchase_order_not_demanded", f"{GATEWAY}/projection.py",
        "    if not order.po_required or order.po_number is not None:\n", "    if not order.po_required or True:\n",
        "demands", "billed_without_po",
    ),
    _mutant(
        "performer_approves", f"{GATEWAY}/projection.py",
        "        if raised.code == APPROVAL and said.act.operator in dossier.performers:\n", "        if False:\n",
        "demands", "approved_by_performer",
    ),
    _mutant(
        "approval_reaches_what_comes_later", f"{GATEWAY}/lacking.py",
        "            found.append(Found(Raised(APPROVAL, None), newest))",
        "            found.append(Found(Raised(APPROVAL, None), -1))",
        "demands", "approved_unseen",
    ),
    _mutant(
        "proof_by_a_short_code", f"{GATEWAY}/proof_link.py",
        "or not CHARACTERS_MIN <= len(code)", "or not 1 <= len(code)",
        "proofs", "proof_guessed",
    ),
    _mutant(
        "proof_of_every_event", f"{GATEWAY}/projector.py",
        "        if logged.signed is not None and logged.signed.event.close is not None:\n",
        "        if logged.signed is not None:\n",
        "proofs", "proof_of_anything",
    ),
    _mutant(
        "proof_never_superseded", f"{GATEWAY}/proof_link.py",
        "        superseded=len(covering) > 1 or _goes_on(connection, proof, leaf),\n",
        "        superseded=len(covering) > 1,\n",
        "proofs", "proof_stale",
    ),
    _mutant(
        "catalogue_document_overfull", f"{GATEWAY}/catalogue/pages.py",
        "        if used + size > _ROOM_BYTES:\n", "        if used > 2 * _ROOM_BYTES:\n",
        "catalogues", "catalogue_lost",
    ),
    _mutant(
        "half_a_catalogue_used", "device/jobseal_device/ui/catalogue.py",
        "    if len(come) < len(pages) or not pages:\n", "    if not come:\n",
        "catalogues", "catalogue_half_used",
    ),
)  # fmt: skip
