"""Tokens and the audit log, as the operator's command and the ledger keep them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway import access, home
from jobseal_gateway.access import AccessRefused
from jobseal_gateway.command import main
from jobseal_gateway.commands.options import Commands
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import audit, tokens
from jobseal_gateway.ledger.database import reading, writing

# Commands that only show something; whatever is not among them is audited, so a new one is until it is listed here.
LOOKS = {
    "audit",
    "catalogue list",
    "catalogue show",
    "demo",
    "enrol list",
    "keys show",
    "orders list",
    "orders show",
    "prices list",
    "quarantine list",
    "quarantine show",
    "security",
    "sessions list",
    "status",
    "technicians list",
    "tokens list",
    "users list",
}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return home.make(tmp_path, {"organisation": "Test"})


def said(tmp_path: Path, capsys: Any, *words: str) -> tuple[int, str]:
    status = main(["--home", str(tmp_path), *words])
    return status, "".join(capsys.readouterr())


def issued(gateway: Gateway, name: str = "erp", role: str = access.BILLING, **more: Any) -> str:
    text = access.new_text()
    with writing(gateway.engine) as connection:
        access.issue(connection, name, role, text=text, by="test", now_ms=gateway.now_ms(), **more)
    return text


def opens(gateway: Gateway, token: str, later_ms: int = 0) -> frozenset[str]:
    with reading(gateway.engine) as connection:
        every = tokens.every(connection)
    caller = access.callers(every, gateway.now_ms() + later_ms).get(access.hash_of(token))
    return frozenset() if caller is None else caller.scopes


def test_the_first_token_is_billings_and_the_ledger_does_not_have_its_text(gateway: Gateway) -> None:
    text = gateway.home.token.read_text()
    assert opens(gateway, text) == set(access.ROLES[access.BILLING])
    assert text.encode() not in (gateway.home.data / "gateway.db").read_bytes()
    assert gateway.home.token.stat().st_mode & 0o777 == 0o600


def test_a_first_token_that_was_lost_is_replaced_and_opens_nothing_any_more(gateway: Gateway, tmp_path: Path) -> None:
    lost = gateway.home.token.read_text()
    gateway.home.token.unlink()
    home.make(tmp_path, {}).close()
    assert opens(gateway, lost) == frozenset()
    assert opens(gateway, gateway.home.token.read_text())


def test_a_new_token_of_a_name_ends_the_one_before(gateway: Gateway) -> None:
    first, second = issued(gateway), issued(gateway)
    assert (opens(gateway, first), bool(opens(gateway, second))) == (frozenset(), True)
    assert opens(gateway, second, access.LIFE_DAYS * access.DAY_MS) == frozenset()


def test_a_role_that_is_no_more_opens_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    token = issued(gateway)
    monkeypatch.delitem(access.ROLES, access.BILLING)
    assert opens(gateway, token) == frozenset()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "name_unusable"),
        ({"name": "a\nb"}, "name_unusable"),
        ({"role": "root"}, "role_unknown"),
        ({"role": access.VIEWER, "scopes": [access.EVIDENCE_READ]}, "scope_beyond_role"),
        ({"days": 0}, "life_unusable"),
        ({"days": access.LIFE_MAX_DAYS + 1}, "life_unusable"),
    ],
)
def test_what_would_be_a_bad_token_is_refused_and_none_is_made(
    gateway: Gateway, given: dict[str, Any], code: str
) -> None:
    with reading(gateway.engine) as connection:
        before = tokens.every(connection)
    with pytest.raises(AccessRefused) as refused:
        issued(gateway, **given)
    assert refused.value.code == code
    with reading(gateway.engine) as connection:
        assert tokens.every(connection) == before


def test_the_command_issues_shows_and_ends_tokens(gateway: Gateway, tmp_path: Path, capsys: Any) -> None:
    status, text = said(tmp_path, capsys, "tokens", "new", "erp", "--role", "viewer", "--days", "30")
    assert status == 0
    token = text.strip().splitlines()[-1]
    assert token.startswith(access.PREFIX)
    assert opens(gateway, token) == set(access.ROLES[access.VIEWER])
    assert "erp" in said(tmp_path, capsys, "tokens", "list")[1]
    assert said(tmp_path, capsys, "tokens", "revoke", "erp")[0] == 0
    assert opens(gateway, token) == frozenset()
    status, text = said(tmp_path, capsys, "tokens", "revoke", "erp")
    assert (status, "token_unknown" in text) == (1, True)
    assert "erp" not in said(tmp_path, capsys, "tokens", "list")[1]


def test_who_did_what_is_in_the_audit_log_also_when_it_was_refused(
    gateway: Gateway, tmp_path: Path, capsys: Any
) -> None:
    said(tmp_path, capsys, "technicians", "bind", "t-1", "hh-1")
    said(tmp_path, capsys, "office", "close", "WO-1", "--reason", "done", "--operator", "Huber")
    with reading(gateway.engine) as connection:
        entries = [entry[2:] for entry in audit.newest(connection, 10) if entry.act.startswith("office")]
    assert entries == [
        ("Huber", "office close", "WO-1", "begun"),
        ("Huber", "office close", "WO-1", "refused: unknown_job"),
    ]
    shown = said(tmp_path, capsys, "audit", "--last", "1")[1]
    assert "Huber" in shown
    assert "refused: unknown_job" in shown


def leaves(commands: Commands, path: str = "") -> dict[str, Callable[[str], Any]]:
    """Every command that can be run, by its whole name."""
    found: dict[str, Any] = {}
    for name, parser in commands.choices.items():
        inner = [each for each in parser._actions if hasattr(each, "choices") and isinstance(each.choices, dict)]
        if parser.get_default("run") is not None and not inner:
            found[f"{path}{name}"] = parser
        for each in inner:
            found |= leaves(each, f"{path}{name} ")
    return found


def test_every_command_is_audited_but_those_that_only_look() -> None:
    from jobseal_gateway import command

    top = next(each for each in command._parser()._actions if isinstance(each.choices, dict))
    every = leaves(top)  # type: ignore[arg-type]
    assert len(every) > 20
    assert {name for name, parser in every.items() if not parser.get_default("audited")} == LOOKS
    assert all(parser.get_default("audited") in ("", name) for name, parser in every.items())
