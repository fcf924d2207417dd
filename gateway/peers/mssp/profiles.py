"""What a number can sign with, out of a profile's answer: only certificates that lead to a pinned root count."""

from collections.abc import Iterator
from datetime import datetime

from gateway.services.signing.profiles import ProfileState, SignerProfile
from gateway.wire.cms import Roots, Verified, identify
from gateway.wire.mss import ProfileResponse
from gateway.wire.mss.values import Sscd

ACTIVE = frozenset({"", "ACTIVE"})
"""States of a card or key that signs; some services leave it out."""


def signer_profile(answer: ProfileResponse, roots: Roots, at: datetime) -> SignerProfile:
    """The SIM's or else the first app's that is ready; if none is, why the first of them is not."""
    found = [_of(sscd, roots, at) for sscd in _sscds(answer)]
    ready = [one for one in found if one.state is ProfileState.READY]
    return next(iter([*ready, *found]), SignerProfile(ProfileState.NOT_ENROLLED))


def _sscds(answer: ProfileResponse) -> Iterator[Sscd]:
    detail = answer.standing.detail
    if detail is not None and detail.profile is not None:
        sscds = detail.profile.sscds
        yield from (one for one in (sscds.sim, *sscds.apps) if one is not None)


def _of(sscd: Sscd, roots: Roots, at: datetime) -> SignerProfile:
    if not sscd.certificates:
        return SignerProfile(ProfileState.NOT_ENROLLED)
    good = [
        known
        for key in sscd.certificates
        if key.state in ACTIVE and isinstance(known := identify(key.certificates, roots, at), Verified)
    ]
    if not good:
        return SignerProfile(ProfileState.UNTRUSTED)
    state = ProfileState.READY if sscd.state in ACTIVE else ProfileState.UNREACHABLE
    if sscd.pin.blocked:
        state = ProfileState.PIN_BLOCKED
    return SignerProfile(state, tuple(one.serial for one in good), good[0].subject)
