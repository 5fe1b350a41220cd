"""What a key in a TPM promises where there is none; ``tpm_on_swtpm.py`` beside this is the rest, with a real one."""

import sys

import pytest

from jobseal.errors import JobsealError
from jobseal_device import tpm

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(("s", "low"), [(1, 1), (ORDER - 1, 1), (ORDER // 2, ORDER // 2), (ORDER // 2 + 1, ORDER // 2)])
def test_of_two_values_that_verify_the_lower_one_is_sent(s: int, low: int) -> None:
    assert tpm.low_s(s.to_bytes(32, "big")) == low.to_bytes(32, "big")


def test_without_the_library_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    with pytest.raises(JobsealError) as refused:
        tpm.make(bytes(32))
    assert (refused.value.code, refused.value.fault) == ("tpm_missing", "operator")
