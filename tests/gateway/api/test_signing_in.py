"""Whoever guesses passwords is made to wait, counted in the ledger, and learns nothing from the answers."""

import threading
from collections.abc import Iterator

import pytest

from jobseal_gateway import passwords, security_log, signing_in, tries, users
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import audit, wrong_passwords
from jobseal_gateway.ledger.database import reading, writing
from tests.field import Office
from tests.gateway.api.billing import serving
from tests.gateway.api.browser import CHEAP, PASSWORD, Browser, browsers, user


@pytest.fixture
def port(gateway: Gateway) -> Iterator[int]:
    """The API of a gateway with one user, anna."""
    user(gateway)
    with serving(gateway) as found:
        yield found


@pytest.fixture(autouse=True)
def _cheap_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The users here have cheap passwords; that nobody's costs what a user's does is shown in test_users.py."""
    cheap = passwords.keep(passwords.made(), CHEAP)
    monkeypatch.setattr(signing_in, "_nobodys", lambda: cheap)


def acts(office: Office) -> list[tuple[str, ...]]:
    """The audit log without times."""
    with reading(office.engine) as connection:
        return [tuple(each[2:]) for each in audit.newest(connection, 1_000)]


def test_a_session_ends_with_what_it_was_opened_under(gateway: Gateway, port: int) -> None:
    with browsers(port) as [browser]:
        browser.sign_in()
        assert browser.get("/v1/feed").status_code == 200
        users.set_roles(gateway, "anna", ["admin"], "test")
        assert browser.get("/v1/feed").status_code == 401
        browser.sign_in()
        assert browser.get("/v1/session").json()["roles"] == ["admin"]
        assert browser.change("DELETE", "/v1/session").status_code == 200


REFUSED = [
    ("anna", "wrong password here"),
    ("anna", ""),
    ("nobody", PASSWORD),
    ("disabled", PASSWORD),
    ("", PASSWORD),
    ("an\0na", PASSWORD),
    ("anna\N{LATIN SMALL LETTER SHARP S}", PASSWORD),
]


def test_a_wrong_name_a_wrong_password_and_a_disabled_user_are_answered_alike(gateway: Gateway, port: int) -> None:
    user(gateway, "disabled")
    users.disable(gateway, "disabled", "test")
    with browsers(port) as [browser]:
        answers = [browser.sign_in(name, password) for name, password in REFUSED]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert not browser.cookie


def test_what_was_typed_for_a_name_that_there_is_not_is_kept_nowhere(
    gateway: Gateway, port: int, office: Office
) -> None:
    before = len(acts(office))
    with browsers(port) as [browser]:
        browser.sign_in("my-password-by-mistake", "x")
        browser.sign_in("anna", "x")
    assert acts(office)[before:] == [("anna", "session:begin", "127.0.0.1", "refused: wrong_credentials")]
    assert b"by-mistake" not in (gateway.home.security / "api.log").read_bytes()


def test_who_guesses_names_fills_no_table_and_is_counted_in_the_security_log_when_the_api_stops(
    gateway: Gateway, office: Office
) -> None:
    before = len(acts(office))
    with serving(gateway) as port, browsers(port) as [browser]:
        for number in range(7):
            assert browser.sign_in(f"guess-{number}", "x").status_code == 401
    assert len(acts(office)) == before
    refused = [line for _, line in security_log.read(gateway.home.security) if line.code == "wrong_credentials"]
    assert [(line.who, line.times) for line in refused] == [("127.0.0.1", 1), ("127.0.0.1", 6)]


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_wrong_passwords_make_wait_longer_and_longer_whether_there_is_such_a_user_or_not(
    gateway: Gateway, port: int, office: Office, name: str
) -> None:
    with browsers(port) as [browser]:
        for _ in range(tries.NAME.free):
            assert browser.sign_in(name, "wrong").status_code == 401
        answer = browser.sign_in(name, PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert answer.headers["retry-after"] == "1"
    # Another process, as after a restart, knows it too; a try too early counts for nothing.
    with serving(gateway) as again, browsers(again) as [browser]:
        assert browser.sign_in(name, PASSWORD).status_code == 429
        office.station.pass_ms(1_000)
        assert browser.sign_in(name, "wrong").status_code == 401
        assert browser.sign_in(name, PASSWORD).headers["retry-after"] == "2"
        office.station.pass_ms(2_000)
        assert browser.sign_in(name, PASSWORD).status_code == (200 if name == "anna" else 401)


def wrong_until_locked(browser: Browser, office: Office) -> None:
    for _ in range(tries.NAME.lock):
        office.station.pass_ms(tries.WAIT_MAX_MS)
        assert browser.sign_in("anna", "wrong").status_code == 401


def test_many_wrong_passwords_lock_for_a_day_and_an_administrator_unlocks(
    gateway: Gateway, port: int, office: Office
) -> None:
    with browsers(port) as [browser]:
        wrong_until_locked(browser, office)
        office.station.pass_ms(tries.WAIT_MAX_MS * 4)
        answer = browser.sign_in()
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 82_000
        assert users.unlock(gateway, wrong_passwords.NAME, "Anna")
        assert browser.sign_in().status_code == 200
        wrong_until_locked(browser, office)
        users.set_password(gateway, "anna", PASSWORD, "test", CHEAP)
        office.station.pass_ms(tries.WAIT_MAX_MS)  # the address has been wrong often by now, too
        assert browser.sign_in().status_code == 200
        wrong_until_locked(browser, office)
        office.station.pass_ms(tries.LOCK_MS)
        assert browser.sign_in().status_code == 200


def test_a_right_password_forgives_the_name_and_not_the_address(port: int, gateway: Gateway) -> None:
    user(gateway, "bert")
    with browsers(port) as [browser]:
        for round_ in range(tries.ADDRESS.free // 4):
            for _ in range(4):
                assert browser.sign_in("anna", "wrong").status_code == 401, round_
            if round_ < tries.ADDRESS.free // 4 - 1:
                assert browser.sign_in().status_code == 200
        assert browser.sign_in("bert").status_code == 429, "whoever tries from there waits"
        assert users.unlock(gateway, wrong_passwords.ADDRESS, "127.0.0.1")
        assert browser.sign_in("bert").status_code == 200


def test_tries_side_by_side_win_nothing(port: int) -> None:
    codes: list[int] = []

    def guess(browser: Browser) -> None:
        codes.append(browser.sign_in("anna", "wrong").status_code)

    with browsers(port, 12) as many:
        threads = [threading.Thread(target=guess, args=(each,)) for each in many]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes.count(401) == tries.NAME.free
    assert codes.count(429) == 12 - tries.NAME.free


def test_right_passwords_keep_no_wait_alive_and_an_address_that_was_quiet_for_an_hour_begins_anew(
    gateway: Gateway,
) -> None:
    place = "192.0.2.7"
    with writing(gateway.engine) as connection:
        for at_ms in range(1, 26):
            wrong_passwords.of(connection, wrong_passwords.ADDRESS, place, at_ms)
            wrong_passwords.count(connection, wrong_passwords.ADDRESS, place, at_ms)
        wrong_passwords.count(connection, wrong_passwords.ADDRESS, place, 900)
        wrong_passwords.take_back(connection, wrong_passwords.ADDRESS, place, 900, 25)
        assert wrong_passwords.seen(connection, wrong_passwords.ADDRESS, place) == (25, 25)
        wrong_passwords.forget(connection, tries.LAPSE_MS)
        assert wrong_passwords.seen(connection, wrong_passwords.ADDRESS, place) == (25, 25)
        wrong_passwords.forget(connection, tries.LAPSE_MS + 25)
        assert wrong_passwords.seen(connection, wrong_passwords.ADDRESS, place) is None
