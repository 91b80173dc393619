"""What may be done with versions of rules: put in, tried, taken live, retired."""

import difflib

from rules.files.rule_file import parse_rule
from store.connection import Connection
from store.rules.read import VersionDetail, version_of
from store.rules.versions import Change, lock_rules, put_draft, set_stage
from vocabulary.rule_stage import JUDGING, RuleStage, refusal


class UnknownVersionError(LookupError):
    """There is no such version of a rule."""


class StageRefusedError(ValueError):
    """A version may not come to a stage."""


async def add_draft(
    connection: Connection, source: str, change: Change, *, name: str = "rule"
) -> tuple[str, int]:
    """Check a rule file, put it in as a draft, and return its code and version.

    Args:
        connection: Any.
        source: The YAML.
        change: Who does it.
        name: What to call the file in errors.

    Raises:
        RuleFileError: If anything is wrong with it; nothing is put in.
    """
    code = parse_rule(source, version=1, name=name).code
    async with connection.transaction():
        await lock_rules(connection)
        return code, await put_draft(connection, code, source, change)


async def bring_to(
    connection: Connection, code: str, version: int, to: RuleStage, change: Change
) -> int:
    """Bring a version to a stage, and return which version stands there.

    That is another one only where a retired text is drafted anew.

    Args:
        connection: Any.
        code: The rule.
        version: Which.
        to: The stage.
        change: Who does it.

    Raises:
        UnknownVersionError: If there is no such version.
        StageRefusedError: If the stage may not follow its own.
        RuleFileError: If it would judge, and this release does not understand it.
    """
    async with connection.transaction():
        await lock_rules(connection)
        found = await _found(connection, code, version)
        check_step(found, to)
        if RuleStage(found.stage) is RuleStage.RETIRED:
            return await put_draft(connection, code, found.source, change)
        await set_stage(connection, code, version, to, change)
    return version


def check_step(found: VersionDetail, to: RuleStage) -> None:
    """Refuse a stage that a version may not come to.

    Raises:
        StageRefusedError: If the stage may not follow its own.
        RuleFileError: If it would judge, and this release does not understand it.
    """
    why = refusal(RuleStage(found.stage), to)
    if why:
        raise StageRefusedError(f"{found.code} version {found.version}: {why}")
    if to in JUDGING:
        parse_rule(found.source, version=found.version, name=found.code)


async def changes_between(
    connection: Connection, code: str, version: int, other: int
) -> str:
    """Return what changed from one version of a rule to another, as a unified diff.

    Args:
        connection: Any.
        code: The rule.
        version: The version before; 0 for an empty file.
        other: The one after.

    Raises:
        UnknownVersionError: If there is no such version.
    """
    before = (await _found(connection, code, version)).source if version else ""
    after = (await _found(connection, code, other)).source
    return unified(
        before, after, (f"{code} version {version}", f"{code} version {other}")
    )


def unified(before: str, after: str, names: tuple[str, str]) -> str:
    """Return what changed from one text to another, as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), *names, lineterm=""
    )
    return "\n".join(lines)


async def _found(connection: Connection, code: str, version: int) -> VersionDetail:
    found = await version_of(connection, code, version)
    if found is None:
        raise UnknownVersionError(f"there is no version {version} of a rule {code}")
    return found
