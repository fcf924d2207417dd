"""What banks say of orders, read from pain.002."""

from datetime import UTC, datetime

import pytest

from gateway.errors import BadInput
from gateway.wire.iso20022 import Said, Status, read_pain002
from tests.gateway.wire.bank_files import information, pain002, payment


def test_a_refusal_of_the_whole_names_the_order_and_the_reason() -> None:
    why = "</GrpSts><StsRsnInf><Rsn><Cd>AM05</Cd></Rsn><AddtlInf>twice</AddtlInf></StsRsnInf>"
    report = read_pain002(pain002("RJCT").replace(b"</GrpSts>", why.encode()))

    assert report.order_id == "ord_1"
    assert report.group == Said(Status.RJCT, ("AM05",))
    assert report.made_at == datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
    assert report.payments == ()


def test_each_payment_has_its_own_status_beside_that_of_its_payment_information() -> None:
    report = read_pain002(pain002("PART", information(payment("E1", "RJCT", "AC01"), status="ACSP")))

    assert report.informations == {"ord_1": Said(Status.ACSP)}
    (one,) = report.payments
    assert (one.end_to_end_id, one.payment_information_id) == ("E1", "ord_1")
    assert one.said == Said(Status.RJCT, ("AC01",))


def test_a_banks_own_reason_and_an_amount_are_read() -> None:
    own = payment("E1", "RJCT", "AC01").replace("<Cd>AC01</Cd>", "<Prtry>X9</Prtry>")
    own = own.replace(
        "</TxInfAndSts>", '<OrgnlTxRef><Amt><InstdAmt Ccy="IRR">7</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    )
    (one,) = read_pain002(pain002("", information(own))).payments

    assert one.said.reasons == ("X9",)
    assert str(one.amount) == "7 IRR"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (pain002("WHAT"), "no status that is known: 'WHAT'"),
        (pain002("", information(payment("E1", "ACCP"), payment("E2", "OK"))), "payment 2: no status"),
        (pain002("RJCT", order=""), "nor of which order"),
        (pain002("RJCT").replace(b"2026-11-27T09", b"yesterday"), "no moment"),
        (pain002("RJCT").replace(b"CstmrPmtStsRpt", b"CstmrCdtTrfInitn"), "no message that is taken"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_reason(octets: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_pain002(octets)
