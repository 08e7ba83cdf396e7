"""Whether a package and a platform fit: the one question, asked by the packager, by `deploy` and by whoever loads a release."""

from __future__ import annotations

from workflow_orchestrator import __version__
from workflow_orchestrator.errors import PackageError


def refuse_other_platform(name: str, version: str, wanted: str, platform: str = __version__) -> None:
    """Refuses a release that does not run on a platform.

    Raises:
        PackageError: it does not, or its range is none.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(wanted).contains(platform, prereleases=True)
    except InvalidSpecifier:
        raise PackageError(f"{name} {version} wants platform {wanted!r}, which is no range such as '>=1.0,<2'") from None
    if not fits:
        raise PackageError(
            f"{name} {version} wants platform {wanted}, and this one is {platform}; deploy a release that fits, or upgrade the platform "
            f"first",
            wanted=wanted,
            platform=platform,
        )
