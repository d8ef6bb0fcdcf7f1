"""Policy files that are broken, absurd or meant to hang a reader of YAML, the same for the same seed."""

import random
from collections.abc import Callable, Iterator

from recsys.policy.reading.load import default_policy_text

Rng = random.Random

_LETTERS = (
    "\0\a\b\t\x1b\x7f\x85\xa0\u00ad\u200b\u202e\u2028\ufeff\ufffe\ud800\udc80\udcff\U0001f381'\"\\&*!|>%@`#{}[]:,?- \n"
)
_PLAIN = (
    "format", "name", "rules", "placements", "tiers", "null", "~", "yes", "0x1f", "0o17", "1_000", "1e999", "-.inf",
    ".nan",
    "2027-02-30", "2027-01-01T25:00:00", "0000-00-00", "99999-01-01", "12:30:45", "!!python/object:os.system",
    "!!binary a=",
    "!!set {a}", "<<", "=", "&a", "*a", "%YAML 9.9", "---", "...", "? ", "- - -", "'",
    '"', "|", ">", "{", "[", "]", "}",
)  # fmt: skip
_VALUES = (
    "1e400", "-1", "0", "true", "null", "''", "[]", "{}", "[[[]]]", "9" * 400, "." + "9" * 400, ".nan", "-.inf",
    "0x" + "f" * 90,
    "2027-02-30", "2027-01-01", "0001-01-01T00:00:00+24:00", "9999-12-31T23:59:60Z", "\u0661\u0662", "1_0", "1:1:1",
    "'\\0'",
    '"\\0"', '"\\ud800"', '"\\U00110000"', "!!int x", "!!float 1", "!!timestamp x", "!!null 1", "&x 1", "*x", "~",
    "a: b", "| \n  x",
)  # fmt: skip


def files(n: int, seed: int) -> Iterator[str]:
    """
    So many hostile texts of policy files; every kind comes up every so often.

    Half characters stand for bytes that are not UTF-8: encode with ``surrogateescape`` to write a file.
    """
    rng = Rng(seed)
    for number in range(n):
        yield _KINDS[number % len(_KINDS)](rng)


def _letters(rng: Rng) -> str:
    text = list(default_policy_text())
    for _ in range(rng.randint(1, 5)):
        text.insert(rng.randint(0, len(text)), rng.choice(_LETTERS))
    return "".join(text)


def _any_letters(rng: Rng) -> str:
    return "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x110000)])) for _ in range(rng.randint(0, 300)))


def _words(rng: Rng) -> str:
    return "".join(
        rng.choice(_PLAIN) + rng.choice([" ", ": ", "\n", ",", "\n  ", "\n- "]) for _ in range(rng.randint(0, 40))
    )


def _cut(rng: Rng) -> str:
    lines = default_policy_text().split("\n")
    for _ in range(rng.randint(1, 4)):
        position = rng.randrange(len(lines))
        line = lines[position]
        lines[position] = rng.choice(
            ["", line[: len(line) // 2], f" {line}", line.lstrip(), f"{line}\n{line}", f"\t{line}"]
        )
    return "\n".join(lines)


def _valued(rng: Rng) -> str:
    lines = default_policy_text().split("\n")
    with_value = [number for number, line in enumerate(lines) if ": " in line and not line.lstrip().startswith("#")]
    for _ in range(rng.randint(1, 3)):
        position = rng.choice(with_value)
        lines[position] = f"{lines[position].split(': ')[0]}: {rng.choice(_VALUES)}"
    return "\n".join(lines)


def _added(rng: Rng) -> str:
    key = rng.choice(
        ["format", "rules", "segments", "levers", "reach", "calendar", "campaigns", "economics", "include", "wrong"]
    )
    return f"{default_policy_text()}\n{key}: {rng.choice(_VALUES)}\n"


def _deep(rng: Rng) -> str:
    depth = rng.choice([10, 31, 33, 100, 1_000, 30_000])
    opening, closing = rng.choice(
        [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("!!a ", ""), ("[", ""), ("{", ""), ("[{a: ", "}]")]
    )
    return f"rules: {opening * depth}x{closing * rng.choice([depth, depth, depth - 1])}"


def _indented(rng: Rng) -> str:
    return "\n".join(" " * level + "a:" for level in range(rng.choice([20, 33, 200, 1_000])))


def _aliased(rng: Rng) -> str:
    levels = rng.choice([3, 9, 30])
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return rng.choice(["\n".join(bomb), "rules: &r [*r]", "a: &a {b: *a}", "<<: *x", "x: &a 1\n<<: {<<: {<<: *a}}"])


def _repeated(rng: Rng) -> str:
    n = rng.choice([2, 50, 5_000])
    return rng.choice(
        [
            "name: a\n" * n,
            default_policy_text() * min(n, 50),
            "{" + "a: 1, " * n + "}",
            "economics: {" + "risk_aversion: 0.1, " * n + "}",
        ]
    )


def _large(rng: Rng) -> str:
    n = rng.choice([1_000, 20_000, 120_000, 300_000])
    return rng.choice(
        [f"tiers: [{'a, ' * n}]", f"rules: [{'{}, ' * n}]", "".join(f"k{number}: 1\n" for number in range(n)),
        "#" * 4 * n,
         f"name: {'x' * 4 * n}", f"name: '{'x' * 2 * n}", "\n" * 3 * n, " " * 3 * n, f"name: |\n{' x' * n}", "- " * n,
         "-\n" * n,
         f"rules:\n{'  - {id: a, owner: b, effect: exclude}' * 1}\n" * min(n, 20_000),
         "a: " + '"' + "\\x41" * n + '"', "? a\n" * n]
    )  # fmt: skip


_KINDS: tuple[Callable[[Rng], str], ...] = (
    _letters, _any_letters, _words, _cut, _valued, _valued, _added, _letters, _deep, _indented, _aliased, _repeated,
    _cut,
    _words, _valued, _added, _letters, _cut, _words, _large,
)  # fmt: skip
