"""Application cryptograms of the phone: the AES house profile, and 3DES as CVN 18 makes them.

Written from the house profile of docs and from the public descriptions of EMV Book 2 (A1.3 session keys by ATC, A1.2
retail MAC, 8.2.2 method 2 of the ARPC), not from the gateway's code: the two must agree without having met.
"""

import hmac
from collections.abc import Mapping

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from simulators import emv_card
from simulators.nfc.token import Profile, Token

CVN_HOUSE = 0xA1
CVN_18 = 0x12
_SECOND_NOT_ASKED = 0x80
CDCVM = 0x80


def issuer_data(token: Token, cid: int, *, unlocked: bool) -> bytes:
    """9F10: the key's version, how the cryptogram is made, what the phone checked, and which key made it.

    House: DKI, A1, four bytes of results (byte 1: 80 the owner unlocked the phone; byte 4: approvals without the issuer
    so far), LUK id, two zeros. CVN 18: 06, DKI, 12, `03` and three bytes of results of which the first has the kind of
    cryptogram; it has no place for the owner's hand, which 9F6C tells. Both modelled.
    """
    if token.profile is Profile.CVN18:
        return bytes([0x06, token.dki, CVN_18, 0x03, _SECOND_NOT_ASKED | cid >> 2, 0, 0])
    results = bytes([CDCVM if unlocked else 0, 0, 0, min(255, token.offline_uses)])
    return bytes([token.dki, CVN_HOUSE]) + results + bytes.fromhex(token.luk_id) + b"\0\0"


def cryptogram(token: Token, values: Mapping[str, bytes]) -> bytes:
    """9F26, 8 bytes, over the values of `emv_card.AC_DATA`; the ATC is the one in `values`."""
    key = bytes.fromhex(token.luk)
    if token.profile is Profile.HOUSE:
        return emv_card.cryptogram(key, values)
    atc = int.from_bytes(values["9F36"])
    return retail_mac(session_key(key, atc), b"".join(values[tag] for tag in emv_card.AC_DATA))


def issuer_is_heard(token: Token, atc: int, ac: bytes, authentication: bytes) -> bool:
    """Whether 91, ten bytes, is the issuer's answer to `ac`.

    House: ARPC of 8 bytes, response code of 2. CVN 18 (method 2): ARPC of 4 bytes, card status update of 4, zeros.
    """
    key = bytes.fromhex(token.luk)
    if token.profile is Profile.HOUSE:
        arpc, code = authentication[:8], authentication[8:]
        return hmac.compare_digest(emv_card.issuer_cryptogram(key, atc, ac, code), arpc)
    arpc, update = authentication[:4], authentication[4:8]
    expected = retail_mac(session_key(key, atc), ac + update)[:4]
    return hmac.compare_digest(expected, arpc) and not any(authentication[8:])


def session_key(key: bytes, atc: int) -> bytes:
    """SK, 16 bytes: 3DES of the ATC and zeros, the third byte F0 in one half and 0F in the other (A1.3, CSK)."""
    head = atc.to_bytes(2)
    return _encrypt(key, head + b"\xf0" + bytes(5)) + _encrypt(key, head + b"\x0f" + bytes(5))


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3 with DES, padded with 80 and zeros (method 2); `key` has 16 bytes."""
    padded = data + b"\x80"
    padded += bytes(-len(padded) % 8)
    # CBC under the left half alone: 3DES with three equal keys is single DES.
    chained = Cipher(TripleDES(key[:8] * 3), modes.CBC(bytes(8))).encryptor()
    last = (chained.update(padded) + chained.finalize())[-8:]
    right = Cipher(TripleDES(key[8:] * 3), modes.ECB()).decryptor()  # noqa: S305 - one block of a MAC
    left = Cipher(TripleDES(key[:8] * 3), modes.ECB()).encryptor()  # noqa: S305 - one block of a MAC
    return left.update(right.update(last) + right.finalize()) + left.finalize()


def _encrypt(key: bytes, block: bytes) -> bytes:
    # The library refuses keys of 16 bytes: the third is the first.
    encryptor = Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor()  # noqa: S305 - one block of a derivation
    return encryptor.update(block) + encryptor.finalize()
