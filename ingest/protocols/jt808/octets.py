"""Reading a body: words of big-endian octets, texts, and what is too short."""

from vocabulary.refusal import Reason

TEXT_CODE = "gb18030"
"""What STRING is coded in: GBK (JT/T 808-2019, 4.2), and this holds all of GBK."""


class FieldError(ValueError):
    """A field is missing, or has not the form or range that the standard gives it.

    Attributes:
        reason: Why, as the word that is counted.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class BodyReader:
    """Octets, read from the front.

    Every read raises `FieldError` where there are not enough octets.
    """

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def left(self) -> int:
        """How many octets are left."""
        return len(self._octets) - self._at

    def take(self, count: int) -> bytes:
        """Read `count` octets."""
        if count > self.left:
            detail = f"{count} octets wanted at {self._at}, {self.left} are left"
            raise FieldError(Reason.BAD_LENGTH, detail)
        start, self._at = self._at, self._at + count
        return self._octets[start : self._at]

    def rest(self) -> bytes:
        """Read what is left."""
        return self.take(self.left)

    def byte(self) -> int:
        """Read BYTE, 1 octet."""
        return self.take(1)[0]

    def word(self) -> int:
        """Read WORD, 2 octets."""
        return int.from_bytes(self.take(2), "big")

    def dword(self) -> int:
        """Read DWORD, 4 octets."""
        return int.from_bytes(self.take(4), "big")

    def text(self, count: int) -> str:
        """Read STRING of `count` octets; those that pad it, 00, are left out."""
        return text_from(self.take(count))


def text_from(octets: bytes) -> str:
    """Return the text of a STRING, without the 00 at either end."""
    return octets.strip(b"\0").decode(TEXT_CODE, "backslashreplace")


def text_octets(text: str, length: int | None = None) -> bytes:
    """Return a STRING; padded at its end with 00 to `length` octets if that is given.

    Raises:
        ValueError: If the text does not fit.
    """
    octets = text.encode(TEXT_CODE)
    if length is None:
        return octets
    if len(octets) > length:
        raise ValueError(f"{text!r} has {len(octets)} octets, {length} fit")
    return octets.ljust(length, b"\0")


def word_octets(*words: int) -> bytes:
    """Return WORDs, 2 octets each."""
    return b"".join(word.to_bytes(2, "big") for word in words)


def dword_octets(*dwords: int) -> bytes:
    """Return DWORDs, 4 octets each."""
    return b"".join(dword.to_bytes(4, "big") for dword in dwords)
