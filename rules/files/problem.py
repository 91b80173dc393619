"""What a rule or a group files, and names in two languages, as its file says them."""

from cases.request import CaseType, Problem
from rules.files.located import Section
from rules.files.rule import Words

OF_COMPONENT = "of_component"
"""As a class code: that of the component which the device, or the upstream, watches."""


def read_problem(section: Section) -> Problem:
    """Return what is filed; a section that is wrong notes its faults."""
    case_type = section.word("type", CaseType)
    code = section.text("class_code", like=rf"[0-9]{{4}}|{OF_COMPONENT}")
    if code == OF_COMPONENT and case_type is not CaseType.COMPONENT:
        section.fault("class_code", "only a component's case has its component's class")
    title = read_words(section.section("title"))
    problem = Problem(
        type=case_type,
        scheme=section.text("scheme"),
        class_code=None if code == OF_COMPONENT else code,
        condition=section.text("condition", like=r"[a-z]+(_[a-z]+)*"),
        title_zh=title.zh,
        title_en=title.en,
    )
    section.done()
    return problem


def read_words(section: Section) -> Words:
    """Return the same in both languages."""
    words = Words(section.text("zh"), section.text("en"))
    section.done()
    return words
