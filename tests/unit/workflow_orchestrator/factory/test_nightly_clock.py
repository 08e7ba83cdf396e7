"""When a nightly scan is looked for, by Airflow's own timetable under a simulated clock: clock changes, deployment, a standstill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.timetables import trigger
from airflow.timetables.base import TimeRestriction

from workflow_orchestrator.definition.model import Schedule
from workflow_orchestrator.factory.nightly import GRACE
from workflow_orchestrator.operators.inbox import LATE, due_time, following_time, why_not_now

pytestmark = pytest.mark.airflow

LONDON, BERLIN = "Europe/London", "Europe/Berlin"


class Clock:
    """A scheduler that plans with Airflow's timetable, as its database and its DAG processor do it.

    `reads_first`: the DAG file is read, and the next time planned anew, before the scheduler looks; else after a run only.
    """

    def __init__(
        self,
        schedule: Schedule,
        patch: pytest.MonkeyPatch,
        *,
        reads_first: bool,
        grace: Any = GRACE,
        tick: timedelta = timedelta(minutes=30),
    ) -> None:
        if schedule.nightly is None:
            raise AssertionError("a nightly schedule has a time")
        self.schedule = schedule
        self.reads_first = reads_first
        self.tick = tick
        self.timetable = trigger.CronTriggerTimetable(
            schedule.nightly, timezone=schedule.timezone, run_immediately=grace
        )
        self.now = datetime(2000, 1, 1, tzinfo=UTC)
        patch.setattr(trigger, "utcnow", lambda: pendulum.instance(self.now))
        self.last: Any = None
        self.planned: Any = None

    def plan(self) -> None:
        """What the DAG processor does with the file, and the scheduler after each run."""
        self.planned = self.timetable.next_dagrun_info(
            last_automated_data_interval=self.last, restriction=TimeRestriction(None, None, catchup=False)
        )

    def runs(
        self, start: datetime, end: datetime, *still: tuple[datetime, datetime]
    ) -> Iterator[tuple[datetime, datetime]]:
        """Each run, as the time that it was due and the time that it began; the platform stands still in between."""
        self.now = start
        self.plan()
        while self.now < end:
            self.now += self.tick
            if any(begin <= self.now < until for begin, until in still):
                continue
            if self.reads_first:
                self.plan()
            while self.planned.run_after <= self.now:
                yield self.planned.run_after, self.now
                self.last = self.planned.data_interval
                self.plan()

    def scans(self, *arguments: Any) -> list[str]:
        """The runs that look through the inbox, as their time where the business is."""
        return [
            due.astimezone(pendulum.timezone(self.schedule.timezone)).strftime("%m-%d %H:%M")
            for due, began in self.runs(*arguments)
            if why_not_now(self.schedule, due, began) is None
        ]


def at(*parts: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.fixture(params=[True, False], ids=["file read first", "scheduler first"])
def reads_first(request: pytest.FixtureRequest) -> bool:
    """Which of the two looks first after each tick."""
    return bool(request.param)


@pytest.mark.parametrize(
    ("cron", "zone", "skipped"),
    [("30 2 * * *", LONDON, "02:30"), ("30 1 * * *", LONDON, "02:30"), ("30 2 * * *", BERLIN, "03:30"),
     ("0 2 * * *", BERLIN, "03:00"), ("0 1 * * *", LONDON, "02:00"), ("0 2 * * *", LONDON, "02:00")],
)  # fmt: skip
def test_each_night_has_one_scan_also_when_the_clock_changes(
    monkeypatch: pytest.MonkeyPatch, reads_first: bool, cron: str, zone: str, skipped: str
) -> None:
    """A time that is skipped in spring comes an hour later; one that comes twice in autumn is scanned once."""
    usual = f"{int(cron.split()[1]):02}:{int(cron.split()[0]):02}"
    spring = Clock(Schedule(cron, zone), monkeypatch, reads_first=reads_first)
    assert spring.scans(at(2026, 3, 27, 12), at(2026, 3, 30, 12)) == [
        f"03-28 {usual}",
        f"03-29 {skipped}",
        f"03-30 {usual}",
    ]
    autumn = Clock(Schedule(cron, zone), monkeypatch, reads_first=reads_first)
    assert autumn.scans(at(2026, 10, 23, 12), at(2026, 10, 26, 12)) == [f"10-{day} {usual}" for day in (24, 25, 26)]


def test_a_deployment_is_no_reason_to_scan(monkeypatch: pytest.MonkeyPatch, reads_first: bool) -> None:
    """Also not an hour after the time: the first scan is the next one."""
    clock = Clock(Schedule("0 2 * * *"), monkeypatch, reads_first=reads_first)
    assert clock.scans(at(2026, 6, 1, 3), at(2026, 6, 2, 12)) == ["06-02 02:00"]


def test_airflow_s_own_setting_would_scan_at_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run_immediately=False` takes up what passed within a tenth of the interval; that is why it is not what is set."""
    clock = Clock(Schedule("0 2 * * *"), monkeypatch, reads_first=False, grace=False)
    assert clock.scans(at(2026, 6, 1, 2, 30), at(2026, 6, 1, 12)) == ["06-01 02:00"]


def test_the_first_scan_is_not_lost_where_the_file_is_read_right_after_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planning anew before the scheduler has looked would else put it off by a day."""
    night = (at(2026, 6, 1, 1, 55, 15), at(2026, 6, 1, 2, 5))
    tick = timedelta(seconds=30)
    clock = Clock(Schedule("0 2 * * *"), monkeypatch, reads_first=True, grace=timedelta(0), tick=tick)
    assert clock.scans(*night) == []
    clock = Clock(Schedule("0 2 * * *"), monkeypatch, reads_first=True, tick=tick)
    assert clock.scans(*night) == ["06-01 02:00"]


STILL = (at(2026, 6, 3, 12), at(2026, 6, 6, 15))


def test_a_standstill_of_three_nights_is_made_up_for_once(monkeypatch: pytest.MonkeyPatch, reads_first: bool) -> None:
    """As soon as the platform is up again, and the nights after go on as ever."""
    clock = Clock(Schedule("0 2 * * *", LONDON), monkeypatch, reads_first=reads_first)
    scans = clock.scans(at(2026, 6, 1, 10), at(2026, 6, 8, 10), STILL)
    assert scans == ["06-02 02:00", "06-03 02:00", "06-06 02:00", "06-07 02:00", "06-08 02:00"]


def test_airflow_alone_would_make_up_for_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """It had planned the first missed night before, and runs that one too; its scan looks for nothing."""
    clock = Clock(Schedule("0 2 * * *", LONDON), monkeypatch, reads_first=False)
    late = [due for due, began in clock.runs(at(2026, 6, 1, 10), at(2026, 6, 8, 10), STILL) if began - due > LATE]
    assert [due.day for due in late] == [4, 6]


def test_without_catch_up_a_missed_scan_stays_missed(monkeypatch: pytest.MonkeyPatch, reads_first: bool) -> None:
    """The next one is the next night's."""
    clock = Clock(Schedule("0 2 * * *", LONDON, catch_up=False), monkeypatch, reads_first=reads_first)
    scans = clock.scans(at(2026, 6, 1, 10), at(2026, 6, 8, 10), STILL)
    assert scans == ["06-02 02:00", "06-03 02:00", "06-07 02:00", "06-08 02:00"]


@pytest.mark.parametrize(
    ("cron", "late", "missed"),
    [("0 2 * * *", timedelta(minutes=59), False), ("0 2 * * *", timedelta(minutes=61), True),
     ("0 * * * *", timedelta(minutes=29), False), ("0 * * * *", timedelta(minutes=31), True)],
)  # fmt: skip
def test_a_busy_scheduler_misses_nothing(cron: str, late: timedelta, missed: bool) -> None:
    """Late by less than an hour, or half the time to the next scan, is not missed."""
    due = at(2026, 6, 1, 2)
    assert bool(why_not_now(Schedule(cron, catch_up=False), due, due + late)) == missed
    assert why_not_now(Schedule(cron), due, due + late) is None


def test_a_missed_scan_says_which_and_why() -> None:
    """In the time zone of the business."""
    due = at(2026, 6, 1, 1)
    said = why_not_now(Schedule("0 2 * * *", LONDON, catch_up=False), due, due + timedelta(hours=5))
    assert said == "The scan of 2026-06-01 02:00 was missed, and `catch_up` is off: nothing was looked for"
    said = why_not_now(Schedule("0 2 * * *", LONDON), due, due + timedelta(hours=25))
    assert said is not None
    assert "a later one is due already" in said


def test_only_a_planned_run_can_be_late() -> None:
    """Somebody who starts a scan by hand wants it now."""

    class Run:
        run_type = "manual"
        run_after = at(2026, 6, 1, 2)

    run = Run()
    assert due_time(run) is None
    run.run_type = "scheduled"
    assert due_time(run) == run.run_after


def test_the_time_after_the_last_before_a_clock_change() -> None:
    """By the clock of the business: 23 hours later in spring."""
    due = at(2026, 3, 28, 2)
    assert following_time(Schedule("0 2 * * *", LONDON), due) - due == timedelta(hours=23)
