"""Which names of source columns sound like those of a person."""

import pytest

from features.sources.mapping import looks_personal


@pytest.mark.parametrize(
    "column", ["email", "E-Mail", "customer_name", "firstName", "home address", "zip", "birthDate", "birthday", "DOB"]
)
def test_columns_about_a_person_look_personal(column: str) -> None:
    assert looks_personal(column)


@pytest.mark.parametrize(
    "column", ["date_of_birth", "birth_year", "birth", "birth_day_month_year", "birth_month_and_year", "birth_date_day"]
)
def test_a_whole_birth_date_looks_personal_also_where_it_says_day_or_month(column: str) -> None:
    assert looks_personal(column)


@pytest.mark.parametrize(
    "column", ["birth_month", "birth_day", "birthDay", "day_of_birth", "birthday_month", "dob_day"]
)
def test_a_part_of_a_birthday_does_not(column: str) -> None:
    assert not looks_personal(column)


@pytest.mark.parametrize("column", ["name_day", "email_of_the_month"])
def test_a_day_or_a_month_excuses_no_name(column: str) -> None:
    assert looks_personal(column)


@pytest.mark.parametrize(
    "column", ["card_id", "email_opt_in", "region", "consent_phone", "SegmentId", "birthday_mail_consent"]
)
def test_columns_about_something_else_do_not(column: str) -> None:
    assert not looks_personal(column)
