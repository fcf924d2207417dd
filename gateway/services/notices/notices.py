"""The verbs of the outbox."""

from sqlalchemy import Connection

from gateway.services.notices.notice import Notice, Prepared


class Notices:
    """What people are told, once per cause, class and person."""

    async def prepare(self, notice: Notice) -> Prepared:
        """Word and seal a notice; writes nothing."""
        raise NotImplementedError

    def put(self, tx: Connection, prepared: Prepared) -> bool:
        """Put it into the outbox inside the caller's unit of work; False if that cause has told this already."""
        raise NotImplementedError

    async def tell(self, notice: Notice) -> bool:
        """Prepare and put in a unit of work of its own; False if that cause has told this already."""
        raise NotImplementedError
