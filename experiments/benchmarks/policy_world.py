"""Random policies over any bundle, with every section and with expressions that fail; for laws and for benchmarks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.benchmarks.policy_world_whole import hard_atoms, whole_policy
from recsys.knowledge import Knowledge
from recsys.types import OFFER_KINDS, SECONDS_PER_DAY, STAGES, Channel, ItemKind

_CONTEXT_ATTRIBUTES = {"weather": "string", "visits": "int", "heat": "double"}
_LATEST_DAYS = 60
_SEGMENTS = 4
_HARD = 0.15
_SHARES = {
    "eligibility": 0.18, "applicability": 0.14, "suitability": 0.14, "calendar": 0.1, "levers": 0.14, "diversity": 0.05,
    "reach": 0.04,
}  # fmt: skip
"""Of the rules of a policy; what is left stands in ``rules``."""


@dataclass(frozen=True, slots=True)
class PolicyWriter:
    """
    Writes random policies over a bundle.

    Attributes:
        knowledge: The bundle.
        rng: Of all that is drawn.
        failing: Share of atoms that cannot always be evaluated.
        narrow: Share of products and offers that one atom of an exclude names, about.
        whole: Every other key of a policy too, and atoms at the edges.
    """

    knowledge: Knowledge
    rng: np.random.Generator
    failing: float = 0.05
    narrow: float = 0.05
    whole: bool = False
    _ids: list[str] = field(default_factory=list, repr=False)

    def policy(self, n_rules: int) -> dict[str, Any]:
        """A whole file as plain values, to be dumped as YAML or JSON; two home-like placements and one of e-mail."""
        n = {section: round(share * n_rules) for section, share in _SHARES.items()}
        offer = self.knowledge.offers.offers.id(0) if len(self.knowledge.offers) else ""
        segments = {f"group_{number}": self.expression("member") for number in range(_SEGMENTS)}
        if self.failing:
            segments["group_0"] = self._failing("member")
        written: dict[str, Any] = {
            "name": "random",
            "currency": self.knowledge.currency,
            "time_zone": str(self.rng.choice(["UTC", "Europe/London", "Asia/Shanghai"])),
            "tiers": list(self.knowledge.tiers),
            "placements": {
                "home": {"channel": "web", "capacity": 12, "types": ["product", "offer"], "max_offers": 2},
                "shelf": {"channel": "web", "capacity": 6, "types": ["product"]},
                "letter": {"channel": "email", "capacity": 8, "types": ["product", "offer"]},
            },
            "default_placement": "home",
            "context_attributes": _CONTEXT_ATTRIBUTES,
            "segments": segments,
            "recently_bought": {"days": int(self.rng.integers(0, 30)), "unless_repeat_rate_at_least": 0.5},
            "guardrails": self._guardrails(),
            "contact": self._contact(),
            "reach": [self._reach() for _ in range(n["reach"])],
            "eligibility": [self.rule("exclude", "require") for _ in range(n["eligibility"])],
            "applicability": [self.rule("exclude", "require") for _ in range(n["applicability"])],
            "suitability": [self.rule("exclude", "exclude", "bury") for _ in range(n["suitability"])],
            "calendar": self._periods(n["calendar"], offer),
            "levers": [self.rule("boost", "bury") for _ in range(n["levers"])],
            "diversity": [self._limit() for _ in range(n["diversity"])],
        }
        n_left = max(0, n_rules - sum(n.values()))
        effects = ("exclude", "exclude", "require", "exclude", "pin", "cap")
        written["rules"] = [self.rule(*effects) for _ in range(n_left)]
        return whole_policy(written, self.knowledge, self.rng) if self.whole else written

    def text(self, n_rules: int) -> str:
        """The same as the text of a file."""
        return json.dumps(self.policy(n_rules))

    def rule(self, *effects: str) -> dict[str, Any]:
        """A rule of one of some effects; what it requires or excludes is little, so that something is left."""
        effect = self._one(effects)
        kind = ItemKind.PRODUCT if effect == "cap" or self._chance(0.6) else ItemKind.OFFER
        written: dict[str, Any] = {
            "id": self._id(effect),
            "owner": "benchmark",
            "effect": effect,
            "applies_to": kind.value,
        }
        if self._chance(0.8):
            written["who"] = self.expression("who")
        if effect == "pin":
            ids = self.knowledge.catalogue.products if kind is ItemKind.PRODUCT else self.knowledge.offers.offers
            written["pin"] = {"id": ids.id(int(self.rng.integers(len(ids)))), "position": int(self.rng.integers(1, 7))}
        elif effect == "require":
            written["what"] = f"!({self.expression(kind.value, depth=1)})"
        elif effect != "cap" or self._chance(0.5):
            written["what"] = self.expression(kind.value, depth=1)
        if effect == "cap":
            written["cap"] = {"limit": int(self.rng.integers(0, 5)), "per": self._one(("category", "brand", "all"))}
        if effect in ("boost", "bury"):
            low, high = (1.1, 3.0) if effect == "boost" else (0.2, 0.9)
            written |= {"factor": round(float(self.rng.uniform(low, high)), 3), "until": self._day(1, _LATEST_DAYS)}
        elif self._chance(0.2):
            written |= {"from": self._day(-_LATEST_DAYS, 0), "until": self._day(1, _LATEST_DAYS)}
        if self._chance(0.2):
            written["channels"] = [self._one(tuple(Channel)).value]
        if self._chance(0.2):
            written["placements"] = [self._one(("home", "shelf", "letter"))]
        return written

    def expression(self, about: str, depth: int = 2) -> str:
        """CEL about ``member`` (and context and basket), ``who`` (segments too), ``product`` or ``offer``."""
        if not depth or self._chance(0.45):
            return f"!({self.atom(about)})" if self._chance(0.1) else self.atom(about)
        sides = [self.expression(about, depth - 1) for _ in range(int(self.rng.integers(2, 4)))]
        joined = self._one((" && ", " && ", " || ")).join(f"({side})" for side in sides)
        return f"!({joined})" if self._chance(0.1) else joined

    def atom(self, about: str) -> str:
        """A part of an expression without operators of logic."""
        if self._chance(self.failing):
            return self._failing(about)
        if self.whole and self._chance(_HARD):
            return str(self._one(hard_atoms(about, self.knowledge, self.rng)))
        if about == "who" and self._chance(0.15):
            return f"segment.group_{self._below(_SEGMENTS)}"
        atoms = {
            "member": self._of_members,
            "who": self._of_members,
            "product": self._of_products,
            "offer": self._of_offers,
        }[about]
        return str(self._one(tuple(atoms())))

    def _of_members(self) -> list[str]:
        tiers, below = self.knowledge.tiers, self._below
        columns = [
            f"member.tier == '{self._one(tiers)}'",
            f"member.tier in ['{self._one(tiers)}', '{self._one(tiers)}']",
            f"member.tier_rank >= {below(len(tiers))}",
            f"member.stage == '{self._one(STAGES)}'",
            f"member.segment == {below(4)}",
            f"member.birth_month != {1 + below(12)}",
            "member.is_birthday_month",
            f"member.points {self._one(('<', '<=', '>', '>=', '=='))} {below(5_000)}",
            f"member.days_since_last_purchase > {below(120)}",
            f"member.consent_{self._one(('email', 'push', 'sms', 'personalisation'))}",
            f"member.days_to_birthday >= 0 && member.days_to_birthday <= {below(30)}",
            f"context.month == {1 + below(12)}",
            f"context.weekday in [{1 + below(7)}, {1 + below(7)}]",
            f"context.hour < {below(24)}",
            f"context.channel == '{self._one(tuple(Channel))}'",
            f"context.store == 's{below(3)}'",
            f"context.placement != '{self._one(('home', 'shelf', 'letter'))}'",
            f"basket.n_products > {below(3)}",
            f"basket.value_minor >= {below(9_000)}",
            f"'{self._name(self.knowledge.catalogue.category_names)}' in basket.categories",
            f"basket.brands.exists(brand, brand == '{self._name(self.knowledge.catalogue.brand_names)}')",
            f"member.points > basket.value_minor + {below(2_000)}",
            f"member.points % {2 + below(9)} == 0",
        ]
        return [*columns, *(self._of_profile(spec.name) for spec in self.knowledge.members.profile.specs)]

    def _of_profile(self, name: str) -> str:
        profile = self.knowledge.members.profile
        spec = next(spec for spec in profile.specs if spec.name == name)
        if spec.names is not None:
            return f"member.{name} == '{self._name(profile.names[spec.names])}'"
        if spec.dtype == "bool":
            return f"member.{name}"
        found = profile.columns[name][self._below(len(profile.columns[name]))].item()
        known = 0 if found != found else found
        return f"member.{name} {self._one(('<', '>', '>='))} " + (
            f"{known:.6f}" if spec.dtype == "float32" else f"{known}"
        )

    def _of_products(self) -> list[str]:
        catalogue, below = self.knowledge.catalogue, self._below
        row = below(len(catalogue))
        price = np.sort(catalogue.price_minor)
        n = len(price)
        some = max(1, int(n * self.narrow))
        return [
            f"product.category == '{self._name(catalogue.category_names)}'",
            f"product.brand in ['{self._name(catalogue.brand_names)}', '{self._name(catalogue.brand_names)}']",
            f"product.price_minor >= {price[n - 1 - below(some)]}",
            f"product.price_minor < {price[below(some)]}",
            f"product.margin_rate < {self.rng.uniform(0.0, 0.31):.3f}",
            f"product.stock == {catalogue.stock[row]}",
            f"product.repeat_rate > {1 - self.rng.uniform(0, self.narrow):.3f}",
            f"product.id == '{catalogue.products.id(row)}'",
            f"product.id in {json.dumps([catalogue.products.id(below(n)) for _ in range(5)])}",
            f"product.brand.endsWith('{below(100)}')",
            f"product.price_minor % 100 == {below(100)}",
        ]

    def _of_offers(self) -> list[str]:
        offers, below = self.knowledge.offers, self._below
        row = below(len(offers))
        return [
            f"offer.id == '{offers.offers.id(row)}'",
            f"offer.id in {json.dumps([offers.offers.id(below(len(offers))) for _ in range(3)])}",
            f"offer.kind == '{self._one(tuple(OFFER_KINDS))}' && offer.amount_minor == {offers.amount_minor[row]}",
            f"offer.percent_bp > {np.max(offers.percent_bp, initial=0) - below(200)}",
            f"offer.amount_minor >= {np.max(offers.amount_minor, initial=0) - below(60)}",
            f"offer.min_spend_minor == {1 + below(9_000)}",
            f"offer.budget_minor == {below(100)}",
            f"'{self._one(self.knowledge.tiers)}' in offer.tiers && offer.percent_bp == {offers.percent_bp[row]}",
        ]

    def _failing(self, about: str) -> str:
        of = {
            "member": ("context.weather == 'rain'", "context.visits > 3", "member.points / (member.points - 300) > 3"),
            "product": ("product.price_minor / (product.stock - 3) > 400",),
            "offer": ("offer.amount_minor / offer.percent_bp > 1",),
        }
        return str(self._one(of["member" if about == "who" else about]))

    def _contact(self) -> dict[str, Any]:
        caps = [{"id": self._id("cap"), "channel": self._one(tuple(Channel)).value}, {"id": self._id("cap")}]
        bounds = {"max_messages": 1 + self._below(3), "period_days": 1 + self._below(7)}
        return {"caps": [{**cap, **bounds} for cap in caps], "cooldowns": [{"id": self._id("rest"), "days": 3}]}

    def _guardrails(self) -> dict[str, Any]:
        band = {"id": self._id("band"), "tier": self._one(self.knowledge.tiers), "max_depth": 0.15}
        return {"max_depth": 0.18, "depth_bands": [band], "min_margin_rate": 0.05}

    def _reach(self) -> dict[str, Any]:
        kind = self._one(tuple(ItemKind))
        what, tier = self.expression(kind.value, depth=1), self._one(self.knowledge.tiers)
        return {
            "id": self._id("reach"),
            "owner": "benchmark",
            "applies_to": kind.value,
            "what": what,
            "from_tier": tier,
        }

    def _limit(self) -> dict[str, Any]:
        written: dict[str, Any] = {
            "id": self._id("limit"),
            "owner": "benchmark",
            "per": self._one(("category", "brand")),
        }
        written["limit"] = int(self.rng.integers(1, 4))
        return written | ({"who": self.expression("who")} if self._chance(0.5) else {})

    def _periods(self, n_rules: int, offer: str) -> list[dict[str, Any]]:
        whens: tuple[Mapping[str, Any], ...] = (
            {"every": "week", "on": ["mon", "wed", "sat"]},
            {"every": "month", "on": [8, 15, "last"]},
            {"from": self._day(-9, -1), "until": self._day(2, 30)},
            {"birthday": {"before_days": 3, "after_days": 7}},
        )
        kinds = ("member_day", "double_points", "sale", "birthday")
        periods = []
        for number, (when, kind) in enumerate(zip(whens, kinds, strict=True)):
            rules = [self.rule("exclude", "exclude", "require") for _ in range(-(-(n_rules - number) // len(whens)))]
            period: dict[str, Any] = {"id": self._id("period"), "kind": kind, "when": when, "rules": rules}
            if kind == "sale" and self._chance(0.5):
                period["stores"] = ["s1", "s2"]
            if offer and (kind == "double_points" or self._chance(0.4)):
                period["offers"] = [offer]
            periods.append(period)
        return periods

    def _day(self, earliest: int, latest: int) -> str:
        at = self.knowledge.cut_off + int(self.rng.integers(earliest, latest + 1)) * SECONDS_PER_DAY
        return str(np.datetime64(at, "s").astype("datetime64[D]"))

    def _id(self, word: str) -> str:
        self._ids.append(f"{word}_{len(self._ids)}")
        return self._ids[-1]

    def _name(self, names: tuple[str, ...]) -> str:
        return self._one(names) if names else ""

    def _one(self, of: Any) -> Any:
        return of[int(self.rng.integers(len(of)))]

    def _below(self, n: int) -> int:
        return int(self.rng.integers(max(n, 1)))

    def _chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)
