"""A photo: from the camera's command, or the newest picture in a folder. It is copied nowhere before it is signed."""

from functools import partial
from pathlib import Path

from jobseal.limits import OBJECT_MAX_BYTES
from jobseal_device.ui import camera, words
from jobseal_device.ui.camera import Camera, newest_picture, stamp
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import DIM, GOOD_BELL, HEAD, Choice, Entry, Frame, Line, Move, Page, stay, wrong
from jobseal_device.ui.signing import leave, sign_and_leave, signed_words, take_up
from jobseal_device.ui.words import N_, _

PURPOSES = {
    "before": N_("before"),
    "after": N_("after"),
    "damage": N_("damage"),
    "plate": N_("type plate"),
    "other": N_("other"),
}
_FAILED = {
    camera.EXITED: N_("The camera failed. Nothing was taken. Try again."),
    camera.LATE: N_("The camera did not answer in time and was stopped. Try again."),
    camera.NOTHING: N_("The camera wrote no picture. Try again."),
    camera.NO_PICTURE: N_("What the camera wrote is no picture. Try again."),
    camera.TOO_LARGE: N_("The camera wrote far too much and was stopped. Tell the office."),
}
_camera = Camera()


def photo(desk: Desk, frame: Frame) -> Page:
    """First the picture, then what it shows."""
    take_up(desk, frame)
    if frame.get("is_typing"):
        return _path_page(frame)
    return _picture_page(desk, frame) if not frame.get("file") else _purpose_page(desk, frame)


def _picture_page(desk: Desk, frame: Frame) -> Page:
    folders = [Path(desk.settings.photo_folder)] if desk.settings.photo_folder else []
    newest = newest_picture(*folders, desk.home.camera)
    frame.setdefault("seen", stamp(newest))

    def take() -> Move:
        problem = _camera.start(desk.settings.camera, desk.home.camera, desk.settings.camera_timeout_s)
        return wrong(_("The camera did not start: {why}").format(why=problem)) if problem else stay(_working())

    def use(path: Path) -> Move:
        if camera.size(path) > OBJECT_MAX_BYTES:
            frame["seen"] = stamp(path)
            return wrong(_("The picture is too large (8 MiB at most). Take a smaller one."))
        frame.update(file=str(path), row=0, top=None)
        return stay(_("There it is. F1 signs it."), GOOD_BELL)

    def type_path() -> Move:
        frame.update(is_typing=True, text="")
        return stay()

    def tick() -> Move | None:
        taken = _camera.finished()
        if isinstance(taken, Path):
            return use(taken)
        if isinstance(taken, str):
            return wrong(_(_FAILED[taken]))
        appeared = newest_picture(*folders)
        if appeared is not None and stamp(appeared) != frame["seen"]:
            return use(appeared)
        return None if _camera.works_for_s is None else stay(_working())

    def stop() -> Move:
        if _camera.works_for_s is None:
            return leave(desk, frame, False)
        _camera.stop()
        return stay(_("The camera is stopped. There is no picture."))

    choices = []
    if desk.settings.camera:
        choices.append(Choice(_("Take a photo"), take))
    if newest is not None:
        choices.append(Choice(_("The newest: {name}").format(name=newest.name[:40]), lambda: use(newest)))
    choices.append(Choice(_("Type a file's path"), type_path))
    return Page(
        title=_("Photo"),
        mark=frame["job"],
        say=_("Take a photo, or wait for one to appear.") if folders else _("Choose by digit."),
        lines=[] if desk.settings.camera or folders else [Line(_("No camera is set up ([screen] camera)."), DIM)],
        choices=choices,
        tick=tick,
        back=stop,
    )


def _working() -> str:
    return _("The camera works: {seconds} s. F3 stops it.").format(seconds=_camera.works_for_s or 0)


def _path_page(frame: Frame) -> Page:
    def take(text: str) -> Move:
        path = Path(text.strip())
        try:
            is_file = bool(text.strip()) and path.is_file()
        except (OSError, ValueError):
            is_file = False
        if not is_file:
            return wrong(_("There is no such file."))
        frame.update(file=str(path), is_typing=False, text="", row=0)
        return stay()

    def close() -> Move:
        frame.update(is_typing=False, text="")
        return stay()

    return Page(
        title=_("Photo"),
        mark=frame["job"],
        say=_("Enter takes it."),
        entry=Entry(_("Path of the picture"), take),
        back=close,
    )


def _purpose_page(desk: Desk, frame: Frame) -> Page:
    path = Path(frame["file"])
    try:
        size = path.stat().st_size
    except OSError:
        frame["file"] = ""
        return _picture_page(desk, frame)
    chosen = frame.get("purpose", "")

    def choose(code: str) -> Move:
        frame["purpose"] = "" if code == chosen else code
        return stay()

    def act() -> str:
        fields = {"photo": f"@{path}"} | ({"purpose": chosen} if chosen else {})
        desk.sign("photo.attached", fields, frame["job"])
        if path.parent == desk.home.camera:
            path.unlink(missing_ok=True)
        return signed_words("photo.attached")

    def do() -> Move:
        if size > OBJECT_MAX_BYTES:
            return wrong(_("The file is too large (8 MiB at most)."))
        return sign_and_leave(desk, frame, act)

    def again() -> Move:
        frame.update(file="", seen=stamp(path), row=0, top=None)
        return stay()

    return Page(
        title=_("Photo"),
        mark=frame["job"],
        say=_("What does it show? F1 signs."),
        lines=[Line(path.name, HEAD, f"{words.number(str(max(1, size // 1024)))} KiB")],
        choices=[
            Choice(_(text), partial(choose, code), mark="*" if code == chosen else "")
            for code, text in PURPOSES.items()
        ],
        do=do,
        do_word=_("Sign"),
        back=again,
    )
