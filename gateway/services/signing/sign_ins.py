"""Signing in to the console by phone."""

from gateway.services.signing.model import FinishedSignIn, MobileSignIn


class MobileSignIns:
    """Sign-ins by phone. Names that nobody has are answered as all others are, in words and in time."""

    async def start_sign_in(self, username: str, remote: str) -> MobileSignIn:
        """Ask the phone of this member, if there is one; counted and locked as a password is."""
        raise NotImplementedError

    async def finish_sign_in(self, handle: str) -> FinishedSignIn:
        """The sign-in, once, when the phone has signed."""
        raise NotImplementedError
