"""Price lists, and rating: raw quantities of a job in, lines with amounts out. docs/pricing.md is the contract.

All pure and exact: decimals, no floats, no clock. The same quantities and the same terms give the same lines in the
same order, whoever asks and whenever, which is what makes a record rebuildable and a price change previewable.
"""

from jobseal_gateway.pricing.line import Line, Rating, Unrated
from jobseal_gateway.pricing.parse import parse_price_lists
from jobseal_gateway.pricing.price_list import PriceList, choose
from jobseal_gateway.pricing.rating import Terms, rate
from jobseal_gateway.pricing.render import canonical, digest, render_price_lists
from jobseal_gateway.pricing.rule import Rule

__all__ = [
    "Line",
    "PriceList",
    "Rating",
    "Rule",
    "Terms",
    "Unrated",
    "canonical",
    "choose",
    "digest",
    "parse_price_lists",
    "rate",
    "render_price_lists",
]
