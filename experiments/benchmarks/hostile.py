"""Expressions and policy files that are broken, absurd or meant to hang a parser, the same for the same seed."""

import random
from collections.abc import Callable, Iterator

from experiments.benchmarks.hostile_files import files
from recsys.policy.expressions.cel import Value
from recsys.policy.file.attribute_types import AttributeType

__all__ = ["ATTRIBUTES", "VALID", "VALUES", "expressions", "files"]

Rng = random.Random

ATTRIBUTES: dict[str, AttributeType] = {
    "member.tier": AttributeType.STRING,
    "member.points": AttributeType.INT,
    "member.rate": AttributeType.DOUBLE,
    "member.is_birthday_month": AttributeType.BOOL,
    "segment.loyal": AttributeType.BOOL,
    "context.hour": AttributeType.INT,
    "context.shop": AttributeType.STRING,
    "basket.n_products": AttributeType.INT,
    "basket.categories": AttributeType.STRINGS,
    "basket.brands": AttributeType.STRINGS,
}
"""What the expressions may read."""

VALUES: dict[str, Value] = {
    "member.tier": "gold",
    "member.points": 9_223_372_036_854_775_807,
    "member.rate": 0.7,
    "member.is_birthday_month": True,
    "segment.loyal": False,
    "context.hour": 0,
    "context.shop": "ab" * 100,
    "basket.n_products": 100,
    "basket.categories": [f"category {number}" for number in range(100)],
    "basket.brands": ["a" * 30] * 100,
}
"""One set of attributes to evaluate them with: extreme, but within what a request may send."""

VALID = (
    'member.tier == "gold" && member.points > 100',
    "member.rate >= 0.4 || !(context.hour in [7, 8, 9]) && segment.loyal",
    'basket.categories.exists(c, c == "wine") && !basket.brands.all(b, b != "acme")',
    'member.tier.startsWith("g") ? context.shop == "s01" : member.points / 2 > 3',
    'context.shop.matches("^[a-z]{1,3}[0-9]+$")',
    '"wine" in basket.categories && size(basket.brands) > 2 // for the cellar\n',
    'member.is_birthday_month\n  && member.tier in ["silver", "gold", r"\\d"]',
    "member.points % 7 == 3 && double(member.points) * 1.5 > 10.0",
)
_WORDS = (
    'member.tier', 'member.points', 'member.rate', 'segment.loyal', 'basket.brands', 'context.shop', 'member', 'tier',
    'x', 'true', 'false', 'null', 'in', '&&', '||', '!', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%',
    '?', ':', '.', ',', '(', ')', '[', ']', '{', '}', "'a'", '"b"', "r'\\'", "b'\\xff'", "'''", '0', '1', '-1', '2.5',
    '1e400', '0x7f', '1u', '.5', '1.', '9223372036854775808', 'size', 'has', 'all', 'exists', 'exists_one', 'map',
    'filter', 'matches', 'dyn', 'int', 'uint', 'double', 'string', 'bytes', 'type', 'timestamp', 'duration',
    'google.protobuf.Any', '//', '\\', '@', '#', '$', '~', '`', ';', '&', '|', '=', '\xe9', '\U0001f381',
)  # fmt: skip
_LETTERS = "\0\a\b\t\n\v\f\r\x1b\x7f\x85\xa0\u00ad\u0301\u200b\u200e\u202e\u2028\u2029\ufeff\ufffe\uffff\ud800\udfff"
_LETTERS += "\u00e9\u00df\u0130\u3042\U0001f381\U0010ffff'\"\\&|!()[]{}"
_PATTERNS = (
    "(a|b|c){0,1000}", "(a*)*b", "(a+)+$", "(.*)*x", "((((a{0,30}){0,30}){0,30}){0,30})", r"\\pL{0,50}", r"[\\pL]{50}",
    r"(?i)\\pL\\pN\\pS", "[^a]{1,1000}", "a{1001}", "a{99999999999}", "(?P<x", "[z-a]", "(", "*", "a**", r"\\1",
    "(?=a)",
    "[[:alpha:]]{200}", ".{1000}", "(.{0,99}){9}", "((a?){99}){2}", "(x+x+)+y", "^" * 200, "|" * 200, "[a-z" * 40,
    "(" * 60 + ")" * 60, r"\\Qa.b\\E{300}", r"\\x{10FFFF}{500}", r"(?s).*.*.*.*.*.*x", "[ab]*a[ab]{60}",
)  # fmt: skip
_ESCAPES = (
    r"\x", r"\xg1", r"\x00", r"\u12", r"\ud800", r"\udc00", r"\U00110000", r"\U0010ffff", r"\400", r"\377", r"\8",
    r"\q",
    r"\'", "\\", "\n", "\r", r"\u0000", r"\000", r"\N{DASH}", r"\`", r"\?", "'''", '"""',
)  # fmt: skip
_NUMBERS = (
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 400,
    "0x" + "f" * 99,
    "18446744073709551616u", "-0", "00", "0b1", "1e308", "1e309", "-1e309", "1e-400", "." + "9" * 300, "1.0e",
    "0.1.2", "1__0",
)  # fmt: skip


def expressions(n: int, seed: int) -> Iterator[str]:
    """So many hostile texts of expressions over `ATTRIBUTES`; every kind comes up every so often."""
    rng = Rng(seed)
    for number in range(n):
        yield _KINDS[number % len(_KINDS)](rng)


def _joined(rng: Rng) -> str:
    """Allowed, most of the time: what has to be quick."""
    parts = [rng.choice(["{}", "({})", "!({})", "!!({})", "({}) == true"]).format(rng.choice(VALID)) for _ in range(3)]
    return f"{parts[0]}\n{rng.choice(['&&', '||'])} {parts[1]}\n{rng.choice(['&&', '||'])} {parts[2]}"


def _broken(rng: Rng) -> str:
    return rng.choice(["", " "]).join(rng.choice(_WORDS) for _ in range(rng.randint(0, 30)))


def _huge(rng: Rng) -> str:
    part, operator = rng.choice(VALID), rng.choice([" && ", " || ", " + ", " ", ""])
    return operator.join([part] * rng.choice([2, 5, 10, 40, 1_000, 20_000]))


def _chained(rng: Rng) -> str:
    operator = rng.choice(
        ["+", "-", "*", "==", "<", "&&", "||", ".x", "[0]", " ? true : ", " in ", "!", ")(", ".all(x, x)"]
    )
    return rng.choice(["true", "1", "member.points", "[1]"]).join([operator] * rng.choice([1, 10, 31, 33, 60, 120]))


def _deep(rng: Rng) -> str:
    opening, closing = rng.choice(
        [("(", ")"), ("[", "]"), ("!(", ")"), ("-(", ")"), ("{1: ", "}"), ("[1].all(x, ", ")"), ("true ? ", " : false"),
         ("size([", "])"), ("(true && ", ")"), ("dyn(", ")"), ("!", ""), ("-", ""), ("(", ""), ("", ")"), ("a.b(", ")")]
    )  # fmt: skip
    depth = rng.choice([3, 12, 16, 17, 25, 31, 33, 70, 140, 300])
    return opening * depth + rng.choice(["true", "1", ""]) + closing * depth


def _lettered(rng: Rng) -> str:
    text = list(rng.choice(VALID))
    for _ in range(rng.randint(1, 6)):
        text.insert(rng.randint(0, len(text)), rng.choice(_LETTERS))
    return "".join(text)


def _any_letters(rng: Rng) -> str:
    return "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x110000)])) for _ in range(rng.randint(1, 60)))


def _pattern(rng: Rng) -> str:
    pattern = rng.choice(_PATTERNS) * rng.choice([1, 1, 1, 2, 5])
    return rng.choice(
        [f'context.shop.matches("{pattern}")', f'matches(context.shop, "{pattern}") && segment.loyal',
         f'basket.brands.exists(b, b.matches("{pattern}"))', f'"{pattern}".matches(context.shop)',
         f'context.shop.matches(context.shop + "{pattern}")',
         f'context.shop.matches(segment.loyal ? "a" : "{pattern}")']
    )  # fmt: skip


def _commented(rng: Rng) -> str:
    comment = rng.choice(
        ["//", "// '", "//\n", "/* */", "# x", "// \u2028 true", "//\r", "//" * 200, "'//'", "// && ||\n"]
    )
    text = rng.choice(VALID)
    cut = rng.randint(0, len(text))
    return text[:cut] + comment + text[cut:]


def _escaped(rng: Rng) -> str:
    quote = rng.choice(["'", '"', "'''", '"""'])
    prefix = rng.choice(["", "", "r", "b", "R", "rb", "u", "B"])
    inside = "".join(rng.choice([*_ESCAPES, "a", " "]) for _ in range(rng.randint(1, 4)))
    return f"context.shop == {prefix}{quote}{inside}{rng.choice([quote, quote, quote, ''])}"


def _looping(rng: Rng) -> str:
    text = rng.choice(["x == x", "true", "x == 'a'", "x"])
    for depth in range(rng.choice([1, 1, 2, 3, 6, 12, 30])):
        macro = rng.choice(["all", "exists", "exists_one", "map", "filter"])
        over = rng.choice(
            ["[1, 2]", "basket.brands", "basket.brands + basket.brands", "{1: 2}", "'a'", "1", "x", "[[]]"]
        )
        text = f"{over}.{macro}({rng.choice(['x', f'x{depth}', 'x, x', 'member', '1', ''])}, {text})"
    return text


def _numeric(rng: Rng) -> str:
    left, right = rng.choice(_NUMBERS), rng.choice(_NUMBERS)
    return rng.choice(
        [f"{left} {rng.choice('+-*/%<>')} {right} == 0", f"member.points {rng.choice('+-*/%<>')} {left} > {right}",
         f"member.rate * {left} > {right}", f"int({left}) == uint({right})", f"[1][{left}] == {right}",
         f"-{left} == {right}",
         f"timestamp({left}) < timestamp('{right}')", f"duration('{left}s') > duration('{right}h')",
         f"int('{left}') > {right}"]
    )  # fmt: skip


def _costly(rng: Rng) -> str:
    n = rng.choice([10, 40, 100, 160])
    numbers = ",".join(["1"] * n)
    return rng.choice(
        [f"[{numbers}].all(x, [{numbers}].all(y, x == y))", f"[{numbers}].exists(x, x in [{numbers}] && x > 1)",
         f"basket.brands.all(b, b in basket.categories || b in [{','.join(['b'] * n)}])",
         f"size([{numbers}]) in [{numbers}]",
         f"basket.brands.map(b, {'+'.join(['b'] * min(n, 28))}) == []", f"[{numbers}].map(x, [{numbers}]) == []",
         f"({'+'.join(['context.shop'] * min(n, 28))}).contains('{'ab' * n}c')",
         "{" + ",".join(f"{i}:1" for i in range(n)) + "} == {}",
         f"basket.brands.exists(b, {' || '.join(['b == context.shop'] * min(n, 40))})",
         "basket.categories.all(c, basket.brands.exists(b, b == c))", f"string({numbers[:1]}{'0' * n}) == ''",
         f"basket.categories.exists(c, size(basket.brands.map(b, b + c)) == {n})"]
    )  # fmt: skip


def _mutated(rng: Rng) -> str:
    text = rng.choice(VALID)
    for _ in range(rng.randint(1, 5)):
        start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        end = min(end, start + 8)
        text = rng.choice(
            [text[:start] + text[end:], text[:end] + text[start:], text[:start] + rng.choice(_WORDS) + text[end:],
             text[end:] + text[:start], text[:start] + text[start:end].upper() + text[end:],
             text[:start] + rng.choice(VALID)[: rng.randint(0, 30)] + text[start:]]
        )  # fmt: skip
    return text


_KINDS: tuple[Callable[[Rng], str], ...] = (
    _joined, _broken, _huge, _chained, _deep, _lettered, _any_letters, _pattern, _joined, _commented, _escaped,
    _looping,
    _numeric, _costly, _mutated, _mutated,
)  # fmt: skip
