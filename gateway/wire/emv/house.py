"""The AES house profile of tap payments: key derivation and cryptograms, pure.

Modelled on EMV Book 2 annex A1.4 with AES-128 and CMAC throughout; no scheme publishes it, so it is ours:

- MK  = AES-ECB(IMK)[PAN ‖ PSN as BCD, left-padded with zeros to 16 bytes]
- LUK = AES-CMAC(MK)["LUK" ‖ LUK id (4)]
- SK  = AES-ECB(LUK)[ATC (2) ‖ 14 zero bytes]
- AC  = first 8 bytes of AES-CMAC(SK)[data], ARPC = first 8 bytes of AES-CMAC(SK)[AC ‖ ARC (2)]
- terminal key = AES-CMAC(acquirer key)[terminal id, 8 ASCII]

All keys are 16 bytes.
"""

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from gateway.errors import BadInput
from gateway.wire.emv import keys

AC_BYTES = 8


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC (NIST SP 800-38B), 16 bytes."""
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def limited_use_key(issuer_key: bytes, pan: str, psn: str, luk_id: bytes) -> bytes:
    """LUK of a token: `pan` of 12..19 digits, `psn` of 2 digits, `luk_id` of 4 bytes.

    Raises:
        BadInput: One of them is not such.
    """
    if len(luk_id) != 4:
        raise BadInput("a LUK id has four bytes")
    return cmac(keys.master_key_aes(issuer_key, pan, psn), b"LUK" + luk_id)


def cryptogram(luk: bytes, atc: int, data: bytes) -> bytes:
    """AC or ARPC, 8 bytes, over `data` under the session key of the counter `atc`, 0..65535."""
    return cmac(keys.session_key_aes(luk, atc.to_bytes(2)), data)[:AC_BYTES]


def terminal_key(acquirer_key: bytes, terminal: str) -> bytes:
    """MAC key of one terminal; `terminal` is its id of 8 ASCII characters (DE41)."""
    name = terminal.encode("ascii")
    assert len(name) == 8, "a terminal id has eight characters"
    return cmac(acquirer_key, name)
