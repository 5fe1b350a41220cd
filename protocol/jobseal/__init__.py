"""The shared language of Jobseal: pure functions over bytes.

Nothing in this package (its ``host`` folder aside) opens a file or a socket, reads a clock or draws a random
number; what it needs of those comes in as an argument. It runs unmodified on MicroPython 1.27.
"""
