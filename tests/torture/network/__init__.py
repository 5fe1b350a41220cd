"""Real processes on a bad day: brokers, databases and gateways that die, networks that lose and damage, and a month of
work that arrives at once.
"""

from tests.torture.network.backlog import Backlog
from tests.torture.network.kills import Kills
from tests.torture.network.shaped import Shaped

CAMPAIGNS = (Kills(), Shaped(), Backlog())
