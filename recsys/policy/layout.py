"""Which bit every rule of a policy has, so that a few words say all that holds for a member."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.policy.file.rule import LEVERS, REMOVALS
from recsys.policy.masks import WORD
from recsys.policy.rules import CompiledRule
from recsys.types import ItemKind


@dataclass(frozen=True, slots=True)
class Block:
    """
    Rules that are asked together, in whole words of their own.

    Attributes:
        words: Where in the words of a member.
        rules: Bit i of the words is rule i.
    """

    words: slice
    rules: tuple[CompiledRule, ...]

    def position(self, number: int) -> int:
        """Of a rule's bit among all words."""
        return WORD * int(self.words.start) + number


@dataclass(frozen=True, slots=True)
class Layout:
    """
    All blocks.

    Attributes:
        removals: What removes products, and what removes offers, in order of removal.
        levers: Of both kinds together, at most 64.
        shows: Caps on slates and pins.
        n_words: Of all blocks.
    """

    removals: dict[ItemKind, Block]
    levers: Block
    shows: Block
    n_words: int

    @classmethod
    def of(cls, rules: Sequence[CompiledRule]) -> "Layout":
        """Rules keep their order within a block."""
        start = 0

        def block(of_it: Sequence[CompiledRule]) -> Block:
            nonlocal start
            first, start = start, start - (-len(of_it) // WORD)
            return Block(slice(first, start), tuple(of_it))

        removing = [rule for rule in rules if rule.rule.effect in REMOVALS]
        removals = {kind: block([rule for rule in removing if rule.rule.applies_to is kind]) for kind in ItemKind}
        levers = block([rule for rule in rules if rule.rule.effect in LEVERS])
        shows = block([rule for rule in rules if rule.rule.effect not in (*REMOVALS, *LEVERS)])
        return cls(removals, levers, shows, start)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """In the order of their words."""
        return (*self.removals.values(), self.levers, self.shows)

    def positions(self) -> list[tuple[int, CompiledRule]]:
        """Every rule with its bit."""
        return [(block.position(number), rule) for block in self.blocks for number, rule in enumerate(block.rules)]
