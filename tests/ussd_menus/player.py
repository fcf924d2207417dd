"""The player of transcripts, where the tests have always found it; `GOLDEN_RECORD=1` writes the files anew."""

from ussd_menus.model import Profile
from ussd_menus.record import Player, replay

PROFILE = Profile()

__all__ = ["PROFILE", "Player", "replay"]
