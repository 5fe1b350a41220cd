"""Decimals are exact, have one text form, and are rounded in one place, symmetrically and once."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.pricing.decimals import (
    ROUNDING_MODES,
    decimal_text,
    divide,
    multiply,
    parse_decimal,
    plain_text,
    to_step,
)

TEXT = st.from_regex(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?", fullmatch=True)
VALUE = TEXT.map(parse_decimal).filter(lambda value: value is not None).map(lambda value: value or Decimal(0))
STEP = VALUE.map(lambda value: value.copy_abs()).filter(bool)
MODE = st.sampled_from(ROUNDING_MODES)
STDLIB = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
}


@pytest.mark.parametrize(
    "text",
    ["", "+1", "-0", "-0.00", "01", ".5", "5.", "1e3", "1,5", " 1", "1 ", "NaN", "1_0", "٣", "1" * 16, "0.0000000001"],
)
def test_what_is_not_in_the_protocols_form_is_no_decimal(text: str) -> None:
    assert parse_decimal(text) is None


@given(TEXT)
def test_text_comes_back_as_it_was_written(text: str) -> None:
    value = parse_decimal(text)
    if value is None:
        assert text.startswith("-")
        assert not Decimal(text)
    else:
        assert decimal_text(value) == text
        assert Decimal(plain_text(value)) == value


@pytest.mark.parametrize("value", [Decimal(10) ** 15, Decimal("0.0000000001"), Decimal("NaN"), Decimal("Infinity")])
def test_a_value_that_does_not_fit_the_form_is_an_error_and_not_a_lie(value: Decimal) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        decimal_text(value)


def test_zero_has_no_sign_and_large_values_no_exponent() -> None:
    assert decimal_text(Decimal("-0.00")) == "0.00"
    assert decimal_text(Decimal("1E+3")) == "1000"
    assert plain_text(Decimal("100")) == "100"
    assert plain_text(Decimal("-0.00")) == "0"


@pytest.mark.parametrize(
    ("value", "half_up", "half_even", "up", "down"),
    [
        ("0.5", "1", "0", "1", "0"),
        ("1.5", "2", "2", "2", "1"),
        ("2.5", "3", "2", "3", "2"),
        ("2.4999", "2", "2", "3", "2"),
        ("2.5001", "3", "3", "3", "2"),
        ("-2.5", "-3", "-2", "-3", "-2"),
        ("-0.4", "0", "0", "-1", "0"),
        ("3", "3", "3", "3", "3"),
    ],
)
def test_modes_round_the_magnitude(value: str, half_up: str, half_even: str, up: str, down: str) -> None:
    found = [decimal_text(divide(Decimal(value), Decimal(1), 0, mode)) for mode in ROUNDING_MODES]
    assert found == [half_up, half_even, up, down]


@given(VALUE, st.integers(0, 9), MODE)
def test_rounding_to_places_agrees_with_the_standard_library(value: Decimal, places: int, mode: str) -> None:
    wide = decimal.Context(prec=60)
    assert divide(value, Decimal(1), places, mode) == value.quantize(Decimal(1).scaleb(-places), STDLIB[mode], wide)


@given(VALUE, STEP, st.integers(0, 9), MODE)
def test_a_quotient_is_rounded_once_from_its_exact_value(
    value: Decimal, divisor: Decimal, places: int, mode: str
) -> None:
    exact = Fraction(value) / Fraction(divisor) * 10**places
    below, above = exact.__floor__(), exact.__ceil__()
    found = Fraction(divide(value, divisor, places, mode)) * 10**places
    assert found in (below, above)
    half = Fraction(1, 2)
    if mode == "up":
        assert abs(found) >= abs(exact)
    elif mode == "down":
        assert abs(found) <= abs(exact)
    else:
        assert abs(found - exact) <= half
        if abs(found - exact) == half:
            assert abs(found) > abs(exact) if mode == "half_up" else found % 2 == 0


@given(VALUE, STEP, MODE)
def test_rounding_is_symmetric_idempotent_and_monotonic(value: Decimal, step: Decimal, mode: str) -> None:
    rounded = to_step(value, step, mode)
    assert to_step(value.copy_negate(), step, mode) == rounded.copy_negate()
    assert to_step(rounded, step, mode) == rounded
    assert to_step(value - step, step, mode) <= rounded


def test_a_product_that_would_lose_a_digit_is_an_error() -> None:
    many = Decimal("1." + "3" * 50)
    with pytest.raises(decimal.Inexact):
        multiply(many, many)


def test_nothing_depends_on_the_ambient_context() -> None:
    with decimal.localcontext() as ambient:
        ambient.prec = 3
        ambient.rounding = decimal.ROUND_UP
        assert divide(Decimal("123456.785"), Decimal(1), 2, "half_even") == Decimal("123456.78")
        assert multiply(Decimal("123456.789"), Decimal(10)) == Decimal("1234567.89")
