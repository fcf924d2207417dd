"""Ten payments and what a bank says of them (umeshadhikari/neopayment-hub#121): five match, one rejected with AC01, one
with another amount, one booked twice, one that only the bank knows, one of which it says nothing; then one comes back.

The reader here shares no code with the house's: two readers must agree.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from gateway.services.banking.model import News, PaymentNews
from wallet.money import irr

FOLDER = Path(__file__).with_name("ten_payments")
PAYMENTS = FOLDER / "payments.csv"
STATUS, FIRST, SECOND = (FOLDER / name for name in ("status.xml", "statement-1.xml", "statement-2.xml"))
ROWS = list(csv.DictReader(PAYMENTS.read_text("utf-8").splitlines()))
COUNT, TOTAL = len(ROWS), sum(int(row["amount"]) for row in ROWS)
AFTER_FIRST = dict(
    zip(
        (row["reference"] for row in ROWS),
        [("settled", "")] * 5 + [("rejected", "AC01"), ("accepted", ""), ("settled", ""), ("sent", "")],
        strict=True,
    )
)
"""State and reason of each payment after the bank's first day."""
BREAK, SILENT, BACK, EXTERNAL = "TEN-07", "TEN-09", "TEN-04", "NOTOURS-0001"
_STATUS = {"ACSP": PaymentNews.ACCEPTED, "RJCT": PaymentNews.REJECTED}


def news(octets: bytes) -> list[News]:
    """What a file of the bank says, in its order."""
    root = ElementTree.fromstring(octets)  # noqa: S314 - a file of ours
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    told = []
    for place, one in enumerate([*root.iter("TxInfAndSts"), *root.iter("Ntry")], start=1):
        amount, at = one.findtext("Amt"), datetime(2026, 11, 22, 18, tzinfo=UTC)
        if one.tag == "TxInfAndSts":
            what, id_ = _STATUS[one.findtext("TxSts", "")], one.findtext("OrgnlEndToEndId", "")
        else:
            back = one.findtext("CdtDbtInd") == "CRDT"
            what, id_ = PaymentNews.RETURNED if back else PaymentNews.SETTLED, one.findtext(".//EndToEndId", "")
        reason = one.findtext(".//Rsn/Cd", "")
        told.append(News(id_, what, irr(int(amount)) if amount else None, reason, f"{root[0].tag} {place}", at))
    return told
