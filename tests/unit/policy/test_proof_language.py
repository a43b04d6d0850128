"""Sets of texts: what is in them, what one covers, and that the quick ways to a witness and the search agree."""

from __future__ import annotations

from itertools import product

import pytest

from xacct.policy.proof import language
from xacct.policy.proof.language import ANY, ONE, Language, Token, TooLarge, segmented, tokens, witness

SMALL = ["a", "b", "ab", "a*", "*b", "a?", "?", "?*", "*", "*a*", "a*b", "??", "*ab", "b*a", ""]
TEXTS = ["".join(letters) for length in range(5) for letters in product("abx", repeat=length)]


def of(*patterns: str, but: str = "", fold: bool = False) -> Language:
    return Language.of(tokens(one, but=but, fold=fold) for one in patterns)


def test_a_text_becomes_one_token_for_each_place() -> None:
    assert tokens("a*?") == (Token(chars="a"), Token(star=True), Token())
    assert tokens("a*?", wild=False) == (Token(chars="a"), Token(chars="*"), Token(chars="?"))
    assert tokens("*?a", but=":") == (Token(but=":", star=True), Token(but=":"), Token(chars="a"))
    assert tokens("~!") == (Token(chars="~"), Token(chars="!"))
    assert tokens("aB1", fold=True) == (Token(chars="aA"), Token(chars="bB"), Token(chars="1"))


@pytest.mark.parametrize(
    ("token", "character", "taken"),
    [
        (ONE, "a", True),
        (ANY, "a", True),
        (Token(chars="ab"), "b", True),
        (Token(chars="ab"), "c", False),
        (Token(but=":"), ":", False),
        (Token(but=":"), "a", True),
    ],
)
def test_a_token_takes_what_can_stand_at_its_place(token: Token, character: str, taken: bool) -> None:
    assert token.takes(character) is taken


def test_segments_are_joined_by_colons() -> None:
    assert segmented([tokens("a"), tokens("*"), ()]) == (
        Token(chars="a"),
        Token(chars=":"),
        ANY,
        Token(chars=":"),
    )
    assert segmented([tokens("a")]) == tokens("a")


@pytest.mark.parametrize("pattern", SMALL)
def test_a_language_has_just_the_texts_that_its_automaton_accepts(pattern: str) -> None:
    made = of(pattern, "bb")
    for text in TEXTS:
        state = made.start()
        for character in text:
            state = made.step(state, character)
        assert made.ends(state) is made.has(text), text


def test_a_union_has_what_one_of_its_patterns_has_and_an_empty_one_nothing() -> None:
    assert [text for text in ("a", "b", "c", "ax") if of("a*", "b").has(text)] == ["a", "b", "ax"]
    assert not of().has("")
    assert not of().ends(of().start())
    assert witness((of(),), ()) is None
    assert of("a*", "a*") is of("a*")


def test_a_text_may_hold_line_ends_and_characters_that_expressions_know() -> None:
    assert of("a*b").has("a\nb")
    assert of("a.c*").has("a.cx")
    assert not of("a.c*").has("abc")
    assert of("(a)*").has("(a)+")


def test_folded_letters_are_either() -> None:
    made = of("ab*", fold=True)
    assert [text for text in ("ab", "AB", "aBx", "bA") if made.has(text)] == ["ab", "AB", "aBx"]
    assert made.literal is None
    assert of("ab").literal == ("ab",)
    assert of("ab", "c?").literal is None
    assert of("ab", "*").literal is None


def test_a_language_knows_how_its_texts_begin_and_samples_of_them() -> None:
    made = of("ab*c", "?d", "e", "aB*")
    assert made.beginnings == ("ab", "", "e", "aB")
    assert of("ab*", fold=True).beginnings == ("",)
    assert of("*b?").samples == ("xbx", "bx")
    assert of("ab*", fold=True).samples == ("abx", "ab")


SEGMENTS = [
    tokens("a*"),
    tokens("a*", but=":"),
    tokens("a?"),
    tokens("a?", but=":"),
    tokens("*"),
    tokens("*", but=":"),
    tokens("a:*"),
    tokens("a", fold=True),
    tokens("a*", fold=True),
    (Token(chars="a", star=True),),
    (Token(but="/:", star=True),),
    (Token(but="/:"),),
    (Token(but="/", star=True),),
    (Token(but="/"),),
    tokens("?"),
    tokens("?*"),
    tokens("A"),
    tokens("a"),
    tokens("."),
    (Token(chars="a"), Token(but=":"), Token(but=":", star=True)),
]
WORDS = ["".join(letters) for length in range(4) for letters in product("aA:/x.", repeat=length)]


@pytest.mark.parametrize("number", range(len(SEGMENTS)))
def test_what_a_language_covers_it_has(number: int) -> None:
    """A cover is never claimed where a text is left over."""
    inner = Language.of([SEGMENTS[number]])
    for pattern in SEGMENTS:
        outer = Language.of([pattern])
        if all(outer.covers(symbols) for symbols in inner.symbols):
            assert not [word for word in WORDS if inner.has(word) and not outer.has(word)]


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (tokens("ab"), tokens("a*")),
        (tokens("a?c"), tokens("a*")),
        (tokens("a*c"), tokens("a*")),
        (tokens("a?c"), tokens("a?c")),
        (tokens("abc"), tokens("a?c")),
        (tokens("a*", but=":"), tokens("a*")),
        (tokens("a?", but=":"), tokens("a?")),
        (tokens("a?", but=":"), tokens("a*", but=":")),
        (tokens("a*", but=":"), tokens("*", but=":")),
        (tokens("ab", but=":"), tokens("a?", but=":")),
        (tokens("a", fold=True), tokens("*")),
        ((Token(but="/"),), tokens("*")),
        (tokens("a"), tokens("a", fold=True)),
        (tokens("a*b"), tokens("a*b")),
    ],
)
def test_a_plain_cover_is_seen(inner: tuple[Token, ...], outer: tuple[Token, ...]) -> None:
    (symbols,) = Language.of([inner]).symbols
    assert Language.of([outer]).covers(symbols)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (tokens("a*"), tokens("a?")),
        (tokens("a*"), tokens("a*", but=":")),
        (tokens("a?"), tokens("a?", but=":")),
        (tokens("a:"), tokens("a?", but=":")),
        (tokens("a:"), tokens("a*", but=":")),
        (tokens("a*", but=":"), tokens("a?", but=":")),
        (tokens("a", fold=True), tokens("a")),
        (tokens("a", fold=True), tokens("?")),
        (tokens("a"), (Token(chars="a", star=True),)),
        (tokens("b"), (Token(but="/"),)),
        (tokens("b"), (Token(but="/", star=True),)),
        (tokens("bc"), tokens("b")),
    ],
)
def test_where_there_is_no_cover_or_no_easy_one_none_is_claimed(
    inner: tuple[Token, ...], outer: tuple[Token, ...]
) -> None:
    (symbols,) = Language.of([inner]).symbols
    assert not Language.of([outer]).covers(symbols)


@pytest.mark.parametrize("inner", SMALL)
def test_a_witness_is_found_just_where_there_is_a_text(inner: str) -> None:
    for other, outer in product(SMALL, SMALL):
        inside, outside = (of(inner), of(other)), (of(outer), of("bx*"))
        found = witness(inside, outside)
        if found is None:
            assert not [
                text
                for text in TEXTS
                if all(one.has(text) for one in inside) and not any(one.has(text) for one in outside)
            ]
        else:
            assert all(one.has(found) for one in inside)
            assert not any(one.has(found) for one in outside)


@pytest.mark.parametrize("inner", SMALL)
def test_the_quick_ways_and_the_search_agree(inner: str) -> None:
    for other, outer in product(SMALL, SMALL):
        inside, outside = (of(inner), of(other)), (of(outer),)
        assert (witness(inside, outside) is None) is (language._search(inside, outside) is None)


def test_the_search_gives_the_shortest_text_and_letters_that_nobody_tells_apart() -> None:
    assert language._search((of("*a*"),), ()) == "a"
    assert language._search((of("?"),), (of("x"),)) == "y"
    assert language._search((of("?"),), (of(*"xyzabcdefghijklmnopqrstuvw0123456789"),)) == chr(0x100)
    assert language._search((of("??"),), (of("a?", "?a"),)) == "xx"


def test_two_stars_that_begin_apart_are_apart() -> None:
    assert language._apart(of("a*"), of("b*"))
    assert language._apart(of("a*", "c*"), of("b*", "d"))
    assert not language._apart(of("a*"), of("ab*"))
    assert not language._apart(of("ab*"), of("a*"))
    assert not language._apart(of("a*", "c*"), of("b*", "cd"))
    assert not language._apart(of("*"), of("b"))


def test_each_pattern_may_be_covered_by_another() -> None:
    assert language._covered(of("a1", "b1"), (of("a*"), of("b*")))
    assert not language._covered(of("a1", "c1"), (of("a*"), of("b*")))
    assert not language._covered(of("a1"), ())


def test_just_too_many_states_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = (of("?" * 6),)
    monkeypatch.setattr(language, "MOST_STATES", 7)
    assert language._search(inside, ()) == "x" * 6
    monkeypatch.setattr(language, "MOST_STATES", 6)
    with pytest.raises(TooLarge):
        language._search(inside, ())


@pytest.mark.parametrize("but", ["", "b"])
@pytest.mark.parametrize("other", [*SMALL, "ab*", "*ab*b", "?a*"])
@pytest.mark.parametrize("one", SMALL)
def test_a_language_meets_a_pattern_where_a_text_is_in_both(one: str, other: str, but: str) -> None:
    mine = of(one, "b?b*", but=but)
    pattern = tokens(other)
    assert mine.meets(pattern) is (witness((mine, Language.of([pattern])), ()) is not None)


def test_letters_in_both_cases_meet_where_they_share_one() -> None:
    assert of("aB", fold=True).meets(tokens("Ab"))
    assert not of("aB", fold=True).meets(tokens("xb"))
    assert of("a").meets(tokens("A", fold=True))
    assert Language.of([(Token(chars="ab", star=True),)]).meets(tokens("b*a"))
