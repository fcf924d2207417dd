"""Everything that is wrong with a folder of menus, at once: a form error in one file hides little of the others."""

from collections.abc import Mapping
from pathlib import Path

from ussd_menus.loader import ACTIONS, FOLDER, HOUSE, files_of, read_files
from ussd_menus.model import Finding, MenusFault, Profile
from ussd_menus.rules import Rule
from ussd_menus.verify import verify

COMPLETE = frozenset(
    {
        Rule.UNREACHABLE,
        Rule.DEAD_END,
        Rule.LOOP_WITHOUT_EXIT,
        Rule.UNKNOWN_RESULT,
        Rule.BROKEN_SHORTCUT,
        Rule.SESSION_TOO_LONG,
        Rule.TOO_DEEP,
    }
)
"""Rules that speak of all the menus: nothing is said of them while a part is missing."""


def inspect(folder: Path | None = None, profile: Profile = Profile()) -> list[Finding]:  # noqa: B008  - frozen
    """All findings of the loader and the verifier for the menus in `folder` (the shipped ones by default), sorted."""
    folder = folder or FOLDER
    if not folder.is_dir():
        return [Finding(str(folder), 1, "", "", Rule.FORM, "there is no such folder")]
    try:
        files = files_of(folder)
    except MenusFault as fault:
        return fault.findings
    return inspect_files(files, profile)


def inspect_files(files: Mapping[str, bytes], profile: Profile = Profile()) -> list[Finding]:  # noqa: B008  - frozen
    """As `inspect`, for files that are at hand."""
    menus, findings = read_files(files)
    broken = {finding.file for finding in findings}
    if {HOUSE, ACTIONS} & broken:
        return findings
    found = verify(menus, profile)
    if not findings:
        return found
    return sorted({*findings, *(one for one in found if _stands(one, broken))})


def _stands(finding: Finding, broken: set[str]) -> bool:
    """Whether a finding holds though some files were read in part only."""
    if finding.file in broken or finding.rule in COMPLETE:
        return False
    dialogues = {Path(file).stem for file in broken}
    return finding.rule != Rule.MISSING_TARGET or not any(f" {name}." in finding.fix for name in dialogues)
