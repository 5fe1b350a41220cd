"""What needs a host: the ``cryptography`` adapter, the clock adapters and the ``jobseal`` command."""
