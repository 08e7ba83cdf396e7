"""Header of `workflow.yaml`: name, format, platform range, schedule."""

from __future__ import annotations

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.language import FORMAT
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import Source


def check_format(source: Source, report: Report) -> bool:
    """Whether the file is of the format that this platform reads; of another, nothing else is judged."""
    found = source.get(("format",), int)
    if found is None or found == FORMAT:
        return True
    wanted = source.get(("platform",), str)
    range_ = f"; it wants platform {wanted}" if wanted else ""
    report.add(
        "WF026",
        source,
        ("format",),
        f"the file is written in format {found}, and platform {__version__} reads format {FORMAT}{range_}",
        f"write it in format {FORMAT}, or deploy it on a platform that reads format {found}",
    )
    return False


def check_header(source: Source, folder_name: str, report: Report) -> None:
    """Name, platform range and schedule."""
    name = source.get(("workflow",), str)
    if name is not None and name != folder_name:
        report.add(
            "WF020",
            source,
            ("workflow",),
            f"the workflow is named {name!r} and its folder {folder_name!r}",
            "give both the same name",
        )
    wanted = source.get(("platform",), str)
    if wanted is not None:
        _check_platform(wanted, source, report)
    cron = source.get(("schedule", "nightly"), str)
    if cron is not None and not _is_cron(cron):
        report.add(
            "WF022",
            source,
            ("schedule", "nightly"),
            f"{cron!r} is not a cron expression of five fields",
            'write "0 2 * * *" for two o\'clock every night',
        )
    if source.get(("schedule", "arrivals"), bool) is False and source.get(("schedule", "nightly"), str) is None:
        report.add(
            "WF022",
            source,
            ("schedule",),
            "nothing would ever start a run: no nightly scan, and arrivals are off",
            "add nightly, set arrivals: true, or remove the schedule",
        )
    zone = source.get(("schedule", "timezone"), str)
    if zone is not None:
        _check_zone(zone, source, report)


def _check_platform(wanted: str, source: Source, report: Report) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(wanted).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        report.add("WF021", source, ("platform",), f"{wanted!r} is not a range of versions", 'write ">=1.0,<2"')
        return
    if not fits:
        report.add(
            "WF021",
            source,
            ("platform",),
            f"the platform is {__version__}, and the workflow wants {wanted}",
            "change the range after a test, or deploy it on another platform",
        )


def _is_cron(text: str) -> bool:
    from croniter import croniter  # type: ignore[import-untyped]

    # croniter also takes six fields and words such as @daily, which the scheduler of runs does not.
    return len(text.split()) == 5 and bool(croniter.is_valid(text))


def _check_zone(zone: str, source: Source, report: Report) -> None:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):  # no such zone is a KeyError; a folder or a strange name are the others
        report.add(
            "WF022",
            source,
            ("schedule", "timezone"),
            f"there is no time zone {zone!r}",
            did_you_mean(zone, sorted(available_timezones())),
        )
