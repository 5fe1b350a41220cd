"""Storage against what disks, crashes and power cuts do to it: damaged journals, faults in the calls of the real
processes, and power cuts between the writes of a real file system.
"""

from tests.torture.storage.block_states import BlockStates
from tests.torture.storage.fault_points import FaultPoints
from tests.torture.storage.journal_states import JournalStates

CAMPAIGNS = (JournalStates(), FaultPoints(), BlockStates())
