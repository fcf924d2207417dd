"""Whether the holder of a phone must have been verified, and whether they were. Pure.

A tap up to a limit needs nothing. Above it, or after so many taps or such a sum without it, the phone must have
verified its holder (CDCVM). There is no online PIN yet: what a terminal asked for counts for nothing.
"""

from gateway.services.controls import Used
from gateway.services.taps.policy import TapPolicy
from gateway.services.taps.verification import Signals


def verified(signals: Signals) -> bool:
    """Whether the phone verified its holder: its word under the cryptogram, which nothing else may deny."""
    return signals.cvr.cdcvm_done and signals.ctq_unlocked is not False and not signals.cvm_denied


def missing(amount_minor: int, signals: Signals, unverified: Used, policy: TapPolicy) -> str:
    """Why the tap needs a holder that was verified and has none; '' if it lacks nothing.

    `unverified` is what the account paid without it since the last time. Above the limit the terminal had to ask as
    well, so its results, where it sends them, must say so too; below it the phone's word alone is enough.
    """
    if amount_minor > policy.no_cvm_max_minor:
        asked = signals.results is None or signals.asked_on_device
        return "" if verified(signals) and asked else f"above {policy.no_cvm_max_minor}"
    if verified(signals):
        return ""
    if unverified.count >= policy.no_cvm_count_max:
        return f"{unverified.count} taps without it"
    if unverified.minor + amount_minor > policy.no_cvm_sum_max_minor:
        return f"{unverified.minor} paid without it"
    return ""
