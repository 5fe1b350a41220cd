"""Writes the golden vectors, protocol/vectors/*.json: the same bytes on every run.

python -m tests.vectors.make
"""

from pathlib import Path

from tests.vectors import (
    bundles,
    chains,
    codec,
    entry,
    envelopes,
    events,
    forks,
    frames,
    jobs,
    proofs,
    records,
    rosters,
    statements,
    uplinks,
)

FOLDER = Path(__file__).parents[2] / "protocol" / "vectors"
MAKERS = (codec, envelopes, events, frames, statements, records, proofs, bundles, forks, chains, jobs, uplinks, rosters)


def texts() -> dict[str, str]:
    """File name and content of every vector file."""
    files = {}
    for module in MAKERS:
        for noun, (about, entries) in module.FILES.items():
            files[f"{noun}.json"] = entry.text(noun, about, entries())
    return files


def main() -> None:
    """Write what has changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in sorted(texts().items()):
        path = FOLDER / name
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
            print("wrote", path.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
