"""The phone alphabet of the whole product: ARPAbet as CMUdict writes it, a stress digit on every vowel."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CONSONANTS", "VOWELS", "apply_stress", "bare", "check_phones", "is_phone", "is_vowel", "table"]

VOWELS = frozenset({"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"})
CONSONANTS = frozenset({
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V",
    "W", "Y", "Z", "ZH",
})  # fmt: skip


def bare(phone: str) -> str:
    """'AH0' -> 'AH'."""
    return phone.rstrip("012")


def is_vowel(phone: str) -> bool:
    return bare(phone) in VOWELS


def is_phone(phone: str) -> bool:
    """Whether it is a consonant, or a vowel with exactly one stress digit."""
    if phone in CONSONANTS:
        return True
    return phone[-1:] in {"0", "1", "2"} and phone[:-1] in VOWELS


def check_phones(phones: Sequence[str]) -> str:
    """'' when all are ARPAbet, else a clause that says which one is not and why."""
    if not phones:
        return "no phones"
    for phone in phones:
        if is_phone(phone):
            continue
        if phone in VOWELS:
            return f"the vowel {phone} without a stress digit"
        return f"'{phone}', which is no ARPAbet phone"
    return ""


def apply_stress(phones: Sequence[str], like: Sequence[str]) -> tuple[str, ...]:
    """Give bare `phones` the stress digits of `like`, vowel by vowel; a vowel too many gets 0."""
    digits = iter([phone[-1] for phone in like if is_vowel(phone)])
    return tuple(bare(phone) + next(digits, "0") if is_vowel(phone) else phone for phone in phones)


def table(text: str) -> dict[str, str]:
    """'a=b|c=d' -> {'a': 'b', 'c': 'd'}: a compact spelling of a table of sounds."""
    return dict(entry.split("=") for entry in text.split("|"))
