"""What each screen does with keys, scans and mistakes, and what it signs."""

import pytest

from jobseal_device.ui.layout import Size
from tests.device.ui.hand import Hand

JOB = "WO-1002"  # filters; only a sign-off is required


def on_site(hand: Hand, job: str = JOB) -> Hand:
    hand.log_in().do(job, "Accept job", "Start travel", "Arrive on site")
    return hand.open_job(job)


def test_a_badge_opens_the_session_and_the_list_of_the_day(hand: Hand) -> None:
    assert "Who are you?" in hand.text()
    hand.log_in()
    assert hand.kinds() == ["session.opened"]
    assert hand.events()[0].by == "t-11"
    assert ">1 08:00 Hotel Post" in hand.text()


def test_digits_choose_and_f1_alone_signs(hand: Hand) -> None:
    hand.log_in().press("2", "1")
    assert "Accept job at 08:00" in hand.text()
    hand.press("Enter", "4", "7")
    assert hand.kinds(JOB) == []
    hand.press("F1")
    assert hand.kinds(JOB) == ["job.accepted"]
    assert hand.message == "Signed: accepted."
    assert hand.bells[-1] == 1


def test_only_legal_steps_are_offered(hand: Hand) -> None:
    hand.log_in().open_job(JOB)
    labels = [choice.label for choice in hand.navigator.page.choices]
    assert labels == ["Accept job", "Cancel job", "Details", "History"]


def test_parts_are_scanned_in_a_row_and_signed_together(hand: Hand) -> None:
    on_site(hand).choose("Parts used").scan("FLT-10", "FLT-10", "VLV-2", "NOBODY-KNOWS")
    assert "2 pc FLT-10 Filter F7" in hand.text()
    assert "not in the catalogue" in hand.message
    hand.press("F1")
    used = [each.body for each in hand.events(JOB) if each.kind == "part.used"]
    assert [(body[1], body[2], body[3], body[4]) for body in used] == [
        ("FLT-10", "2", "pc", "van"),
        ("VLV-2", "1", "pc", "van"),
        ("NOBODY-KNOWS", "1", "pc", "van"),
    ]


def test_a_part_in_the_list_can_be_changed_and_taken_off(hand: Hand) -> None:
    on_site(hand).choose("Parts used").scan("CBL-3", "VLV-2").press("F4")
    hand.choose("1 m CBL-3").choose("Quantity").press("2.5", "Enter").choose("Serial").press("SN 1", "Enter")
    hand.choose("Warranty").choose("yes").choose("From").choose("customer").press("F3")
    hand.choose("1 pc VLV-2").choose("Take it off").press("F3", "F1")
    assert hand.body("part.used") == {1: "CBL-3", 2: "2.5", 3: "m", 4: "customer", 5: "SN 1", 6: True}
    assert hand.kinds(JOB).count("part.used") == 1


def test_a_parts_scan_on_the_jobs_menu_goes_straight_to_the_parts(hand: Hand) -> None:
    on_site(hand).scan("FLT-10")
    assert hand.at == "parts"
    assert "1 pc FLT-10" in hand.text()


def test_a_form_asks_one_thing_at_a_time_and_says_what_is_not_a_number(hand: Hand) -> None:
    on_site(hand).choose("Reading").press("TEMP", "Enter", "warm", "Enter")
    assert hand.message == "warm is not a number."
    assert hand.bells[-1] == 2
    hand.press("F2", "21.5", "F1")
    assert hand.body("reading.taken") == {1: "TEMP", 2: "21.5", 3: "C"}


def test_what_was_typed_is_kept_when_somebody_goes_back(hand: Hand) -> None:
    on_site(hand).choose("Note").press("The valve drips", "F3")
    assert "Kept as a draft" in hand.message
    assert any(choice.mark == "draft" for choice in hand.navigator.page.choices)
    hand.choose("Note")
    assert "The valve drips" in hand.text()
    hand.press("F1")
    assert hand.kinds(JOB)[-1] == "note.added"
    hand.choose("Note")
    assert "The valve drips" not in hand.text()


def test_safety_rules_come_before_work(hand: Hand) -> None:
    on_site(hand, "WO-1003").choose("Start work")
    assert "The ladder stands firm" in hand.text()
    hand.press("F1")
    assert "Power is off" in hand.text()
    hand.press("F1").choose("Start work").press("F1")
    assert hand.kinds("WO-1003")[-3:] == ["safety.acknowledged", "safety.acknowledged", "labour.started"]


def test_a_checklist_is_answered_in_draft_and_signed_together(hand: Hand) -> None:
    on_site(hand, "WO-1001").choose("Checklist").press("1", "2", "1", "500", "Enter")
    assert hand.message == "Outside of the limits; taken as it is."
    assert "3/3" in hand.text()
    assert "checklist.answered" not in hand.kinds()
    hand.press("F1")
    answers = [each.body for each in hand.events("WO-1001") if each.kind == "checklist.answered"]
    assert answers == [{1: "LEAK", 2: False}, {1: "BELT", 2: True}, {1: "DP", 2: 500}]


def test_completing_asks_for_what_the_order_requires_or_a_reason(hand: Hand) -> None:
    on_site(hand, "WO-1001").choose("Complete job").press("F1")
    assert hand.message == "Add it or say why it is missing: photo, checklist"
    assert hand.bells[-1] == 2
    hand.choose("photo").choose("not possible").choose("checklist").choose("Add it now")
    assert hand.at == "checklist"
    hand.press("1", "1", "1", "80", "Enter", "F1")
    assert hand.at == "complete"
    hand.press("F1")
    assert hand.body("job.completed")[2] == [["photo", "not-possible"]]


def test_the_customer_signs_with_a_drawn_name(hand: Hand) -> None:
    on_site(hand).choose("Complete job").press("F1").choose("Customer signs").press(
        "F1", "R. Customer", "Enter", "1", "1"
    )
    hand.press("F1")
    assert hand.message == "Draw the signature first."
    hand.navigator.frame["strokes"] = [[[2, 2], [3, 3], [4, 2]], [[6, 2]]]
    hand.navigator.refresh()
    assert "#" in hand.text()
    hand.press("F1")
    signed = hand.body("job.signed_off")
    assert signed[1] == "strokes"
    assert signed[3][2] == "image/svg+xml"
    assert signed[4] == "customer"
    assert len(signed[5]) == 32


def test_a_waiver_needs_a_reason(hand: Hand) -> None:
    on_site(hand).choose("Complete job").press("F1").choose("Waive").press("F1")
    assert hand.kinds(JOB)[-1] == "signoff.waived"
    assert hand.body("signoff.waived")[1] == "customer-absent"


def test_a_correction_leaves_the_original_visible_struck_through(hand: Hand) -> None:
    on_site(hand).choose("Parts used").scan("FLT-10").press("F1").choose("Correct").press("1").choose("Correct it")
    hand.choose("Quantity").press("3", "Enter", "1", "F1")
    assert hand.body("event.corrected") == {1: 2, 2: {1: "FLT-10", 2: "3", 3: "pc", 4: "van"}}
    struck = [line.text for line in hand.navigator.page.lines if line.tone == "struck"]
    assert struck == ["Quantity: 1"]
    assert any(line.text == "Quantity: 3" for line in hand.navigator.page.lines)


def test_an_event_can_be_taken_back(hand: Hand) -> None:
    on_site(hand).choose("Parts used").scan("FLT-10").press("F1").choose("History").press("1").choose("Correct it")
    hand.choose("Take it back").choose("did not happen").press("F1")
    assert hand.body("event.corrected") == {1: 7, 2: None}
    assert hand.navigator.page.lines[0].tone == "struck"


def test_a_time_is_corrected_by_the_clock_on_the_wall(hand: Hand) -> None:
    on_site(hand).choose("History").choose("08:00 arrived").choose("Correct it").choose("Time").press("745", "Enter")
    hand.press("1", "F1")
    assert hand.body("event.corrected")[3] == hand.clock.now_ms - 15 * 60_000


def test_work_that_nobody_ordered_is_opened_by_a_sites_scan(hand: Hand) -> None:
    hand.log_in().scan("SITE-77").press("Roof leaks", "F1")
    accepted = hand.events()[-1]
    assert (accepted.kind, accepted.job) == ("job.accepted", "DEMO-1-1")
    assert accepted.body[3] == "SITE-77"
    assert hand.at == "job"
    assert "Start travel" in hand.text()


def test_a_site_with_one_job_opens_it_by_its_own_code(hand: Hand) -> None:
    hand.log_in().scan("S-103")
    assert (hand.at, hand.navigator.frame["job"]) == ("job", "WO-1003")


def test_travel_takes_kilometres(hand: Hand) -> None:
    hand.log_in().do(JOB, "Accept job", "Start travel").open_job(JOB).choose("Stop travel").press("12.4", "F1")
    assert hand.body("travel.stopped") == {1: 12400}


def test_timers_go_on_while_the_application_is_closed(hand: Hand) -> None:
    on_site(hand).choose("Start work").press("F1")
    hand.clock.sleep(65 * 60)
    hand.crash()
    hand.open_job(JOB)
    assert "Work FILTERS" in hand.text()
    assert "1:05" in hand.text()


def test_after_a_restart_of_the_machine_a_timer_says_that_it_is_not_measured(hand: Hand) -> None:
    on_site(hand).choose("Start work").press("F1")
    hand.clock.sleep(30 * 60)
    hand.clock.restart()
    hand.crash()
    assert "0:30~" in hand.open_job(JOB).text()


def test_waiting_and_the_return_visit(hand: Hand) -> None:
    on_site(hand).choose("Wait for").choose("parts").press("F1")
    assert hand.body("job.waiting") == {1: "parts"}
    hand.do(JOB, "Start travel", "Arrive on site")
    assert hand.kinds(JOB)[-2:] == ["travel.started", "job.arrived"]


def test_cancel_and_reopen_ask_why(hand: Hand) -> None:
    on_site(hand).choose("Cancel").choose("no access").press("F1")
    assert hand.body("job.cancelled") == {1: "no-access"}
    hand.do("WO-1004", "Accept job", "Arrive on site").open_job("WO-1004").choose("Complete job").press("F1")
    hand.choose("Reopen").choose("not finished").press("F1")
    assert hand.body("job.reopened") == {1: "not-finished"}


def test_an_expense_is_in_the_orders_currency(hand: Hand) -> None:
    on_site(hand).choose("Expense").press("PARKING", "Enter", "4.50", "Enter", "F1")
    assert hand.body("expense.added") == {1: "PARKING", 2: "4.50", 3: "EUR"}


def test_the_office_and_its_verdicts_are_in_words(hand: Hand) -> None:
    from jobseal_device.work_file import WorkFile

    on_site(hand)
    WorkFile(hand.home).judge([[1, ["unknown_job"]]])
    hand.desk.look()
    hand.navigator.refresh()
    hand.choose("History").choose("08:00 accepted")
    assert "The office has no order for this job yet." in " ".join(hand.text().split())
    assert "unknown_job" in hand.text()


def test_the_outbox_says_that_nothing_is_lost_while_no_sync_runs(hand: Hand) -> None:
    on_site(hand).press("F3", "F4", "2")
    assert "4 events signed" in hand.text()
    assert "It goes by itself once there is a link." in hand.message.replace("\n", " ")


@pytest.mark.parametrize("size", [Size(40, 13), Size(53, 20), Size(80, 24), Size(132, 50)])
def test_every_row_is_as_wide_as_the_screen_and_there_are_as_many_as_fit(hand: Hand, size: Size) -> None:
    from rich.cells import cell_len

    hand.size = hand.navigator.size = size
    on_site(hand)
    for _each in range(3):
        rows = hand.rows()
        assert len(rows) == size.rows - 1
        assert max(cell_len(row) for row in rows) <= size.columns
        hand.press("F4")


def test_a_scan_in_a_job_is_a_part_but_not_where_it_names_a_job(hand: Hand) -> None:
    on_site(hand)
    for code in (JOB, "S-102"):
        hand.scan(code)
        assert hand.message == "That is this job."
    hand.scan("WO-1003")
    assert hand.navigator.frame == {**hand.navigator.frame, "at": "job", "job": "WO-1003"}
    hand.scan("FLT-10")
    assert hand.message == "No parts are taken now."
    hand.press("F3").scan("FLT-10")
    assert hand.at == "parts"


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_no_word_on_the_keys_is_cut_off_and_a_finger_meets_the_key_that_is_shown(hand: Hand, language: str) -> None:
    from jobseal_device.ui import layout, words

    hand.log_in().press("F4").choose("Log out")
    words.use(language)
    hand.navigator.refresh()
    page, row = hand.navigator.page, hand.rows()[-1]
    assert ".." not in row
    for place in range(4):
        assert layout.key_at(page, hand.size, row.index(f"F{place + 1}")) == place
    assert layout.key_at(page, hand.size, hand.size.columns - 1) == 3


def test_a_text_that_is_too_long_above_a_menu_goes_on_behind_it(hand: Hand) -> None:
    on_site(hand).choose("Parts used").scan("FLT-10").press("F1").choose("Correct").press("1")
    hand.choose("Correct it").choose("Quantity").press("3", "Enter", "1", "F1")
    assert hand.at == "event"
    first = hand.text()
    assert "..." in first
    assert "0 more 1/2" in first
    assert "by t-11" not in first
    assert "by t-11" in hand.press("0").text()
    assert "Correct it" in hand.press("0").text()
