"""What a link hands on when a person writes to us: one short message, or one part of a longer one."""

from dataclasses import dataclass, field

from gateway.wire import gsm


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a long message this is: the reference that its parts share, how many there are, its number."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """One short message from a person.

    Attributes:
        link: That it came over.
        source: Who wrote, `+989…`, or an address of letters as it came.
        dest: Our number or short code as it was written to.
        alphabet: How the octets read; they are decoded when all parts are there, since some phones cut characters.
        octets: The text after the user data header.
        place: None if it stands alone.
        reference: What the link tells repeated deliveries by (user_message_reference, message id); '' if nothing.
    """

    link: str
    source: str
    dest: str
    alphabet: gsm.Alphabet
    octets: bytes = field(repr=False)
    place: Place | None = None
    reference: str = ""
