"""``evidence`` and ``fork-proof``: what stands behind a released record, and that a key was copied or set back, each as
one file that anybody can verify."""

import argparse
from pathlib import Path

from sqlalchemy import Connection

from jobseal import fingerprint
from jobseal_gateway import evidence, fork_proof, home
from jobseal_gateway.commands import files
from jobseal_gateway.commands.answer import Answer
from jobseal_gateway.commands.options import Commands, command
from jobseal_gateway.ledger import records
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.office import OfficeRefused, find_key


def add(commands: Commands) -> None:
    """The commands of this room."""
    parser = command(commands, "evidence", "write the evidence bundle of a released record", _evidence)
    parser.add_argument("job", metavar="JOB", help="the work order's id, or a record's (JOB~REVISION)")
    parser.add_argument("--revision", type=int, metavar="N", help="default: the newest")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    fork = command(commands, "fork-proof", "write the proof that a handheld's key has signed two histories", _fork)
    fork.add_argument("key", metavar="KEY", help="a device, or the first digits of a key")
    fork.add_argument("--head", default="", metavar="HASH", help="the fork's newest event, as status shows it")
    fork.add_argument("--out", type=Path, required=True, metavar="FILE")


def _fork(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        with reading(gateway.engine) as connection:
            key = find_key(connection, given.key)
            proof = fork_proof.proof(connection, gateway.log(), gateway.keys, key, given.head)
        trusted = fingerprint.to_text(gateway.keys.authority.root.thumbprint)
    files.write(given.out, proof)
    answer = {"device": key.device, "out": str(given.out), "bytes": len(proof), "fingerprint": trusted}
    text = f"""{key.device}: {len(proof)} bytes that prove the fork. Anybody can check them:
  jobseal verify {given.out} --trust {trusted}"""
    return Answer(answer, text)


def _evidence(given: argparse.Namespace) -> Answer:
    job, tilde, revision = given.job.rpartition("~")
    if tilde and revision.isdigit() and given.revision is None:
        given.job, given.revision = job, int(revision)
    with home.open(given.home) as gateway:
        with reading(gateway.engine) as connection:
            released = _released(connection, given.job, given.revision)
            bundle = evidence.bundle(connection, gateway.log(), gateway.keys, released)
        trusted = fingerprint.to_text(gateway.keys.authority.root.thumbprint)
    files.write(given.out, bundle)
    answer = {
        "job": given.job,
        "revision": released.revision,
        "digest": released.digest.hex(),
        "out": str(given.out),
        "bytes": len(bundle),
        "fingerprint": trusted,
    }
    text = f"""{given.job}, revision {released.revision}: {len(bundle)} bytes of evidence. Anybody can check them:
  jobseal verify {given.out} --trust {trusted}"""
    return Answer(answer, text)


def _released(connection: Connection, job: str, revision: int | None) -> Released:
    found = records.of_work_order(connection, job)
    wanted = found[-1:] if revision is None else [each for each in found if each.revision == revision]
    if not wanted:
        what = "no record" if not found else f"no revision {revision}, only 1 to {found[-1].revision}"
        raise OfficeRefused("not_released", f"{job} has {what}; see 'jobseal-gateway status --job {job}'.")
    return wanted[0]
