"""Where people are paid: every change is told, cools, stands in the history, and can be taken back."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.services.payees import AccountKind, ChangeKind, PayeeOutcome
from tests.gateway.services.payees.office import COOL, IBAN, OTHER, Office


async def linked(office: Office, person: str, iban: str = IBAN, key: str = "ses_1:1") -> str:
    result = await office.payees.link(person, iban, by="phone", call_key=key)
    assert result.outcome is PayeeOutcome.OK
    return result.change_id


async def test_who_has_chosen_nothing_is_paid_into_the_wallet(office: Office) -> None:
    account = await office.payees.resolve(office.person())
    assert account is not None
    assert (account.kind, account.iban, account.masked, account.cool_until) == (AccountKind.WALLET, "", "", None)
    assert await office.payees.resolve("per_nobody") is None


async def test_a_new_account_is_told_cools_and_settles(each_office: Office) -> None:
    office, person = each_office, each_office.person()

    change = await linked(office, person)

    account = await office.payees.resolve(person)
    assert account is not None
    assert (account.kind, account.iban, account.name) == (AccountKind.IBAN, IBAN, "Maryam Ahmadi")
    assert account.cool_until == office.clock.now() + COOL
    told = office.teller.of("payee_iban")
    assert [(one.msisdn, one.values["number"]) for one in told] == [("+989120000001", "0001")]
    assert office.asker.asked == [(person, "+989120000001", change)]
    office.clock.advance(COOL)
    settled = await office.payees.resolve(person)
    assert settled is not None
    assert settled.cool_until is None


async def test_the_iban_is_in_no_column_and_in_no_repr(office: Office) -> None:
    person = office.person()
    await linked(office, person)

    def dump(tx: object) -> str:
        rows = [tx.execute(text(f"SELECT * FROM {name}")).all() for name in ("payees_accounts", "payees_changes")]  # type: ignore[attr-defined]  # noqa: S608
        return repr(rows)

    stored = await office.store.write(dump)
    assert IBAN[4:] not in stored
    assert IBAN[4:] not in repr(await office.payees.resolve(person))
    assert IBAN[4:] not in repr(await office.payees.history(person))


async def test_many_are_resolved_at_once(each_office: Office) -> None:
    people = [each_office.person(f"+98912{number:07d}") for number in range(1_200)]
    for number, person in enumerate(people[:5]):
        await linked(each_office, person, key=f"k{number}")

    found = await each_office.payees.accounts([*people, "per_nobody"])

    assert set(found) == set(people)
    assert [found[one].iban for one in people[:6]] == [IBAN] * 5 + [""]
    assert len(await each_office.payees.sharing(people[0])) == 4
    assert [(one.account, set(one.people)) for one in await each_office.payees.shared()] == [("…0001", set(people[:5]))]


async def test_the_same_call_changes_once_and_the_same_account_cools_nothing(each_office: Office) -> None:
    office, person = each_office, each_office.person()
    results = await asyncio.gather(
        *(office.payees.link(person, IBAN, by="phone", call_key="ses_1:1") for _ in range(4))
    )
    assert {result.outcome for result in results} == {PayeeOutcome.OK}
    assert len(await office.payees.history(person)) == 1
    office.clock.advance(COOL)
    again = await office.payees.link(person, IBAN, by="phone", call_key="ses_2:1")
    assert again.outcome is PayeeOutcome.SAME
    assert again.account is not None
    assert again.account.cool_until is None


@pytest.mark.parametrize(
    ("verb", "outcome"),
    [("update", PayeeOutcome.NOT_LINKED), ("unlink", PayeeOutcome.NOT_LINKED), ("link", PayeeOutcome.OK)],
)
async def test_update_and_unlink_are_for_who_is_linked(office: Office, verb: str, outcome: PayeeOutcome) -> None:
    person = office.person()
    given = () if verb == "unlink" else (OTHER,)
    result = await getattr(office.payees, verb)(person, *given, by="api:key", call_key="1")
    assert result.outcome is outcome
    await office.payees.link(person, IBAN, by="api:key", call_key="2")
    result = await getattr(office.payees, verb)(person, *given, by="api:key", call_key="3")
    assert result.outcome is PayeeOutcome.OK
    assert result.account is not None
    assert result.account.iban == (OTHER if given else "")


async def test_refusals_change_nothing(office: Office) -> None:
    person = office.person()
    payees = office.payees
    assert (await payees.link(person, "IR00", by="phone", call_key="1")).outcome is PayeeOutcome.BAD_IBAN
    assert (await payees.link("per_x", IBAN, by="phone", call_key="2")).outcome is PayeeOutcome.UNKNOWN_PERSON
    assert (await payees.keep(person, call_key="3")).outcome is PayeeOutcome.NOTHING
    assert (await payees.disown(person, by="phone")).outcome is PayeeOutcome.NOTHING
    assert (await payees.thaw(person, "stf_1", "4")).outcome is PayeeOutcome.NOTHING
    assert await payees.history(person) == []
    assert office.teller.by_key == {}


async def test_too_many_changes_in_a_day_are_refused(office: Office) -> None:
    person = office.person()
    wishes = enumerate([IBAN, OTHER, IBAN, OTHER])
    results = [await office.payees.link(person, iban, by="phone", call_key=f"k{number}") for number, iban in wishes]
    assert [one.outcome for one in results] == [PayeeOutcome.OK] * 3 + [PayeeOutcome.TOO_MANY]
    office.clock.advance(timedelta(days=1))
    again = await office.payees.link(person, OTHER, by="phone", call_key="k9")
    assert again.outcome is PayeeOutcome.OK


async def test_the_phone_types_first_and_the_pin_keeps(each_office: Office) -> None:
    office, person = each_office, each_office.person()
    offered = await office.payees.offer(person, IBAN)
    assert offered.account is not None
    assert (offered.outcome, offered.account.masked) == (PayeeOutcome.OK, "…0001")
    standing = await office.payees.resolve(person)
    assert standing is not None
    assert standing.kind is AccountKind.WALLET
    assert office.teller.by_key == {}

    kept = [await office.payees.keep(person, call_key="ses_1:2") for _ in range(2)]

    assert [one.outcome for one in kept] == [PayeeOutcome.OK] * 2
    assert [one.kind for one in await office.payees.history(person)] == [ChangeKind.LINKED]
    assert (await office.payees.offer(person, IBAN)).outcome is PayeeOutcome.SAME


async def test_an_offer_is_forgotten_after_ten_minutes(office: Office) -> None:
    person = office.person()
    await office.payees.offer(person, IBAN)
    office.clock.advance(timedelta(minutes=10))
    assert (await office.payees.keep(person, call_key="1")).outcome is PayeeOutcome.NOTHING


async def test_a_change_that_was_not_the_persons_is_put_back_and_frozen(each_office: Office) -> None:
    office, person = each_office, each_office.person()
    await linked(office, person)
    office.clock.advance(COOL)
    stolen = await linked(office, person, OTHER, "thief:1")
    office.clock.advance(timedelta(minutes=1))

    for _ in range(2):
        await office.payees.answered_no(person, stolen)

    account = await office.payees.resolve(person)
    assert account is not None
    assert (account.iban, account.frozen) == (IBAN, True)
    assert account.cool_until == office.clock.now() + COOL
    office.clock.advance(3 * COOL)
    waiting = await office.payees.resolve(person)
    assert waiting is not None
    assert waiting.cool_until is not None
    refused = await office.payees.link(person, OTHER, by="phone", call_key="thief:2")
    assert refused.outcome is PayeeOutcome.FROZEN
    assert (await office.payees.offer(person, OTHER)).outcome is PayeeOutcome.FROZEN
    assert list(office.desk.tickets) == [f"payee:{stolen}"]
    assert len(office.teller.of("payee_frozen")) == 1

    office.clock.advance(timedelta(minutes=1))
    assert (await office.payees.thaw(person, "stf_1", "thaw:1")).outcome is PayeeOutcome.OK

    thawed = await office.payees.resolve(person)
    assert thawed is not None
    assert (thawed.iban, thawed.frozen, thawed.cool_until) == (IBAN, False, None)
    kinds = [one.kind for one in await office.payees.history(person)]
    assert kinds == [ChangeKind.THAWED, ChangeKind.DISOWNED, ChangeKind.LINKED, ChangeKind.LINKED]


async def test_the_thief_of_two_changes_is_not_paid_whichever_of_them_is_taken_back_first(each_office: Office) -> None:
    office = each_office
    for number, order in enumerate([(0, 1), (1, 0)]):
        person = office.person(f"+98912000000{number}")
        stolen = []
        for iban in (IBAN, OTHER):
            office.clock.advance(timedelta(minutes=1))
            stolen.append(await linked(office, person, iban, f"{person}:{iban}"))

        for place in order:
            office.clock.advance(timedelta(minutes=1))
            await office.payees.answered_no(person, stolen[place])

        account = await office.payees.resolve(person)
        assert account is not None
        assert (account.kind, account.frozen) == (AccountKind.WALLET, True)


async def test_what_staff_have_settled_is_not_taken_back_again(office: Office) -> None:
    person = office.person()
    await linked(office, person)
    assert (await office.payees.disown(person, by="phone")).outcome is PayeeOutcome.OK
    assert (await office.payees.disown(person, by="phone")).outcome is PayeeOutcome.OK
    office.clock.advance(timedelta(minutes=1))
    await office.payees.thaw(person, "stf_1", "thaw:1")

    assert (await office.payees.disown(person, by="phone")).outcome is PayeeOutcome.NOTHING

    account = await office.payees.resolve(person)
    assert account is not None
    assert not account.frozen


async def test_nobody_disowns_another_persons_change_or_an_old_one(office: Office) -> None:
    person, stranger = office.person(), office.person("+989120000002")
    change = await linked(office, person)
    assert (await office.payees.disown(stranger, by="sms", change_id=change)).outcome is PayeeOutcome.NOTHING
    office.clock.advance(timedelta(days=30))
    assert (await office.payees.disown(person, by="phone")).outcome is PayeeOutcome.NOTHING


async def test_the_old_number_hears_of_a_change_made_with_a_new_one(office: Office) -> None:
    person = office.person()
    await linked(office, person)
    office.owners.people[person] = replace(office.owners.people[person], msisdn="+989350000009")

    await linked(office, person, OTHER, "ses_2:1")

    told = [(one.msisdn, one.person_id) for one in office.teller.of("payee_iban")]
    assert told == [("+989120000001", person), ("+989350000009", person), ("+989120000001", "")]
    await linked(office, person, IBAN, "ses_3:1")
    assert [one.msisdn for one in office.teller.of("payee_iban")[3:]] == ["+989350000009", "+989120000001"]


async def test_a_new_pin_or_phone_cools_the_wallet_too(office: Office) -> None:
    reset, swapped, calm = (office.person(f"+98912000000{number}") for number in range(3))
    office.owners.reset[reset] = office.clock.now() - timedelta(hours=1)

    await office.payees.phone_changed(swapped, "stf_1", "desk:1")

    found = await office.payees.accounts([reset, swapped, calm])
    now = office.clock.now()
    assert [found[one].cool_until for one in (reset, swapped, calm)] == [
        now + COOL - timedelta(hours=1),
        now + COOL,
        None,
    ]
    history = await office.payees.history(swapped)
    assert [(one.kind, one.by) for one in history] == [(ChangeKind.PHONE_CHANGED, "stf_1")]
