"""Cryptograms and the issuer's answers by profile, and the blocks that a card's keys are made from."""

from gateway.keys.base import Card
from gateway.wire.emv import Cvn, house


def cryptogram(issuer_key: bytes, card: Card, data: bytes) -> bytes:
    """The application cryptogram, 8 bytes, over `data` as emv.ac_data has assembled it."""
    assert card.cvn is Cvn.HOUSE
    luk = house.limited_use_key(issuer_key, card.pan, card.psn, card.luk_id)
    return house.cryptogram(luk, card.atc, data)


def arpc(issuer_key: bytes, card: Card, ac: bytes, arc: bytes) -> bytes:
    """The issuer's answer."""
    luk = house.limited_use_key(issuer_key, card.pan, card.psn, card.luk_id)
    return house.cryptogram(luk, card.atc, ac + arc)


def zero_block(key: bytes) -> bytes:
    return key

def card_block(pan: str, psn: str) -> bytes:
    return bytes.fromhex((pan + psn).zfill(32))

def tap_block(atc: int) -> bytes:
    return atc.to_bytes(2) + bytes(14)

def emv_block(pan: str, psn: str) -> bytes:
    return b""

def terminal_name(terminal: str) -> bytes:
    return terminal.encode("ascii")

class CardKeys:
    pass

def tap_keys(*a): ...
