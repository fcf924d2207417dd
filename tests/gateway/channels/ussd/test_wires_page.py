"""The page of the wires says what there is: profiles, where each was checked, and every key that a file may have."""

import re
from pathlib import Path

import pytest

from gateway.channels.ussd.config import AuthTable
from gateway.channels.ussd.wires import TYPED, form_of, profile_names
from gateway.channels.ussd.wires.form import AnswerForm, FieldNames, Form, KindWords

PAGE = (Path(__file__).parents[4] / "docs/WIRES.md").read_text("utf-8")
ROWS = {row.split(" | ")[0]: row for row in re.findall(r"^\| ([a-z]+ \| .+) \|$", PAGE, re.MULTILINE)}
SAID = {"vendor": "vendor's page", "code": "code in use", "community": "community"}


def test_the_page_lists_the_profiles_that_there_are() -> None:
    assert sorted(set(ROWS) - {"matter", "key", "profile", "bounds", "status", "pages"}) == list(profile_names())


@pytest.mark.parametrize("name", sorted(set(profile_names()) - set(TYPED)))
def test_a_row_has_the_fields_of_its_table_and_what_it_was_checked_against(name: str) -> None:
    form, row = form_of(name), ROWS[name]
    named = [form.fields.session, form.fields.msisdn, form.fields.text, form.fields.code, form.fields.operator]

    assert row.endswith(SAID[form.source])
    assert row.split(" | ")[1].startswith("POST" if form.method == "POST" else "GET query")
    assert all(f"`{field}`" in row for field in named if field)


@pytest.mark.parametrize(
    "key", sorted({*Form.model_fields, *FieldNames.model_fields, *KindWords.model_fields, *AnswerForm.model_fields})
)
def test_every_key_of_a_form_is_explained(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("key", sorted(AuthTable.model_fields))
def test_every_way_to_prove_who_calls_is_explained(key: str) -> None:
    assert f"`{key}`" in PAGE.partition("`[wire.auth]`")[2]
