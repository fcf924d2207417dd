"""Payouts over the real approvals, signing, banking and outbox: a file becomes the bank's, and its news a notice."""

import io
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.app.adapters import NoticeTeller
from gateway.app.paying import Agreements, Signatures
from gateway.keys import SoftwareKeyStore
from gateway.observe import Metrics
from gateway.services.approvals import Policy, Proposals
from gateway.services.banking import Banking, read_bank_profile
from gateway.services.banking import Parts as BankingParts
from gateway.services.banking.model import News, PaymentNews
from gateway.services.notices import Notices, Words
from gateway.services.notices.tables import OUTBOX
from gateway.services.payouts import BatchState, Parts, PayoutOutcome, Payouts
from gateway.services.signing import Documents
from gateway.services.signing.tables import documents
from gateway.services.staff import Role
from gateway.settings import Settings
from tests.gateway.services.payouts.files import HEAD, to_wallet
from tests.gateway.services.payouts.house import LINE, MAKER, House, iban


class NeedsNone:
    """A house whose policy asks for no signature."""

    def need(self, kind: str, amount: object) -> str:
        return "none"


async def test_a_batch_goes_through_the_real_rooms(house: House, tmp_path: Path) -> None:
    store, clock, settings = house.store, house.clock, Settings()
    profile, csv = read_bank_profile("")
    banking = Banking(
        BankingParts(store, clock, Metrics(), ZoneInfo("Asia/Tehran"), tmp_path / "bank", profile, csv, None)
    )
    proposals = Proposals(store, clock, Policy.load("", {}, tuple(Role)))
    signing = Signatures(Documents(store, clock, NeedsNone(), None))
    notices = Notices(store, SoftwareKeyStore.for_tests(), clock, Words(zone="Asia/Tehran", service_code="*1420#"))
    payouts = Payouts(
        Parts(
            store=store,
            clock=clock,
            ledger=house.ledger,
            chart=house.chart,
            directory=house.people,
            mapper=house.people,
            proposals=Agreements(proposals),
            signing=signing,
            banking=banking,
            teller=NoticeTeller(notices),
            sources={},
            settings=settings,
            metrics=Metrics(),
        )
    )
    banking.tells(payouts)
    await house.money()
    person = house.people.add(clock, 1)
    house.people.wants(person, iban(4))
    batch = await payouts.create("joined", line=LINE, staff_id=MAKER)
    await payouts.upload(batch.id, io.BytesIO(HEAD + to_wallet("r1", 1, 5000)))
    await payouts.load(batch.id)
    assert (await payouts.lock(batch.id, MAKER)).outcome is PayoutOutcome.OK
    (proposed,) = await proposals.list_pending(limit=5)
    assert proposed.amount is not None
    assert await payouts.approved(batch.id, proposed.id) == "approved"
    while await payouts.tick():
        pass

    (document,) = await store.read(select(documents))
    assert MAKER in document.made_by
    (order,) = await banking.orders(limit=5)
    assert (order.order.count, order.order.total.minor, order.order.cause) == (1, 5000, batch.id)
    (item,) = await payouts.items(batch.id, limit=5)
    assert item.state == "sent"
    await payouts.take(
        [News(item.end_to_end_id, PaymentNews.SETTLED, item.amount, "", "camt.053 S line 1", clock.now())]
    )
    while await payouts.tick():
        pass
    found = await payouts.by_id(batch.id)
    assert found is not None
    assert found.state is BatchState.DONE
    (notice,) = await store.read(select(OUTBOX).where(OUTBOX.c.cause == item.id))
    assert iban(4)[-4:] in notice.text
