"""The default alphabet of GSM 03.38 (3GPP TS 23.038, 6.2.1): its 128 places, its extension, and the size of a text."""

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
"""What a code means behind the escape 0x1B."""
OCTETS = {letter: bytes([code]) for code, letter in enumerate(ALPHABET) if letter != "\x1b"} | {
    letter: bytes([0x1B, code]) for code, letter in EXTENSION.items()
}
"""Each character's septets, one an octet."""


def septets_of(text: str) -> int | None:
    """Septets of a text, extension characters counting two; None if a character is outside the alphabet."""
    return sum(len(OCTETS[letter]) for letter in text) if all(letter in OCTETS for letter in text) else None
