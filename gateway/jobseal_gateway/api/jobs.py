"""/v1/jobs: every job that was folded, how far it is on its way to billing, and its card."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from jobseal_gateway.access import JOBS_READ
from jobseal_gateway.acknowledge import record_id
from jobseal_gateway.api import contract
from jobseal_gateway.api.access import needs
from jobseal_gateway.api.refusals import GUARDED, Refusal, responses
from jobseal_gateway.api.service import Service
from jobseal_gateway.ledger import job_list
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.job_list import Listed

PAGE_ITEMS = 100
PAGE_MAX_ITEMS = 500

JobPath = Annotated[str, Path(description="The work order's id; URL-encoded.", examples=["WO-1001"])]


class UnknownJob(Refusal):
    """No job of this name was ever folded."""

    def __init__(self, job: str) -> None:
        super().__init__("job_unknown", f"There is no job {job} here, or nothing has happened to it yet.")


def routes(service: Service) -> APIRouter:
    """The two routes."""
    router = APIRouter(tags=["jobs"], dependencies=[needs(service.access, JOBS_READ)])
    engine = service.gateway.engine

    @router.get(
        "/v1/jobs",
        summary="List jobs",
        responses=responses(*GUARDED, "request_invalid"),
    )
    def list_jobs(
        standing: Annotated[contract.Standing | None, Query(description="Only jobs that stand so.")] = None,
        after: Annotated[int, Query(ge=0, le=2**53 - 1, description="`next` of the page before.")] = 0,
        limit: Annotated[int, Query(ge=1, description=f"At most {PAGE_MAX_ITEMS}.")] = PAGE_ITEMS,
    ) -> contract.JobList:
        """`collecting`: under way. `held`: something must be looked at first. `ready`, `released`: may be billed."""
        most = min(limit, PAGE_MAX_ITEMS)
        with reading(engine) as connection:
            if standing is None:
                found = job_list.after(connection, after, most)
            else:
                found = job_list.of_standing(connection, standing, after, most)
        following = found[-1].job_id if len(found) == most else None
        return contract.JobList.model_validate({"jobs": [_row(job) for job in found], "next": following})

    @router.get(
        "/v1/jobs/{job:path}",
        summary="Fetch a job",
        response_class=Response,
        responses={
            200: {"description": "The job.", "content": {"application/json": {"schema": _JOB}}},
            **responses(*GUARDED, "job_unknown"),
        },
    )
    def fetch_job(job: JobPath) -> Response:
        """The job card as it was folded last, and what it would bill."""
        with reading(engine) as connection:
            found = job_list.of_work_order(connection, job)
        if found is None:
            raise UnknownJob(job)
        return Response(_document(found), 200, {"Cache-Control": "no-store"}, "application/json")

    return router


_JOB = {"$ref": f"#/components/schemas/{contract.JobDocument.__name__}"}


def _row(job: Listed) -> dict[str, Any]:
    card, rating = json.loads(job.card), json.loads(job.rating)
    return {
        "id": job.work_order,
        "state": job.state,
        "standing": job.standing,
        "customer": card["customer"],
        "blocking": rating["blocking"],
        "currency": rating["currency"],
        "total": rating["total"],
        "records": _records(job.work_order, rating),
        "flagged": [record_id(job.work_order, each) for each in flagged(rating)],
    }


def flagged(rating: dict[str, Any]) -> list[int]:
    """The revisions that are in doubt, each once."""
    return list(dict.fromkeys(each["revision"] for each in rating.get("flags", [])))


def _records(work_order: str, rating: dict[str, Any]) -> list[str]:
    return [record_id(work_order, revision) for revision in rating["released_revisions"]]


def _document(job: Listed) -> bytes:
    """Card and rating to the byte, as they were folded."""
    records = _records(job.work_order, json.loads(job.rating))
    about = {"id": job.work_order, "state": job.state, "standing": job.standing, "records": records}
    head = json.dumps(about, separators=(",", ":"), ensure_ascii=False)[:-1].encode()
    return head + b',"card":' + job.card + b',"rating":' + job.rating + b"}"
