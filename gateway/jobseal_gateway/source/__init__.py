"""Files that people write (CSV, JSON, TOML), read so that every value knows its line and column.

These modules know formats, not meaning: bytes in, values with places or problems out. No I/O.
"""
