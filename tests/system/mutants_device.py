"""Mistakes on the handheld: what is durable when, what a crash leaves, who may sign on."""

from tests.system.mutant import Mutant

DEVICE = "device/jobseal_device"
DURABLE = f"{DEVICE}/durable.py"
JOURNAL = f"{DEVICE}/journal.py"
FRAMES = f"{DEVICE}/journal_frames.py"
READER = f"{DEVICE}/journal_reader.py"
RECOVERY = f"{DEVICE}/journal_recovery.py"
CAPTURE = f"{DEVICE}/capture.py"
CRASHES = ("committed_lost", "second_event")


def _mutant(name: str, file: str, before: str, after: str, shown_by: str, *caught_by: str) -> Mutant:
    return Mutant(name, ((file, before, after),), shown_by, caught_by)


MUTANTS = (
    _mutant(
        "append_without_sync",
        DURABLE,
        "        files.fdatasync(fd)\n    except OSError as error:\n"
        '        raise StorageFailed(_unconfirmed("The entry", error)) from error\n',
        "        pass\n    except OSError as error:\n"
        '        raise StorageFailed(_unconfirmed("The entry", error)) from error\n',
        "storage.power_cuts",
        *CRASHES,
    ),
    _mutant(
        "failed_sync_retried",
        DURABLE,
        "        files.fdatasync(fd)\n    except OSError as error:\n"
        '        raise StorageFailed(_unconfirmed("The entry", error)) from error\n',
        "        files.fdatasync(fd)\n    except OSError:\n        files.fdatasync(fd)\n",
        "storage.disk_errors",
        *CRASHES,
    ),
    _mutant(
        "head_before_sync",
        JOURNAL,
        "            durable.append(self._files, self._fd, data, self._offset)\n"
        "            self._offset += len(data)\n"
        "            return self._publish(self.next_seq, frame)\n",
        "            self._offset += len(data)\n"
        "            position = self._publish(self.next_seq, frame)\n"
        "            durable.append(self._files, self._fd, data, self._offset - len(data))\n"
        "            return position\n",
        "storage.power_cuts",
        "committed_lost",
        "second_event",
        "honest_stopped",
    ),
    _mutant(
        "sync_reads_beyond_head",
        READER,
        "        return self._head.read()\n",
        "        head = self._head.read()\n"
        "        if head is not None:\n"
        "            data = self._bytes(head.segment, head.offset, None)\n"
        "            bounds = walk(data)\n"
        "            for start, end in zip(bounds, bounds[1:]):\n"
        "                digest = __import__('hashlib').sha256(bytes(data[start + 8 : end])).digest()\n"
        "                head = Position(head.seq + 1, digest, head.segment, head.offset + end - start)\n"
        "        return head\n",
        "storage.power_cuts",
        "second_event",
    ),
    _mutant(
        "doubt_forgotten",
        JOURNAL,
        "        except StorageFailed:\n            self._in_doubt = frame\n        return self._settled(frame)\n",
        "        except StorageFailed:\n            raise\n",
        "storage.disk_errors",
        *CRASHES,
    ),
    _mutant(
        "unconfirmed_not_copied",
        JOURNAL,
        "        if found.unconfirmed:\n            self._begin(found.first, found.unconfirmed)\n"
        "        elif segments:\n",
        "        if segments:\n",
        "storage.power_cuts",
        *CRASHES,
    ),
    _mutant(
        "rename_before_sync",
        DURABLE,
        "        files.fsync(fd)\n    finally:\n        files.close(fd)\n\n\ndef _cut",
        "        pass\n    finally:\n        files.close(fd)\n\n\ndef _cut",
        "storage.replaced",
        "replaced_lost",
        "replaced_torn",
    ),
    _mutant(
        "folder_not_synced",
        DURABLE,
        "        sync_folder(files, path.parent)\n    except OSError as error:\n"
        "        raise StorageFailed(_unconfirmed(path",
        "        pass\n    except OSError as error:\n        raise StorageFailed(_unconfirmed(path",
        "storage.replaced",
        "replaced_lost",
    ),
    _mutant(
        "checksum_unchecked",
        FRAMES,
        " or crc32(view[offset - length : offset]) != checksum:\n",
        ":\n",
        "storage.damage",
        "damage_believed",
    ),
    _mutant(
        "damage_cut_away",
        RECOVERY,
        "    if bounds == [0] or resume(data, bounds[-1]) is not None:\n",
        "    if bounds == [0]:\n",
        "storage.damage",
        "damage_repaired",
    ),
    _mutant(
        "shorter_than_head_ignored",
        RECOVERY,
        "    if len(data) < head.offset:\n",
        "    if False:\n",
        "storage.set_back",
        "set_back_undetected",
    ),
    _mutant(
        "head_hash_ignored",
        RECOVERY,
        "    if final.end == head.seq + 1 and sha256(final.event(data, head.seq)).digest() != head.hash:\n",
        "    if False:\n",
        "storage.set_back",
        "set_back_undetected",
    ),
    _mutant(
        "acknowledged_ignored",
        RECOVERY,
        "    if seq > last_seq:\n",
        "    if False:\n",
        "storage.set_back",
        "set_back_undetected",
    ),
    _mutant(
        "acknowledged_hash_ignored",
        RECOVERY,
        "    if found is not None and sha256(found).digest() != digest:\n",
        "    if False:\n",
        "storage.set_back",
        "set_back_undetected",
    ),
    _mutant(
        "writer_unlocked",
        JOURNAL,
        "        files.lock(fd)\n",
        "        pass\n",
        "storage.writers",
        "two_writers",
    ),
    _mutant(
        "boot_without_anchor",
        CAPTURE,
        "last is None or last.event.boot != now.boot or not",
        "last is None or not",
        "capturing.anchors",
        "anchor_missing",
    ),
    _mutant(
        "late_events_unclosed",
        "protocol/jobseal/lifecycle.py",
        "    return kind in CLOSING or (lane is not None and lane.closing)\n",
        "    return kind in CLOSING\n",
        "capturing.closes",
        "close_wrong",
    ),
    _mutant(
        "signs_after_set_back",
        CAPTURE,
        '        raise DeviceRolledBack("The gateway knows later',
        '        return\n        raise DeviceRolledBack("The gateway knows later',
        "capturing.stopped",
        "signed_after_set_back",
    ),
    Mutant(
        "object_after_its_event",
        (
            (CAPTURE, "        self._objects.keep(attachments)\n        try:\n", "        try:\n"),
            (
                CAPTURE,
                "        self._took(signed, named)\n        return signed\n",
                "        self._objects.keep(attachments)\n        self._took(signed, named)\n        return signed\n",
            ),
        ),
        "capturing.contents",
        ("object_lost",),
    ),
    _mutant(
        "wrong_pin_uncounted",
        f"{DEVICE}/attempts.py",
        "        wrong = self._tries(counts, subject).wrong + 1\n",
        "        wrong = self._tries(counts, subject).wrong\n",
        "people.tries",
        "never_locked",
    ),
    _mutant(
        "wrong_pins_counted_in_memory",
        f"{DEVICE}/attempts.py",
        "        durable.replace(self._files, self._home.attempts, sha",
        "        durable.show(self._files, self._home.attempts, sha",
        "people.tries",
        "never_locked",
    ),
    _mutant(
        "damaged_count_forgiven",
        f"{DEVICE}/attempts.py",
        "            return _Counts(LOCKED_AFTER - 1, {})\n",
        "            return _Counts(0, {})\n",
        "people.tries",
        "damage_forgives",
    ),
    _mutant(
        "count_without_checksum",
        f"{DEVICE}/attempts.py",
        '    return packed if sha256(packed).digest() == digest else b""\n',
        '    return packed if digest else b""\n',
        "people.tries",
        "damage_forgives",
    ),
)
