"""COSE_Sign1 (RFC 9052, RFC 9053) with EdDSA on Ed25519 and ES256, and CBOR web tokens (RFC 8392). Pure.

Sign and verify bytes; a refusal is a value that says why:

    key = SigningKey.ed25519(seed)                  # or .p256(scalar); key.public is its VerifyKey
    message = sign1(b"payload", key, kid=b"11", aad=b"")
    found = verify1(message, key.public, aad=b"")   # or keys by key id: {b"11": key.public}
    found.payload, found.kid, found.protected       # when it is a Sign1 and not a CoseRefusal

A public key comes from `VerifyKey.ed25519(raw)`, `.p256(point)` or, as COSE_Key, `.from_cose(data)`. The algorithm is
taken from the protected header alone, and must be the key's.

Tokens have claims, and count only for a time; one that never expires is refused:

    token = sign_cwt(Claims(issuer="tapdial", expires_at=then, cti=b"1"), key, kid=b"11")
    claims = verify_cwt(token, key.public, now=clock.now(), leeway_s=0, issuer="tapdial")

`read1` and `read_claims` read without verifying and raise BadInput. Messages above 16 KiB, more than 8 levels, tags
other than 18 and 61 in front, doubled keys and indefinite lengths are refused.
"""

from gateway.wire.cose.cbor import BYTES_MAX
from gateway.wire.cose.cwt import LEEWAY_S_MAX, Claims, read_claims, sign_cwt, verify_cwt, write_claims
from gateway.wire.cose.keys import Algorithm, SigningKey, VerifyKey
from gateway.wire.cose.sign1 import CoseRefusal, Header, Sign1, read1, sign1, verify1

__all__ = [
    "BYTES_MAX",
    "LEEWAY_S_MAX",
    "Algorithm",
    "Claims",
    "CoseRefusal",
    "Header",
    "Sign1",
    "SigningKey",
    "VerifyKey",
    "read1",
    "read_claims",
    "sign1",
    "sign_cwt",
    "verify1",
    "verify_cwt",
    "write_claims",
]
