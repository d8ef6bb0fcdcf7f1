"""What an offer is believed to do before anybody was shown it, and after: factors that lean on each other."""

from recsys.offers.prior.mixed import Scales
from recsys.offers.prior.redemption import RedemptionPrior
from recsys.offers.prior.traits import OfferTraits
from recsys.offers.prior.uplift import Beliefs, Cells, OfferPrior

__all__ = ["Beliefs", "Cells", "OfferPrior", "OfferTraits", "RedemptionPrior", "Scales"]
