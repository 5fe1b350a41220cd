"""Mistakes at the API's door: whose session opens what and for how long, and what an identity provider is believed."""

from tests.system.mutant import Mutant

GATEWAY = "gateway/jobseal_gateway"
API = f"{GATEWAY}/api"


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, check: str) -> Mutant:
    return Mutant(name, ((file, before, after),), f"callers.{shown_by}", (check,))


MUTANTS = (
    _mutant(
        "csrf_token_unchecked", f"{API}/same_site.py", "    if not hmac.compare_digest(", "    if None and (",
        "sites", "cross_site_taken",
    ),
    _mutant(
        "origin_unchecked", f"{API}/same_site.py",
        "    if site != \"same-origin\" or origin.casefold() != own_origin.casefold():\n", "    if False:\n",
        "sites", "cross_site_taken",
    ),
    _mutant(
        "csrf_only_for_posts", f"{API}/access.py",
        "    if request.method not in same_site.SAFE_METHODS:\n", '    if request.method == "PUT":\n',
        "sites", "cross_site_taken",
    ),
    _mutant(
        "session_outlives_change", f"{GATEWAY}/ledger/web_sessions.py",
        "    .where(web_sessions.c.user_id.in_(NEWEST))\n", "",
        "endings", "session_outlives_change",
    ),
    _mutant(
        "session_outlives_sign_out", f"{GATEWAY}/ledger/web_sessions.py",
        "    .where(web_sessions.c.ended_ms.is_(None))\n", "",
        "endings", "session_outlives_sign_out",
    ),
    _mutant(
        "idle_session_goes_on", f"{GATEWAY}/sessions.py",
        "min(session.until_ms, session.seen_ms + life.idle_ms)", "session.until_ms",
        "endings", "session_outlives_time",
    ),
    _mutant(
        "wrong_passwords_uncounted", f"{GATEWAY}/signing_in.py",
        "            wrong_passwords.count(connection, kind, subject, now_ms)\n", "            pass\n",
        "guesses", "guesses_unbounded",
    ),
    _mutant(
        "unknown_parameter_passed_over", f"{API}/query.py", "    if unknown:\n", "    if False:\n",
        "typos", "typo_passed_over",
    ),
    _mutant(
        "nonce_unchecked", f"{API}/provider.py",
        "claims_options=self._wanted(), leeway",
        'claims_cls=__import__("authlib.oauth2.claims", fromlist=["x"]).JWTClaims, '
        "claims_options=self._wanted(), leeway",
        "provider", "nonce_unchecked",
    ),
    _mutant(
        "audience_unchecked", f"{API}/provider.py",
        '            "aud": {"essential": True, "value": self._oidc.client_id},\n', "",
        "provider", "audience_unchecked",
    ),
    _mutant(
        "unsigned_id_token_taken", f"{API}/provider.py",
        " if each in ALGORITHMS]", "]", "provider", "unsigned_taken",
    ),
    _mutant(
        "subject_of_user_info_unchecked", f"{API}/provider.py",
        "        if more and more.get(SUBJECT) != said[SUBJECT]:\n", "        if False:\n",
        "provider", "subject_swapped",
    ),
    _mutant(
        "role_for_everybody", f"{GATEWAY}/identity.py",
        "    return tuple(role for role, value in wanted.items() if value in held)\n",
        "    return tuple(role for role, value in wanted.items() if value in held) or (VIEWER,)\n",
        "provider", "role_for_everybody",
    ),
)  # fmt: skip
