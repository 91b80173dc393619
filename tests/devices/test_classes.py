import csv

from devices.registry.classes import class_names
from tests.devices.conftest import SAMPLE_CITY
from vocabulary.codes import ClassCode, ClassType


def test_the_same_digits_are_named_by_their_numbering() -> None:
    names = class_names()
    lamp = ClassCode("cjt214-2007", ClassType.COMPONENT, "0118")
    assert names[lamp].name_zh == "路灯"
    cover = ClassCode("gbt30428.2-2013", ClassType.COMPONENT, "0118")
    assert names[cover].name_zh == "化粪池井盖"


def test_components_and_events_are_numbered_apart() -> None:
    names = class_names()
    grate = ClassCode.parse("gbt30428.2-2013:component:0114")
    spill = ClassCode.parse("gbt30428.2-2013:event:0114")
    assert (names[grate].name_zh, names[spill].name_zh) == ("园林井盖", "道路遗撒")


def test_every_class_of_the_sample_city_has_a_name() -> None:
    with (SAMPLE_CITY / "components.csv").open(encoding="utf-8") as file:
        used = {(row["scheme"], row["class_code"]) for row in csv.DictReader(file)}
    for scheme, code in used:
        assert ClassCode(scheme, ClassType.COMPONENT, code) in class_names()
