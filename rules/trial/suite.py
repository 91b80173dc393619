"""All timelines of a folder, and the rules that they are about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from rules.files.rule_file import RuleFileError, parse_rule
from rules.trial.play import Played, UnplayableError, play
from rules.trial.timeline import Case, TimelineError, read_timelines


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case of a file, played or not.

    Attributes:
        file: Name of the file.
        case: The case; None if the file could not be read.
        codes: Codes of its rules.
        played: What came of it; None if it could not be played.
        why: Why not.
    """

    file: str
    case: Case | None = None
    codes: tuple[str, ...] = ()
    played: Played | None = None
    why: str = ""

    @property
    def is_right(self) -> bool:
        """Whether all is as its author says."""
        return self.played is not None and self.played.is_right


@dataclass(slots=True)
class Covered:
    """How a rule is tested.

    Attributes:
        hits: Cases in which it raises.
        near: Cases in which it almost does.
    """

    hits: int = 0
    near: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether there is at least one of each."""
        return self.hits > 0 and self.near > 0


def results_in(folder: Path) -> Iterator[Result]:
    """Play every timeline below a folder, in the order of their names.

    Args:
        folder: Of `*.toml`; a rule may stand beside them as `CODE.yaml`.
    """
    for path in sorted(folder.rglob("*.toml")):
        name = str(path.relative_to(folder))
        try:
            cases = read_timelines(path.read_text("utf-8"))
        except (TimelineError, UnicodeDecodeError) as error:
            yield Result(file=name, why=str(error))
            continue
        for case in cases:
            yield _result(name, case, path.parent)


def coverage(results: list[Result], folder: Path) -> Mapping[str, Covered]:
    """Return how each rule is tested that a timeline or a rule file below is about."""
    found = {code: Covered() for code in _codes_below(folder)}
    for result in results:
        if result.case is None:
            continue
        for row in result.case.alarms:
            code = row.rule or next(iter(result.codes), "")
            if code and any(mark.isdigit() for mark in row.marks):
                found.setdefault(code, Covered()).hits += 1
            elif code:
                found.setdefault(code, Covered()).near += 1
    return dict(sorted(found.items()))


def rule_text(named: str, beside: Path) -> str:
    """Return the rule file that a timeline names.

    Args:
        named: A whole file; the name of one; or the code of a rule, which stands
            beside the timeline or comes with the program.
        beside: The timeline's folder.

    Raises:
        UnplayableError: If there is no such file.
    """
    if "\n" in named:
        return named
    name = named if named.endswith((".yaml", ".yml")) else f"{named}.yaml"
    shipped = resources.files("rules") / "shipped" / name
    if (beside / name).is_file():
        return (beside / name).read_text("utf-8")
    if shipped.is_file():
        return shipped.read_text("utf-8")
    raise UnplayableError(f"there is no rule {named}, neither beside it nor shipped")


def _result(file: str, case: Case, beside: Path) -> Result:
    codes: tuple[str, ...] = ()
    try:
        texts = [rule_text(named, beside) for named in case.rules]
        codes = tuple(parse_rule(text, version=1).code for text in texts)
        played = play(case, texts)
    except (UnplayableError, RuleFileError) as error:
        return Result(file=file, case=case, codes=codes, why=str(error))
    return Result(file=file, case=case, codes=codes, played=played)


def _codes_below(folder: Path) -> list[str]:
    codes = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            text = path.read_text("utf-8")
            codes.append(parse_rule(text, version=1, name=path.name).code)
        except (RuleFileError, UnicodeDecodeError):
            codes.append(path.stem)
    return codes
