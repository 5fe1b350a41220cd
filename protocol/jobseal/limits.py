"""Sizes and counts that both ends of the wire must agree on. Units are in the names."""

INT_MAX = 2**53 - 1  # integers that every language and JSON can carry exactly
DEPTH_MAX = 8  # nesting of arrays and maps

EVENT_MAX_BYTES = 4096  # one complete signed event
FRAME_MAX_BYTES = 131072  # hard cap of one MQTT payload, either direction
BATCH_MAX_BYTES = 32768  # what a sender aims at: events, holes and inline objects together
BATCH_MAX_EVENTS = 64
BATCH_MAX_HOLES = 16

OBJECT_INLINE_MAX_BYTES = 8192  # salted bytes that may ride in the batch of their event
OBJECT_CHUNK_MAX_BYTES = 32768
OBJECT_MAX_BYTES = 8388608

VERDICTS_MAX = 16  # sequence numbers with verdicts that one receipt carries
STORED_MAX = 64  # object digests that one receipt lists
PULL_MAX = 16  # documents asked for in one frame
ASSIGNMENT_MAX = 1024  # work orders on one handheld: with the longest ids they still fit a frame
DOCUMENT_MAX_BYTES = 98304  # one work order, catalogue or roster
RESTARTS_MAX = 16  # of a log: as many as one frame tells of
CATALOGUE_MAX = 16  # documents that one catalogue consists of
ROSTER_MAX = 256  # people who may log in on one handheld

STATEMENT_MAX_BYTES = 131072  # any signed statement of a gateway
RECORD_MAX_BYTES = 4194304
BUNDLE_MAX_BYTES = 268435456

RETRY_AFTER_MAX_S = 300
