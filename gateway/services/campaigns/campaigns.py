"""The front door of this service."""

from sqlalchemy import select

from gateway.errors import BadInput, Conflict
from gateway.services.campaigns.loading import INVOICES, Loading
from gateway.services.campaigns.model import CampaignState
from gateway.services.campaigns.sending import Sending
from gateway.services.campaigns.tables import CAMPAIGNS


class Campaigns(Loading, Sending):
    """Tells many people something, once each, at a pace, after two members of staff have looked at it."""

    async def load_tick(self) -> int:
        """Fill the campaigns that wait for invoices; how many were filled.

        Who meets another one filling gives way; one with more rows than allowed is cancelled.
        """
        waiting = (CAMPAIGNS.c.state == CampaignState.LOADING.value) & CAMPAIGNS.c.source.startswith(INVOICES)
        filled = 0
        for row in await self._store.read(select(CAMPAIGNS.c.id).where(waiting)):
            try:
                await self.load_invoices(row.id)
            except Conflict:
                continue
            except BadInput:
                # It would be too large at every try, and keep those behind it waiting.
                await self.cancel(row.id)
                continue
            filled += 1
        return filled
