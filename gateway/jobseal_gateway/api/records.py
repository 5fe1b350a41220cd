"""/v1/records: what may be billed, what billing says of it, and the evidence behind it.

A record's id is its work order and revision, `WO-1001~1`. A work order's id may hold any character, hence the paths
that take slashes; the more particular ones come first, and a record's id never ends as they do.
"""

import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Response

from jobseal.record import Line
from jobseal_gateway import acknowledge as acknowledging
from jobseal_gateway import evidence, release
from jobseal_gateway.access import EVIDENCE_READ, RECORDS_ACKNOWLEDGE, RECORDS_READ, Caller
from jobseal_gateway.api import contract
from jobseal_gateway.api.access import needs
from jobseal_gateway.api.refusals import GUARDED, GUARDED_CHANGE, responses
from jobseal_gateway.api.service import Service
from jobseal_gateway.ledger import acknowledgements, audit, job_list
from jobseal_gateway.ledger.acknowledgements import Acknowledgement
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.records import Released

BUNDLE_TYPE = "application/cbor"

RecordPath = Annotated[str, Path(description="Work order, `~`, revision; URL-encoded.", examples=["WO-1001~1"])]


def routes(service: Service) -> APIRouter:
    """The three routes."""
    router = APIRouter(tags=["records"])
    gateway = service.gateway

    @router.get(
        "/v1/records/{record:path}/evidence",
        summary="Fetch the evidence of a record",
        dependencies=[needs(service.access, EVIDENCE_READ)],
        response_class=Response,
        responses={
            200: {"description": "The bundle.", "content": {BUNDLE_TYPE: {"schema": _BINARY}}},
            **responses(*GUARDED, "record_unknown"),
        },
    )
    def fetch_evidence(record: RecordPath) -> Response:
        """Everything that proves the record's inputs, in one file that `jobseal verify` checks offline."""
        with reading(gateway.engine) as connection:
            released = acknowledging.find(connection, record)[0]
            data = evidence.bundle(connection, gateway.log(), gateway.keys, released)
        headers = {"Content-Disposition": _attachment(f"{record}.cbor"), "Cache-Control": "no-store"}
        return Response(data, 200, headers, BUNDLE_TYPE)

    @router.post(
        "/v1/records/{record:path}/ack",
        summary="Say what became of a record",
        responses=responses(
            *GUARDED_CHANGE,
            "record_unknown",
            "digest_mismatch",
            "revision_mismatch",
            "revision_stale",
            "status_out_of_order",
            "too_large",
            "reason_missing",
            "request_invalid",
        ),
    )
    def acknowledge_record(
        record: RecordPath,
        said: contract.Acknowledging,
        caller: Annotated[Caller, needs(service.access, RECORDS_ACKNOWLEDGE)],
    ) -> contract.Acknowledged:
        """`released` becomes `acknowledged` or `rejected`; then `invoiced`; then `paid` or `overdue`, then `paid`.

        Saying the same again is a success with the same answer, at any time. Another digest, a superseded revision,
        or a status out of order is a conflict, and changes nothing.
        """
        now_ms = gateway.now_ms()
        statement = acknowledging.Statement(
            said.revision, bytes.fromhex(said.digest), said.status, said.external_number or "", said.reason or ""
        )
        with writing(gateway.engine) as connection:
            kept = acknowledging.acknowledge(connection, record, statement, now_ms)
            audit.add(connection, now_ms, caller.name, RECORDS_ACKNOWLEDGE, record, said.status)
        gateway.ring()
        return contract.Acknowledged.model_validate(
            {"record": record, "revision": said.revision, "digest": kept.digest.hex(), **_said(kept)}
        )

    @router.get(
        "/v1/records/{record:path}",
        summary="Fetch a record",
        dependencies=[needs(service.access, RECORDS_READ)],
        responses=responses(*GUARDED, "record_unknown"),
    )
    def fetch_record(record: RecordPath) -> contract.Record:
        """What was signed and released, and what became of it. The signed content never changes."""
        with reading(gateway.engine) as connection:
            found = acknowledging.find(connection, record)
            said = acknowledgements.of_record(connection, found[0].id)
            listed = job_list.of_work_order(connection, found[0].work_order)
        return _document(
            found[0], found[-1], said, [] if listed is None else json.loads(listed.rating).get("flags", [])
        )

    return router


_BINARY = {"type": "string", "format": "binary"}


def _document(
    released: Released, newest: Released, said: list[Acknowledgement], flags: list[dict[str, Any]]
) -> contract.Record:
    record = release.decode(released)
    began = Acknowledgement(released.id, released.digest, acknowledging.RELEASED, "", "", released.released_ms)
    return contract.Record.model_validate(
        {
            "id": acknowledging.record_id(released.work_order, released.revision),
            "work_order": record.work_order,
            "revision": record.revision,
            "kind": record.kind,
            "digest": released.digest.hex(),
            "status": acknowledging.status(said),
            "current": acknowledging.record_id(newest.work_order, newest.revision),
            "supersedes": _hex(record.supersedes),
            "customer": record.customer,
            "po_number": record.po_number,
            "currency": record.currency,
            "total": record.total,
            "job_total": release.job_total(record),
            "log": record.log.hex(),
            "lines": [{name: _hex(value) for name, value in _named(line).items()} for line in record.line_items()],
            "state": record.state,
            "price_list": dict(zip(("id", "version", "digest"), _hex(record.price_list), strict=True)),
            "order_revision": record.order_revision,
            "closes": [dict(zip(("key", "count", "digest", "hash"), _hex(row), strict=True)) for row in record.closes],
            "overrides": [{"code": code, "act": act.hex()} for code, act in record.overrides or []],
            "released_ms": record.released_at,
            "released_by": record.released_by,
            "history": [_said(each) for each in (began, *said)],
            "flags": [_flag(each) for each in flags if each["revision"] == released.revision],
        }
    )


def _flag(flag: dict[str, Any]) -> dict[str, Any]:
    return {name: flag[name] for name in ("code", "sentence", "events")}


def _named(line: Line) -> dict[str, Any]:
    return {field.name: getattr(line, field.name) for field in Line.SHAPE.fields}


def _hex(value: Any) -> Any:
    """Bytes as hex, also inside a list; anything else as it is."""
    if isinstance(value, list):
        return [_hex(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def _said(kept: Acknowledgement) -> dict[str, Any]:
    return {
        "status": kept.status,
        "external_number": kept.external_number or None,
        "reason": kept.reason or None,
        "at_ms": kept.at_ms,
    }


def _attachment(name: str) -> str:
    """RFC 6266: the name as it is, encoded, so that no character of a work order's id can end it early."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
