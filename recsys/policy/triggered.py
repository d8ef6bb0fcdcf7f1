"""Offers with a trigger are shown while its window is open for the member, and at no other time."""

from dataclasses import dataclass

from recsys.knowledge import Knowledge
from recsys.members import MemberBatch
from recsys.offers.definitions import TRIGGERS
from recsys.offers.triggers import READS, TriggerWindows
from recsys.policy.native import Code, Codes, remove
from recsys.types import EpochSeconds


@dataclass(frozen=True, slots=True)
class Triggered:
    """
    The triggers of a bundle's offers as a rule.

    Attributes:
        windows: When they are open.
        code: Of being outside them.
    """

    windows: TriggerWindows
    code: Code

    @classmethod
    def of(cls, knowledge: Knowledge, zone: str, code: Code) -> "Triggered":
        """Those of a bundle; days begin as in the policy's *zone*."""
        return cls(TriggerWindows.of(knowledge.offers, knowledge.members.profile, zone), code)

    def remove_from(self, codes: Codes, batch: MemberBatch, now: EpochSeconds) -> None:
        """Note in place, in codes of shape (m, n_offers), the offers whose window is not open for the member."""
        columns = self.windows.offers
        if not len(columns):
            return
        part = codes[:, columns]
        remove(part, self.windows.closed(batch, now), self.code)
        codes[:, columns] = part

    def warnings(self, knowledge: Knowledge) -> list[str]:
        """Which offers nobody is shown, because the bundle does not know what their trigger asks."""
        offers, said = knowledge.offers, []
        for trigger in self.windows.lacking:
            rows = [row for row in self.windows.offers.tolist() if TRIGGERS[offers.trigger[row]] is trigger]
            lacking = [name for name in READS[trigger] if name not in knowledge.members.profile.columns]
            said.append(
                f"the offers {', '.join(offers.offers.id(row) for row in rows)} wait for {trigger.value!r}, and "
                f"the bundle has no {', '.join(lacking)} of members: they are shown to nobody; where the "
                "workspace has no programme, write one (`recsys profile --write-programme`), and train again"
            )
        return said
