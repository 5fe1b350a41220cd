"""Users as the operator's command and the ledger keep them: nobody by default, no password anywhere, one name each."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobseal_gateway import access, home, passwords, session_key, sessions, signing_in, users
from jobseal_gateway.access import ADMIN, APPROVER, BILLING, ROLES, VIEWER, AccessRefused
from jobseal_gateway.command import main
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import audit, tokens
from jobseal_gateway.ledger import users as stored
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.signing_in import SignInRefused
from jobseal_gateway.users import UserRefused
from tests.gateway.test_passwords import CHEAP, PASSWORD


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return home.make(tmp_path, {"organisation": "Test"})


class Shell:
    """Runs the command on one home, with something on standard input."""

    def __init__(self, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch

    def run(self, *words: str, stdin: str = "") -> tuple[int, dict[str, Any]]:
        """The exit status and what it answers a program."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        status = main(["--home", str(self._folder), "--json", *words])
        return status, json.loads(self._capsys.readouterr().out)


@pytest.fixture
def shell(gateway: Gateway, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(gateway.home.folder, capsys, monkeypatch)


def of(gateway: Gateway, name: str) -> stored.User:
    with reading(gateway.engine) as connection:
        found = stored.of(connection, name)
    assert found is not None
    return found


def signs_in(gateway: Gateway, name: str, password: str) -> bool:
    try:
        signing_in.with_password(gateway, name, password, "192.0.2.1")
    except SignInRefused:
        return False
    return True


def test_a_new_gateway_has_no_user_and_a_key_of_its_own_for_cookies(gateway: Gateway, tmp_path: Path) -> None:
    with reading(gateway.engine) as connection:
        assert stored.everybody(connection) == []
    key = gateway.home.session_key.read_bytes()
    assert (len(key), gateway.home.session_key.stat().st_mode & 0o777) == (2 * session_key.KEY_BYTES, 0o600)
    home.make(tmp_path, {}).close()
    assert gateway.home.session_key.read_bytes() == key


def test_the_command_adds_a_user_whose_password_comes_from_standard_input(gateway: Gateway, shell: Shell) -> None:
    status, said = shell.run("users", "add", "Anna", "--role", "viewer", "--role", "approver", stdin=f"{PASSWORD}\n")
    assert (status, said["name"], said["roles"]) == (0, "anna", [VIEWER, APPROVER])
    assert "password" not in said
    assert signs_in(gateway, "anna", PASSWORD)
    database = b"".join(path.read_bytes() for path in gateway.home.data.glob("gateway.db*"))
    assert PASSWORD.encode() not in database
    assert of(gateway, "anna").password.startswith("$argon2id$")  # type: ignore[union-attr]


def test_a_password_that_is_made_up_is_shown_once_and_works(gateway: Gateway, shell: Shell) -> None:
    _, said = shell.run("users", "add", "anna", "--role", "viewer", "--generate")
    assert signs_in(gateway, "anna", said["password"])
    assert "password" not in shell.run("users", "list")[1]["users"][0]


def test_a_password_is_never_an_argument(gateway: Gateway, shell: Shell, capsys: Any) -> None:
    for words in (["--password", PASSWORD], [PASSWORD]):
        with pytest.raises(SystemExit):
            shell.run("users", "add", "anna", "--role", "viewer", *words)
    capsys.readouterr()
    with reading(gateway.engine) as connection:
        assert stored.everybody(connection) == []


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(gateway: Gateway) -> None:
    def answered(*answers: str) -> tuple[int, bytes]:
        ours, theirs = pty.openpty()
        words = ["--home", str(gateway.home.folder), "users", "add", "anna", "--role", "viewer"]
        script = f"import sys; from jobseal_gateway.command import main; sys.exit(main({words!r}))"
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        seen = b""
        try:
            for prompt, answer in zip((b"Password: ", b"Again: "), answers, strict=True):
                while prompt not in seen:
                    seen += os.read(ours, 4096)
                os.write(ours, f"{answer}\n".encode())
            while True:
                try:
                    seen += os.read(ours, 4096)
                except OSError:
                    break
        finally:
            status = process.wait(30)
            os.close(ours)
        return status, seen

    status, seen = answered(PASSWORD, PASSWORD + "!")
    assert (status, b"two different passwords" in seen) == (1, True)
    status, seen = answered(PASSWORD, PASSWORD)
    assert status == 0, seen
    assert PASSWORD.encode() not in seen
    assert signs_in(gateway, "anna", PASSWORD)


@pytest.mark.parametrize(
    ("words", "stdin", "code"),
    [
        (["add", "anna", "--role", "viewer"], "short\n", "password_unfit"),
        (["add", "anna", "--role", "viewer"], "", "password_unfit"),
        (["add", "anna", "--role", "viewer", "--password-file", "/nowhere"], "", "file_unusable"),
        (["add", "Änna", "--role", "viewer"], f"{PASSWORD}\n", "name_unusable"),
        (["add", "a" * 65, "--role", "viewer"], f"{PASSWORD}\n", "name_unusable"),
        (["add", "billing", "--role", "viewer"], f"{PASSWORD}\n", "name_taken"),
        (["role", "nobody", "--role", "viewer"], "", "user_unknown"),
        (["password", "nobody"], f"{PASSWORD}\n", "user_unknown"),
        (["disable", "nobody"], "", "user_unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_stored(
    gateway: Gateway, shell: Shell, words: list[str], stdin: str, code: str
) -> None:
    status, said = shell.run("users", *words, stdin=stdin)
    assert (status, said["error"]) == (1, code)
    with reading(gateway.engine) as connection:
        assert stored.everybody(connection) == []


def test_roles_passwords_and_standing_change_by_command_and_the_audit_log_says_by_whom(
    gateway: Gateway, shell: Shell
) -> None:
    users.add(gateway, "anna", [VIEWER], PASSWORD, "test", CHEAP)
    assert shell.run("users", "role", "anna", "--role", "admin", "--operator", "Huber")[1]["roles"] == [ADMIN]
    assert users.caller(of(gateway, "anna")).scopes == set(ROLES[ADMIN])
    another = "quite another password"
    assert shell.run("users", "password", "anna", "--operator", "Huber", stdin=another)[0] == 0
    assert (signs_in(gateway, "anna", PASSWORD), signs_in(gateway, "anna", another)) == (False, True)
    assert shell.run("users", "disable", "anna", "--operator", "Huber")[1]["standing"] == "disabled"
    assert not signs_in(gateway, "anna", another)
    assert shell.run("users", "enable", "anna", "--operator", "Huber")[1]["by"] == "Huber"
    assert signs_in(gateway, "anna", another)
    with reading(gateway.engine) as connection:
        acts = [entry[2:] for entry in audit.newest(connection, 100) if entry.who == "Huber"]
    assert acts == [("Huber", f"users {verb}", "anna", "begun") for verb in ("role", "password", "disable", "enable")]


def test_sessions_are_listed_and_another_key_ends_them_all(gateway: Gateway, shell: Shell) -> None:
    user = users.add(gateway, "anna", [VIEWER], PASSWORD, "test", CHEAP)
    begun = [signing_in.with_password(gateway, "anna", PASSWORD, "192.0.2.1") for _ in range(2)]
    assert begun[0].user == user
    assert [each["name"] for each in shell.run("sessions", "list")[1]["sessions"]] == ["anna", "anna"]
    assert shell.run("users", "list")[1]["users"][0]["sessions"] == 2
    before = gateway.home.session_key.read_bytes()
    assert shell.run("sessions", "new-key")[1] == {"ended": 2}
    assert gateway.home.session_key.read_bytes() != before
    assert gateway.home.session_key.stat().st_mode & 0o777 == 0o600
    assert shell.run("sessions", "list")[1]["sessions"] == []
    with reading(gateway.engine) as connection:
        for each in begun:
            assert sessions.find(connection, each.secret, gateway.now_ms(), signing_in.life(gateway)) is None


def test_a_backup_brings_no_session_back(
    gateway: Gateway, shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("backups") / "copy"
    with gateway.log().appending(gateway.now_ms()):  # without a checkpoint there is nothing to back up yet
        pass
    status, said = shell.run("backup", str(copy))
    assert status == 0, said
    assert not list(copy.rglob("session*"))
    key = gateway.home.session_key.read_bytes()
    assert not [path for path in copy.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_a_lock_is_ended_by_command_for_a_name_and_for_an_address(gateway: Gateway, shell: Shell) -> None:
    users.add(gateway, "anna", [VIEWER], PASSWORD, "test", CHEAP)
    for _ in range(6):
        signs_in(gateway, "anna", "wrong")
    assert not signs_in(gateway, "anna", PASSWORD)
    assert shell.run("users", "unlock", "Anna")[1]["unlocked"] is True
    assert signs_in(gateway, "anna", PASSWORD)
    assert shell.run("users", "unlock", "anna")[1]["unlocked"] is False
    assert shell.run("users", "unlock", "--address", "192.0.2.1")[1]["unlocked"] is True


def test_a_name_is_a_users_or_a_tokens_and_never_both(gateway: Gateway) -> None:
    users.add(gateway, "anna", [VIEWER], PASSWORD, "test", CHEAP)
    for name in ("anna", "Anna"):
        with pytest.raises(AccessRefused) as refused, writing(gateway.engine) as connection:
            access.issue(connection, name, BILLING, text="x", by="test", now_ms=gateway.now_ms())
        assert refused.value.code == "name_taken"
    with writing(gateway.engine) as connection:
        access.issue(connection, "Bert", BILLING, text="y", by="test", now_ms=gateway.now_ms())
    with pytest.raises(UserRefused) as taken:
        users.add(gateway, "bert", [VIEWER], PASSWORD, "test", CHEAP)
    assert taken.value.code == "name_taken"
    with reading(gateway.engine) as connection:
        assert [token.name for token in tokens.every(connection)] == ["billing", "Bert"]


def test_a_role_that_is_no_more_opens_nothing_to_who_had_it(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    user = users.add(gateway, "anna", [VIEWER, BILLING], PASSWORD, "test", CHEAP)
    monkeypatch.delitem(access.ROLES, BILLING)
    assert users.caller(user).scopes == set(ROLES[VIEWER])


def test_a_name_that_there_is_not_takes_the_work_of_one_that_there_is(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add(gateway, "anna", [VIEWER], PASSWORD, "test")
    looked_at: list[str] = []

    def fits(password: str, kept: str) -> bool:
        looked_at.append(kept.rsplit("$", 2)[0])
        return real(password, kept)

    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", fits)
    for name in ("anna", "nobody"):
        assert not signs_in(gateway, name, "wrong")
    assert looked_at == ["$argon2id$v=19$m=65536,t=3,p=1"] * 2
