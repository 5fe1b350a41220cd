"""What holds for every test: a skip is a failure, and generated cases are the same in every run."""

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# A test that fails must fail again for the next person, hence derandomized; a slow machine is no defect, hence
# no deadline. `pytest --hypothesis-profile=explore` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile(
    "explore", deadline=None, max_examples=5_000, print_blob=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn "skipped" into "failed": what could not run here must never look like something that passed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which no test here may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which no module here may be: {report.longrepr}"
    return report
