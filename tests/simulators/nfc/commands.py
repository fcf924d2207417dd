"""Commands of a tap as a terminal would send them, in hex."""

SELECT_PPSE = "00A404000E325041592E5359532E444446303100"
SELECT_AID = "00A4040009F05441504449414C0100"
PDOL_TAIL = "000000000000 0364 0000000000 0364 261122 00 CAFEBABE"
RECORD_1, RECORD_2 = "00B2010C00", "00B2011400"
ONLINE, OWNER = "80", "40"


def amount(minor: int) -> str:
    """9F02."""
    return f"{minor:012d}"


def gpo(minor: int = 25_000, qualifiers: str = "36004000", currency: str = "0364") -> str:
    """GET PROCESSING OPTIONS with this amount and 9F66."""
    tail = PDOL_TAIL.replace("0000000000 0364", f"0000000000 {currency}")
    return f"80A8000023 8321 {qualifiers} {amount(minor)} {tail} 00".replace(" ", "")


def generate(p1: str = "80", minor: int = 25_000, cvm: str = "1F0302") -> str:
    """The first GENERATE AC."""
    data = f"{amount(minor)} 000000000000 0364 0000008000 0364 261122 00 CAFEBABE 22 0000 0000000000000000 {cvm}"
    return f"80AE{p1}002B {data} 00".replace(" ", "")


def second(issuer: str, p1: str = "40") -> str:
    """The second GENERATE AC, with 91 (10 bytes)."""
    return f"80AE{p1}0015 {issuer} 3030 0000008000 CAFEBABE 00".replace(" ", "")
