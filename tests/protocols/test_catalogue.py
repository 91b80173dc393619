"""What is listed is what can be decoded, and the other way round."""

from gezhi.decode.decode import protocol_names
from ingest.protocols.catalogue import WIRE_FORMATS


def test_every_codec_is_listed_and_every_listed_one_exists() -> None:
    families = {
        f"{name.partition(':')[0]}:" if ":" in name else name
        for name in protocol_names()
    }
    assert families == {wire.name for wire in WIRE_FORMATS}
