"""CBOR (RFC 8949) as COSE needs it: bounded, whole, without tags, doubled keys or indefinite lengths."""

import io
from collections.abc import Callable, Iterator, Mapping

import cbor2

from gateway.errors import BadInput

BYTES_MAX = 16_384
"""A longer message is refused before it is read."""
DEPTH_MAX = 8


def _no_tag(*_: object) -> object:
    raise cbor2.CBORDecodeError("a tag")


class _NoTags(Mapping[int, Callable[..., object]]):
    """For every tag its refusal: cbor2 would make of some what costs more than it says, as regular expressions."""

    def __getitem__(self, tag: int) -> Callable[..., object]:
        return _no_tag

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


_NO_TAGS = _NoTags()


def decode(data: bytes) -> object:
    """The one value that `data` is.

    Raises:
        BadInput: Too long or too deep, not well-formed, bytes after it, a tag, a doubled key, an indefinite length.
    """
    if len(data) > BYTES_MAX:
        raise BadInput("CBOR: too long")
    # cbor2 says nothing of bytes that follow; reading a byte at a time, the stream tells where it stopped.
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(
        stream,
        tag_hook=_no_tag,
        semantic_decoders=_NO_TAGS,
        read_size=1,
        max_depth=DEPTH_MAX,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        value: object = decoder.decode()
    except (cbor2.CBORDecodeError, TypeError, ValueError) as problem:
        raise BadInput("CBOR: not well-formed, or more than is needed") from problem
    if stream.tell() != len(data):
        raise BadInput("CBOR: bytes after the value")
    return value


def encode(value: object) -> bytes:
    """`value` in its one deterministic form: shortest lengths, keys by length and then by value (RFC 8949 §4.2.3)."""
    return cbor2.dumps(value, canonical=True)
