"""Signatures in hand, against a plain model: what is posted wakes whoever waits for just that, and nobody else."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from gateway.peers.mssp.pending import KEPT_MAX, Pendings
from gateway.wire.mss import ApInfo, Status, StatusResponse
from tests.gateway.peers.mssp_stubs import standing
from tests.gateway.wire.pki import NOW

IDS = st.sampled_from(["Aone", "Atwo"])
MSSP_IDS = st.sampled_from(["M1", "M2"])


def posted(transaction_id: str, mssp_id: str) -> StatusResponse:
    ap = ApInfo(ap_id="mid://sso.example", trans_id=transaction_id, instant=NOW)
    return StatusResponse(ap=ap, mssp_trans_id=mssp_id, standing=standing(Status.SIGNATURE))


class PendingMachine(RuleBasedStateMachine):
    """The model holds, by id, what the service has said that its own is, and whether somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.pendings = Pendings()
        self.model: dict[str, tuple[str, bool]] = {}

    @rule(transaction_id=IDS)
    def begin(self, transaction_id: str) -> None:
        self.pendings.begin(transaction_id)
        self.model[transaction_id] = ("", True)

    @rule(transaction_id=IDS, mssp_id=MSSP_IDS)
    def answered(self, transaction_id: str, mssp_id: str) -> None:
        pending = self.pendings.get(transaction_id)
        assert (pending is None) == (transaction_id not in self.model)
        if pending is not None:
            pending.mssp_id = mssp_id
            self.model[transaction_id] = (mssp_id, self.model[transaction_id][1])

    @rule(transaction_id=IDS)
    def rest(self, transaction_id: str) -> None:
        self.pendings.rest(transaction_id)
        if transaction_id in self.model:
            self.model[transaction_id] = (self.model[transaction_id][0], False)

    @rule(transaction_id=IDS)
    def forget(self, transaction_id: str) -> None:
        self.pendings.forget(transaction_id)
        self.model.pop(transaction_id, None)

    @rule(transaction_id=IDS, mssp_id=MSSP_IDS)
    def post(self, transaction_id: str, mssp_id: str) -> None:
        known, awaited = self.model.get(transaction_id, ("", False))

        assert self.pendings.posted(posted(transaction_id, mssp_id)) == (awaited and known in {"", mssp_id})


TestPendings = PendingMachine.TestCase
TestPendings.settings = settings(max_examples=40, stateful_step_count=20)


async def test_news_of_another_transaction_only_make_us_ask() -> None:
    pendings = Pendings()
    pending = pendings.begin("Aone")
    assert pendings.posted(posted("Aone", "M2"))
    pending.mssp_id = "M1"

    assert await pending.pause(1.0) is None


def test_the_oldest_are_forgotten() -> None:
    pendings = Pendings()
    for number in range(KEPT_MAX + 1):
        pendings.begin(f"A{number}")

    assert pendings.get("A0") is None
    assert pendings.get(f"A{KEPT_MAX}") is not None
