"""The mobile signature service (ETSI TS 102 204): asks phones for signatures and verifies what comes back."""

from gateway.peers.mssp.profile import MsspProfile, mssp_profile
from gateway.peers.mssp.signer import Mssp

__all__ = ["Mssp", "MsspProfile", "mssp_profile"]
