"""The technician's screen. ``docs/decisions/0008-screen.md`` has the plan; :mod:`.app` alone knows the terminal.

It runs in the capture process: it signs, and never touches the network.
"""
