"""Payment orders written by hand, as text, so that no writer of the house decides what the bank must read."""

from dataclasses import dataclass, field

from simulators.bank import iban

TRUST = iban.of_account(1)
"""The institution's account."""
OPEN = iban.of_account(5501)
OTHER = iban.of_account(5502)


def magic(ending: str) -> str:
    """The account that behaves as the table says."""
    return iban.of_account(int(ending))


@dataclass(frozen=True)
class Pay:
    """A payment; `amount` is written as it stands."""

    id: str
    amount: str | int = 1_000
    iban: str = OPEN
    name: str = "Leila Rahimi"
    currency: str = "IRR"


@dataclass(frozen=True)
class Pain:
    """A file; `count` and `total` are what it says of itself, its own sums without them."""

    pays: tuple[Pay, ...]
    msg_id: str = "BAT1"
    version: str = "09"
    single: bool = False
    booking: str = "true"
    day: str = "2026-11-27"
    debtor: str = TRUST
    count: str = ""
    total: str = ""
    head: str = '<?xml version="1.0" encoding="UTF-8"?>'
    more: str = field(default="")

    def octets(self) -> bytes:
        """The file."""
        whole = [int(pay.amount) for pay in self.pays if str(pay.amount).isdecimal()]
        count, total = self.count or len(self.pays), self.total or sum(whole)
        sums = f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        level = "URGP" if self.single else "NURG"
        day = self.day if self.version == "03" else f"<Dt>{self.day}</Dt>"
        agent = "BIC" if self.version == "03" else "BICFI"
        return (
            f'{self.head}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.{self.version}">'
            f"<CstmrCdtTrfInitn><GrpHdr><MsgId>{self.msg_id}</MsgId><CreDtTm>2026-11-27T09:00:00+03:30</CreDtTm>{sums}"
            f"<InitgPty><Nm>Social Security</Nm></InitgPty></GrpHdr>"
            f"<PmtInf><PmtInfId>{self.msg_id}-1</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>{self.booking}</BtchBookg>{sums}"
            f"<PmtTpInf><SvcLvl><Cd>{level}</Cd></SvcLvl></PmtTpInf><ReqdExctnDt>{day}</ReqdExctnDt>"
            f"<Dbtr><Nm>Social Security</Nm></Dbtr><DbtrAcct><Id><IBAN>{self.debtor}</IBAN></Id></DbtrAcct>"
            f"<DbtrAgt><FinInstnId><{agent}>TAPDIRTHXXX</{agent}></FinInstnId></DbtrAgt>"
            f"{''.join(map(_pay, self.pays))}{self.more}</PmtInf></CstmrCdtTrfInitn></Document>"
        ).encode()


def _pay(pay: Pay) -> str:
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{pay.id}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{pay.currency}">{pay.amount}</InstdAmt></Amt><Cdtr><Nm>{pay.name}</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{pay.iban}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>benefit</Ustrd></RmtInf></CdtTrfTxInf>"
    )
