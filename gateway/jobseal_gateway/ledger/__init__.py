"""The ledger: everything that the gateway keeps, on SQLite or PostgreSQL.

``database`` opens it, ``schema`` says what is in it, and one module a noun reads and writes it. The modules are
plain functions over a connection: the caller owns the transaction (``database.writing``), so that an event, its
leaf, its receipt's checkpoint and its dirty job commit together or not at all. Nothing here decides anything:
what a verdict, a price or a state is comes in from the cores.

Locks, on PostgreSQL, are always taken in this order, which is what keeps workers from waiting in a circle:
a claimed job (``dirty.take``), the log's head (``log.lock_head``), the feed's counter (``feed.append``).
On SQLite a writing transaction is alone from its first statement.
"""
