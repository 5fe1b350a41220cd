"""The proof's page, for a customer's phone: a few lines in plain words, in the browser's language. Pure.

No script, nothing from elsewhere; everything that is not written here is escaped.
"""

import base64
import datetime
import hashlib
from html import escape

from jobseal_gateway.proof_link import Standing

LANGUAGES = ("en", "de", "es")
_STYLE = "body{font:18px/1.5 sans-serif;max-width:34em;margin:2em auto;padding:0 1em}small{color:#555}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

_WORDS = {
    "en": {
        "title": "Proof of work",
        "known": "This proof is genuine: the log of {organisation} has it since {logged}.",
        "released": "The work was released for billing on {released}.",
        "unreleased": "The work has not been released for billing yet.",
        "superseded": "Something was added or corrected since. Ask the company for the newest state.",
        "newest": "Nothing was added or corrected since.",
        "log": "Log {log}, {size} entries. Times are those of the company's server, UTC.",
        "unknown": "This code is not known here.",
        "why": "If the work was finished a short while ago, the handheld may not have sent it yet: try again later. "
        "Otherwise ask the company that did the work.",
        "too_many": "Too many questions came from your network. Try again in a minute.",
    },
    "de": {
        "title": "Arbeitsnachweis",
        "known": "Dieser Nachweis ist echt: Das Protokoll von {organisation} enthält ihn seit {logged}.",
        "released": "Die Arbeit wurde am {released} zur Abrechnung freigegeben.",
        "unreleased": "Die Arbeit ist noch nicht zur Abrechnung freigegeben.",
        "superseded": "Seither wurde etwas ergänzt oder berichtigt. Fragen Sie die Firma nach dem neuesten Stand.",
        "newest": "Seither wurde nichts ergänzt oder berichtigt.",
        "log": "Protokoll {log}, {size} Einträge. Zeiten nach der Uhr des Servers der Firma, UTC.",
        "unknown": "Dieser Code ist hier nicht bekannt.",
        "why": "Wurde die Arbeit gerade erst beendet, hat das Gerät sie vielleicht noch nicht gesendet: Versuchen Sie "
        "es später noch einmal. Sonst fragen Sie die Firma, die gearbeitet hat.",
        "too_many": "Aus Ihrem Netz kamen zu viele Anfragen. Versuchen Sie es in einer Minute wieder.",
    },
    "es": {
        "title": "Comprobante de trabajo",
        "known": "Este comprobante es auténtico: el registro de {organisation} lo contiene desde el {logged}.",
        "released": "El trabajo se liberó para su facturación el {released}.",
        "unreleased": "El trabajo aún no se ha liberado para su facturación.",
        "superseded": "Desde entonces se añadió o corrigió algo. Pida a la empresa el estado más reciente.",
        "newest": "Desde entonces no se ha añadido ni corregido nada.",
        "log": "Registro {log}, {size} entradas. Horas del servidor de la empresa, UTC.",
        "unknown": "Este código no se conoce aquí.",
        "why": "Si el trabajo terminó hace poco, puede que el terminal aún no lo haya enviado: inténtelo más tarde. Si "
        "no, pregunte a la empresa que hizo el trabajo.",
        "too_many": "Llegaron demasiadas consultas desde su red. Vuelva a intentarlo en un minuto.",
    },
}


def language(accepted: str) -> str:
    """The first of our languages that an ``Accept-Language`` header names, in its order; else English."""
    for each in accepted.split(","):
        tag = each.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def known(found: Standing, organisation: str, log_id: str, speaking: str) -> bytes:
    """The page about a code that is known."""
    words = _WORDS[speaking]
    released = "" if found.released_ms is None else _day(found.released_ms)
    lines = [
        words["known"].format(organisation=organisation, logged=_moment(found.logged_ms)),
        words["released"].format(released=released) if released else words["unreleased"],
        words["superseded" if found.superseded else "newest"],
    ]
    return _page(speaking, lines, words["log"].format(log=log_id, size=found.log_size))


def unknown(speaking: str) -> bytes:
    """The page about any other."""
    return _page(speaking, [_WORDS[speaking]["unknown"], _WORDS[speaking]["why"]])


def too_many(speaking: str) -> bytes:
    """The page for somebody who asks too often."""
    return _page(speaking, [_WORDS[speaking]["too_many"]])


def _page(speaking: str, lines: list[str], small: str = "") -> bytes:
    title = escape(_WORDS[speaking]["title"])
    body = "".join(f"<p>{escape(line)}</p>" for line in lines) + (f"<small>{escape(small)}</small>" if small else "")
    return (
        f'<!doctype html><html lang="{speaking}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    ).encode()


def _moment(unix_ms: int) -> str:
    return datetime.datetime.fromtimestamp(unix_ms // 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def _day(unix_ms: int) -> str:
    return datetime.datetime.fromtimestamp(unix_ms // 1000, datetime.UTC).strftime("%Y-%m-%d")
