"""A technician, or a thief with a copy: plays one actor's steps on a handheld, each at its time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobseal.errors import OURS
from jobseal_gateway.demo.day_clock import DayClock
from jobseal_gateway.demo.handheld import Handheld, Signed
from jobseal_gateway.demo.photo import png
from jobseal_gateway.demo.scenario.step import Step
from jobseal_gateway.demo.scenario.verbs import CORRECT, DEEDS
from jobseal_gateway.errors import GatewayError

# Width and height in pixels. A small one rides with its event, the large ones follow in chunks.
_SIZES = {"before": (120, 90), "after": (160, 120), "nameplate": (320, 240), "display": (96, 64)}

# What is worth a line while the day goes on, by verb.
_TOLD = {
    "login": "starts the day",
    "logout": "ends the day",
    "complete": "completes {job}",
    "cancel": "calls off {job}: {reason}",
    "reopen": "reopens {job}: {reason}",
    "wait": "waits at {job} for {reason}",
}

Tell = Callable[[str, str], None]  # who, and what


class Technician:
    """Plays on one handheld. ``copied`` is called with a clone's name when its folder is there."""

    def __init__(
        self,
        handheld: Handheld,
        person: str,
        clock: DayClock,
        clones: dict[str, Handheld],
        photos: Path,
        tell: Tell,
        copied: Callable[[str], None],
    ) -> None:
        self.handheld = handheld
        self._person = person
        self._clock = clock
        self._clones = clones
        self._photos = photos
        self._tell = tell
        self._copied = copied
        self._crash_next = False
        self._has_twin = False
        self._signed: list[tuple[str | None, str, str, str]] = []  # job, verb, first word, hash
        self._turns: dict[str, Callable[[Step], None]] = {
            "offline": self._offline,
            "online": self._online,
            "crash": self._crash,
            "set-clock": self._set_clock,
            "copied": self._copy,
            "sync-once": self._sync_once,
        }

    def play(self, step: Step) -> None:
        """Do one step now. Raises HandheldFailed."""
        if step.verb in DEEDS:
            self._sign(step, DEEDS[step.verb].kind, None)
        elif step.verb == CORRECT:
            self._sign(step, "event.corrected", self._corrected(step))
            self._tell(self.handheld.name, f"corrects {step.job}: {_plain(step)}")
        else:
            self._turns[step.verb](step)

    def _sign(self, step: Step, kind: str, amends: str | None) -> None:
        fields = dict(step.fields)
        if "photo" in fields:
            fields["photo"] = f"@{self._photo(step)}"
        asked: dict[str, Any] = {"kind": kind, "fields": fields, "job": step.job, "amends": amends}
        if kind == "session.opened":
            asked["by"] = self._person
        signed = self._crashing(asked) if self._crash_next else self.handheld.sign(asked)
        words = DEEDS[step.verb].words if step.verb in DEEDS else ()
        self._signed.append((step.job, step.verb, step.fields.get(words[0], "") if words else "", signed["hash"]))
        if step.verb in _TOLD:
            self._tell(self.handheld.name, _TOLD[step.verb].format(job=step.job, **step.fields))

    def _photo(self, step: Step) -> Path:
        width, height = _SIZES.get(step.fields["purpose"], _SIZES["after"])
        name = f"{step.job}-{self.handheld.name}-{step.minute}"
        path = self._photos / f"{name}.png"
        path.write_bytes(png(width, height, name))
        return path.absolute()

    def _corrected(self, step: Step) -> str:
        """The hash of the job's last event of the verb, and first word if there is one, that a correction names."""
        verb, first = step.about or ("", "")
        for job, done, word, digest in reversed(self._signed):
            if (job, done) == (step.job, verb) and first in ("", word):
                return digest
        sentence = f"Line {step.line} of the scenario corrects {verb} {first} of {step.job}, which was not done before."
        raise GatewayError("scenario", sentence, OURS)

    # Turns

    def _crashing(self, asked: dict[str, Any]) -> Signed:
        self._crash_next = False
        self._tell(self.handheld.name, f"its capture process is killed (-9) while it signs {asked['kind']}")
        signed = self.handheld.sign_and_die(asked)
        self._tell(
            self.handheld.name, f"is up again with all that was signed; {asked['kind']} is event {signed['seq']}"
        )
        return signed

    def _crash(self, _: Step) -> None:
        self._crash_next = True

    def _offline(self, _: Step) -> None:
        if self._has_twin:
            # The original is heard first: whose branch is the canonical one must not depend on this machine's speed.
            self.handheld.await_receipts()
        self.handheld.offline()
        self._tell(self.handheld.name, "is out of reach; it keeps what is signed")

    def _online(self, _: Step) -> None:
        self.handheld.online()
        self._tell(self.handheld.name, "is within reach again, and sends what it kept")

    def _set_clock(self, step: Step) -> None:
        minutes = int(step.fields["minutes"])
        self.handheld.set_clock(minutes)
        wrong = f"{abs(minutes)} minutes {'back' if minutes < 0 else 'ahead'}"
        self._tell(self.handheld.name, f"has its clock set {wrong}" if minutes else "has its clock set right again")

    def _copy(self, step: Step) -> None:
        was_online = self.handheld.is_online
        clone = step.fields["clone"]
        self.handheld.switch_off()
        self.handheld.copy(self._clones[clone])
        self._clones[clone].switch_on(self._clock)
        self.handheld.switch_on(self._clock)
        if was_online:
            self.handheld.online()
        self._tell(self.handheld.name, f"was left alone: somebody copied all of it, keys included, to {clone}")
        self._has_twin = True
        self._copied(clone)

    def _sync_once(self, _: Step) -> None:
        self.handheld.sync_once()
        self._tell(self.handheld.name, "has sent what it signed")


def _plain(step: Step) -> str:
    verb, first = step.about or ("", "")
    changed = " ".join(f"{name}={text}" for name, text in step.fields.items() if name != "reason")
    return f"{verb} {first} {changed}".strip()
