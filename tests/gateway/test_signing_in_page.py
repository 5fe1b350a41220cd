"""docs/signing-in.md says what the gateway does: its settings, its numbers, its places."""

import re
from pathlib import Path, PurePath

from jobseal_gateway import passwords, tries
from jobseal_gateway.api import login, same_site
from jobseal_gateway.api.refusals import STATUSES
from jobseal_gateway.settings import SETTINGS, parse_settings

PAGE = (Path(__file__).parents[2] / "docs" / "signing-in.md").read_text()
WORDS = " ".join(PAGE.split())


def test_the_configurations_on_the_page_are_taken() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        settings, problems = parse_settings(f'organisation = "x"\n{text}'.encode(), "gateway.toml", PurePath("/"))
        assert problems == []
        assert settings is not None
        assert settings.http.url == "https://jobs.example.com"
    assert settings.oidc.client_secret_file == "/etc/jobseal/oidc.secret"
    assert settings.http.url + login.CALLBACK in PAGE
    assert settings.http.url + login.BEGIN in PAGE


def test_every_setting_of_a_provider_is_on_the_page() -> None:
    for setting in SETTINGS:
        if setting.path[0] == "oidc":
            assert re.search(rf"^{setting.path[1]} = ", PAGE, re.MULTILINE), setting.path


def test_the_numbers_are_those_of_the_gateway() -> None:
    defaults = {".".join(setting.path): setting.default for setting in SETTINGS}
    for name in ("intervals.session_idle_s", "intervals.session_life_s"):
        assert f"`{name}` ({defaults[name]})" in WORDS
    assert f"{passwords.MIN_CHARACTERS} to {passwords.MAX_CHARACTERS} characters" in WORDS
    assert f"The first {tries.NAME.free} for a name cost nothing ({tries.ADDRESS.free} for an address)" in WORDS
    assert f"with {tries.NAME.lock} ({tries.ADDRESS.lock} for an address) it is locked for a day" in WORDS
    assert (tries.WAIT_MAX_MS, tries.LOCK_MS) == (15 * 60_000, 24 * 3_600_000)


def test_the_codes_and_the_header_are_those_of_the_api() -> None:
    named = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    assert named == {"identity_provider_unavailable", "sign_in_refused", "no_such_place"}
    assert named <= set(STATUSES)
    assert f"`{same_site.CSRF_HEADER}`" in PAGE
