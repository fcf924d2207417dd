"""Signatures as CMS SignedData (RFC 5652): read, and verified against pinned roots."""

from gateway.wire.cms.refusals import CmsRefusal
from gateway.wire.cms.roots import Roots, certificates_of
from gateway.wire.cms.verify import OCTETS_MAX, Verified, identify, verify

__all__ = ["OCTETS_MAX", "CmsRefusal", "Roots", "Verified", "certificates_of", "identify", "verify"]
