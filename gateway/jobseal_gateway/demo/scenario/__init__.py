"""The scenario: a working day as a person writes it down, line by line, and as the demo plays it, step by step.

    day 2026-03-05 Europe/Vienna pace 700     the date that orders.csv speaks of, and how much faster time runs
    handheld HH-1 t-11                        a handheld and the technician who carries it
    clone HH-4 of HH-3                        not there until HH-3 is copied
    unplanned WO-9001                         a job that no order describes

    visit repair $part                        what a visit consists of: minutes after its start, a verb, its words
      +0  accept
      +14 use $part 1 each
    end

    07:05 HH-1 repair WO-1001 FLT-10          a visit with its job and the values of its $names
    07:40 HH-1 note WO-1001 "ring twice"      or one verb (see ``verbs``), its job and its words, name=value behind
    11:20 broker killed                       and what the world does

Each actor's lines go forward in time, and its visits do not overlap; what is used stands behind what defines it.
Pure: text in; steps, or every mistake at its line and column, out.
"""

from jobseal_gateway.demo.scenario.parse import parse
from jobseal_gateway.demo.scenario.step import Scenario, Step

__all__ = ["Scenario", "Step", "parse"]
