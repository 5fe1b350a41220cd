"""Passwords: what is kept opens for one password only, states its cost, and never is the password."""

import pytest

from jobseal.host.pin import Cost
from jobseal_gateway import passwords
from jobseal_gateway.passwords import PasswordUnfit

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
PASSWORD = "four words in a row"


def test_what_is_kept_of_a_password_fits_it_and_no_other() -> None:
    kept = passwords.keep(PASSWORD, CHEAP)
    assert passwords.fits(PASSWORD, kept)
    for other in ("", PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), PASSWORD.replace("o", "0")):
        assert not passwords.fits(other, kept), other
    assert PASSWORD not in kept
    assert kept != passwords.keep(PASSWORD, CHEAP)


def test_what_is_kept_says_that_it_is_argon2id_at_the_cost_of_rfc_9106() -> None:
    assert passwords.keep(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_the_same_letters_from_another_keyboard_are_the_same_password() -> None:
    composed, decomposed = "Schl\u00fcssel zum B\u00fcro", "Schlu\u0308ssel zum Bu\u0308ro"
    assert composed != decomposed
    assert passwords.fits(decomposed, passwords.keep(composed, CHEAP))


@pytest.mark.parametrize(
    "password", ["", "short", "elevenchars", "a" * 12, "abababababab", "x" * 257, "anna in the house"]
)
def test_what_nobody_should_choose_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(PasswordUnfit) as refused:
        passwords.check(password, "anna")
    assert refused.value.code == "password_unfit"


def test_a_very_short_name_may_be_in_a_password_and_one_that_is_made_up_never_holds_a_longer_one() -> None:
    passwords.check(PASSWORD, "row")
    for _ in range(20):
        passwords.check(passwords.made("anna"), "anna")


def test_one_that_is_made_up_may_be_chosen_and_is_another_each_time() -> None:
    made = {passwords.made() for _ in range(50)}
    assert len(made) == 50
    for each in made:
        passwords.check(each, "anna")
