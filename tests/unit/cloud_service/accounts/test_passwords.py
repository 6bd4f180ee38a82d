import pytest

from cloud_service.accounts.passwords import (
    LONGEST,
    SHORTEST,
    Passwords,
    WeakPasswordError,
    check_password,
    random_password,
)
from tests.support.accounts import cheap_passwords


@pytest.mark.parametrize(
    "good", ["x7" * 3 + "qwoeit", "only small letters", "日本語のながいあいことばです", "a b c d e " * 100]
)
def test_length_is_all_that_is_asked_for(good: str) -> None:
    check_password(good, user="h.meier")


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("x7qwoeit9ab", "12 to 1000"),
        ("x7qwoeit" * 126, "12 to 1000"),
        ("Password1234", "first that are guessed"),
        ("correcthorsebatterystaple", "first that are guessed"),
        ("abababababababab", "first that are guessed"),
        ("h.meier2026!", "Beyond the names"),
        ("H.MEIERh.meier", "Beyond the names"),
        ("Smearflow2026", "Beyond the names"),
    ],
)
def test_what_is_guessed_first_is_refused(weak: str, why: str) -> None:
    with pytest.raises(WeakPasswordError, match=why):
        check_password(weak, user="h.meier")


def test_a_name_of_two_letters_does_not_forbid_those_letters() -> None:
    check_password("banana bandana", user="an")


def test_random_passwords_pass_and_differ() -> None:
    made = {random_password() for _ in range(100)}

    assert len(made) == 100
    for password in made:
        assert SHORTEST <= len(password) <= LONGEST
        check_password(password, user="admin")


def test_only_the_right_password_matches_however_a_keyboard_composes_it() -> None:
    passwords = cheap_passwords()
    stored = passwords.hash("caf\u00e9 caf\u00e9 caf\u00e9")

    assert stored.startswith("$argon2id$")
    assert passwords.hash("caf\u00e9 caf\u00e9 caf\u00e9") != stored
    assert passwords.matches(stored, "cafe\u0301 cafe\u0301 cafe\u0301")
    assert not passwords.matches(stored, "cafe cafe cafe")
    assert not passwords.matches(None, "cafe cafe cafe")


def test_the_parameters_follow_rfc_9106_and_older_hashes_are_told() -> None:
    passwords = Passwords()

    assert "$m=65536,t=3,p=4$" in passwords.hash("four rare words together")
    assert passwords.is_outdated(cheap_passwords().hash("four rare words together"))
    assert not passwords.is_outdated(passwords.hash("four rare words together"))
