"""Exact arithmetic on decimal text, where there is no ``decimal`` module. The form is that of SPEC.md, "Decimals".

Sums keep the longer fraction of what is added, so nothing is ever rounded; they may outgrow what a message can carry.
"""


def _scaled(text: str, places: int) -> int:
    """``text`` times 10**places, for places at least those of its fraction."""
    digits = text[1:] if text.startswith("-") else text
    whole, fraction = digits, ""
    at = digits.find(".")
    if at >= 0:
        whole, fraction = digits[:at], digits[at + 1 :]
    number = int(whole + fraction + "0" * (places - len(fraction)))
    return -number if text.startswith("-") else number


def _places(text: str) -> int:
    at = text.find(".")
    return 0 if at < 0 else len(text) - at - 1


def add(first: str, second: str) -> str:
    """The exact sum."""
    places = max(_places(first), _places(second))
    number = _scaled(first, places) + _scaled(second, places)
    digits = str(abs(number))
    digits = "0" * (places + 1 - len(digits)) + digits
    cut = len(digits) - places
    text = digits[:cut] + "." + digits[cut:] if places else digits
    return "-" + text if number < 0 else text


def total(texts: "list[str]") -> str:
    """The exact sum of all; "0" for none."""
    result = "0"
    for text in texts:
        result = add(result, text)
    return result


def negate(text: str) -> str:
    """The number with the other sign; zero has none."""
    if text.startswith("-"):
        return text[1:]
    return "-" + text if _scaled(text, _places(text)) else text


def same(first: str, second: str) -> bool:
    """Whether both are the same number, however many zeros follow."""
    places = max(_places(first), _places(second))
    return _scaled(first, places) == _scaled(second, places)
