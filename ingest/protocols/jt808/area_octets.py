"""Areas as they are sent (JT/T 808-2019, 8.35 to 8.40).

Layouts; t only with flag TIMED, v and n only with SPEED_LIMITED, n and name in the
edition of 2019 only::

    0x8600   K N (IIII FF YYYY XXXX RRRR t v n name)…
    0x8602   K N (IIII FF YYYY XXXX YYYY XXXX t v n name)…
    0x8604   IIII FF t v NN (YYYY XXXX)… n name
    0x8601, 0x8603, 0x8605   N IIII…

- K: see `Change`; N: how many; I: id of the area; F: see `AreaFlag`
- Y, X: latitude and longitude without sign, 1e-6 degree; north-west, then south-east
- R: radius, m
- t: begins, ends, six octets each (see `beijing_time`; a year 00 is every day)
- v: speed limit, km/h, two octets; after so many seconds, one octet
- n: speed limit at night, km/h, two octets
- name: its length, two octets, and the text

Every reading function raises `FieldError` where there are not enough octets.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ingest.protocols.jt808 import areas
from ingest.protocols.jt808.areas import AreaFlag, Point, Terms
from ingest.protocols.jt808.beijing_time import LENGTH
from ingest.protocols.jt808.header import Edition
from ingest.protocols.jt808.octets import (
    TEXT_CODE,
    BodyReader,
    dword_octets,
    text_octets,
    word_octets,
)

Area = TypeVar("Area")


def circles_from(reader: BodyReader, edition: Edition) -> areas.SetCircles:
    """Read round areas."""

    def circle() -> areas.Circle:
        terms = _head(reader)
        centre, radius_m = point_from(reader), reader.dword()
        terms = _night_and_name(reader, edition, _times_and_speed(reader, terms))
        return areas.Circle(terms=terms, centre=centre, radius_m=radius_m)

    change = reader.byte()
    return areas.SetCircles(change=change, circles=_each(reader.byte(), circle))


def circles_octets(message: areas.SetCircles, edition: Edition) -> bytes:
    """Return round areas as they are sent."""
    parts = [
        _head_octets(circle.terms)
        + point_octets(circle.centre)
        + dword_octets(circle.radius_m)
        + _times_and_speed_octets(circle.terms)
        + _night_and_name_octets(circle.terms, edition)
        for circle in message.circles
    ]
    return bytes([message.change, len(parts)]) + b"".join(parts)


def rectangles_from(reader: BodyReader, edition: Edition) -> areas.SetRectangles:
    """Read rectangular areas."""

    def rectangle() -> areas.Rectangle:
        terms = _head(reader)
        corners = point_from(reader), point_from(reader)
        terms = _night_and_name(reader, edition, _times_and_speed(reader, terms))
        return areas.Rectangle(
            terms=terms, north_west=corners[0], south_east=corners[1]
        )

    change, count = reader.byte(), reader.byte()
    return areas.SetRectangles(change=change, rectangles=_each(count, rectangle))


def rectangles_octets(message: areas.SetRectangles, edition: Edition) -> bytes:
    """Return rectangular areas as they are sent."""
    parts = [
        _head_octets(rectangle.terms)
        + point_octets(rectangle.north_west)
        + point_octets(rectangle.south_east)
        + _times_and_speed_octets(rectangle.terms)
        + _night_and_name_octets(rectangle.terms, edition)
        for rectangle in message.rectangles
    ]
    return bytes([message.change, len(parts)]) + b"".join(parts)


def polygon_from(reader: BodyReader, edition: Edition) -> areas.SetPolygon:
    """Read an area of any shape."""
    terms = _times_and_speed(reader, _head(reader))
    points = _each(reader.word(), lambda: point_from(reader))
    return areas.SetPolygon(
        terms=_night_and_name(reader, edition, terms), points=points
    )


def polygon_octets(message: areas.SetPolygon, edition: Edition) -> bytes:
    """Return an area of any shape as it is sent."""
    return (
        _head_octets(message.terms)
        + _times_and_speed_octets(message.terms)
        + word_octets(len(message.points))
        + b"".join(map(point_octets, message.points))
        + _night_and_name_octets(message.terms, edition)
    )


def ids_from(reader: BodyReader) -> tuple[int, ...]:
    """Read ids of areas to be forgotten."""
    return _each(reader.byte(), reader.dword)


def ids_octets(ids: tuple[int, ...]) -> bytes:
    """Return ids of areas to be forgotten as they are sent."""
    return bytes([len(ids)]) + dword_octets(*ids)


def point_from(reader: BodyReader) -> Point:
    """Read a point."""
    return Point(lat_e6=reader.dword(), lon_e6=reader.dword())


def point_octets(point: Point) -> bytes:
    """Return a point as it is sent."""
    return dword_octets(point.lat_e6, point.lon_e6)


def name_from(reader: BodyReader, edition: Edition) -> str:
    """Read a name; there are names since 2019."""
    return reader.text(reader.word()) if edition is Edition.OF_2019 else ""


def name_octets(name: str, edition: Edition) -> bytes:
    """Return a name as it is sent; nothing before 2019."""
    if edition is not Edition.OF_2019:
        return b""
    return word_octets(len(name.encode(TEXT_CODE))) + text_octets(name)


def times_from(reader: BodyReader, flags: int) -> bytes:
    """Read when an area begins and ends to count, if its flags say that it does."""
    return reader.take(2 * LENGTH) if flags & AreaFlag.TIMED else b""


def _each(count: int, read: Callable[[], Area]) -> tuple[Area, ...]:
    return tuple(read() for _ in range(count))


def _head(reader: BodyReader) -> Terms:
    return Terms(id=reader.dword(), flags=AreaFlag(reader.word()))


def _times_and_speed(reader: BodyReader, terms: Terms) -> Terms:
    terms = replace(terms, times=times_from(reader, terms.flags))
    if AreaFlag.SPEED_LIMITED not in terms.flags:
        return terms
    return replace(terms, speed_kmh=reader.word(), after_s=reader.byte())


def _night_and_name(reader: BodyReader, edition: Edition, terms: Terms) -> Terms:
    if AreaFlag.SPEED_LIMITED in terms.flags and edition is Edition.OF_2019:
        terms = replace(terms, night_kmh=reader.word())
    return replace(terms, name=name_from(reader, edition))


def _head_octets(terms: Terms) -> bytes:
    return dword_octets(terms.id) + word_octets(terms.flags)


def _times_and_speed_octets(terms: Terms) -> bytes:
    times = terms.times if AreaFlag.TIMED in terms.flags else b""
    if AreaFlag.SPEED_LIMITED not in terms.flags:
        return times
    return times + word_octets(terms.speed_kmh) + bytes([terms.after_s])


def _night_and_name_octets(terms: Terms, edition: Edition) -> bytes:
    name = name_octets(terms.name, edition)
    if AreaFlag.SPEED_LIMITED in terms.flags and edition is Edition.OF_2019:
        return word_octets(terms.night_kmh) + name
    return name
