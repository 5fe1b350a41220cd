"""A list of problems reads like a compiler's output, from the top of the file to its end."""

from jobseal_gateway.problem import Problem, render


def test_a_problem_shows_file_line_column_name_sentence_and_code() -> None:
    problem = Problem("orders.csv", 7, 3, "unknown_currency", "Write EUR.", "Währung")
    assert str(problem) == "orders.csv:7:3: Währung: Write EUR. [unknown_currency]"


def test_what_is_not_known_about_the_place_is_left_out() -> None:
    assert str(Problem("orders.csv", None, None, "too_large", "Split it.")) == "orders.csv: Split it. [too_large]"


def test_problems_come_in_file_order_and_are_counted() -> None:
    problems = [Problem("b", 1, 1, "x", "X."), Problem("a", 10, 1, "x", "X."), Problem("a", 9, 2, "x", "X.")]
    assert render(problems).splitlines() == ["a:9:2: X. [x]", "a:10:1: X. [x]", "b:1:1: X. [x]", "3 problems."]
    assert render(problems[:1]).endswith("\n1 problem.")
    assert render([]) == ""


def test_what_stands_in_the_file_cannot_move_the_cursor_of_whoever_reads_about_it() -> None:
    problem = Problem("orders.csv", 1, 1, "unknown_column", 'No "\x1b[2J\u202e".', "a\nb")
    assert str(problem) == 'orders.csv:1:1: a\\u000ab: No "\\u001b[2J\\u202e". [unknown_column]'
