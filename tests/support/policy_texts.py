"""Policy files to begin from, and how to put them in a folder."""

from pathlib import Path

import pytest

from assize_server.policies.load import PolicyError, load_directory

HEAD = """\
apiVersion: assize.dev/v1
layer: org
name: default
owner: security@example.com
description: For tests.
limits:
  wall_seconds: 30
  cpu_seconds: 20
  memory_mb: 512
  pids: 64
  cpu_cores: 1
  output_mb: 1
  disk_mb: 64
  disk_inodes: 4096
  file_mb: 32
  open_files: 256
analysis:
  ruff:
    select: [E9, F, S]
    ignore: [S101]
    block: [E9, F82]
  mypy:
    strictness: standard
    block: true
  suppressions: ignore
assurance:
  least: split
  objects: refuse
engine:
  least_isolation: container
  allow: [runc, docker]
feedback:
  to_submitter: inputs
static:
  fail: [eval]
  hold: [deletion]
  warn: [net]
  approval: {groups: [owners, security], quorum: 1, ttl: 1h}
"""
RULES = """\
default: deny
rules:
  - id: ORG-1
    why: Ordinary files.
    match: {kind: [fs.create, fs.write, fs.rename], path: "workspace/**"}
    then: allow
    limits: {count: 10, bytes: 1000}
    approval: {group: owners, quorum: 1, ttl: 15m}
  - id: ORG-2
    why: Large files.
    match: {kind: [fs.write], over_bytes: 100}
    then: hold
    approval: {groups: [owners, security], quorum: 2, ttl: 8h}
  - id: ORG-3
    why: Logs of what people did.
    match: {kind: [db.any], table: main.audit}
    then: deny
tests:
  - {effect: {kind: fs.write, path: workspace/a, bytes: 100}, expect: allow, by: ORG-1}
  - {effect: {kind: fs.write, path: workspace/a, bytes: 101}, expect: hold, by: ORG-2}
  - {effect: {kind: db.insert, path: workspace/a.db, table: main.audit}, expect: deny, by: ORG-3}
  - {effect: {kind: fs.rename, path: workspace/a, source: b}, expect: deny, by: default}
"""
ORG = HEAD + RULES
KNOWN = frozenset({"eval", "deletion", "net", "sql", "delete-tree"})
"""Static rules that there are."""

TEAM = """\
apiVersion: assize.dev/v1
layer: team
name: payments
tightens: default
owner: payments@example.com
description: Tighter.
limits: {wall_seconds: 10}
analysis:
  ruff: {select: [B], block: [B]}
  mypy: {strictness: strict}
assurance: {least: external}
engine: {allow: [runc]}
feedback: {to_submitter: verdict}
static: {fail: [deletion], warn: [sql]}
default: allow
rules:
  - id: PAY-1
    why: Ledgers are read by others.
    match: {kind: [fs.any], path: "workspace/ledger/**"}
    then: hold
    approval: {group: security, quorum: 2, ttl: 5m}
tests:
  - {effect: {kind: fs.write, path: workspace/ledger/a}, expect: hold, by: PAY-1}
  - {effect: {kind: fs.write, path: workspace/ledgers}, expect: allow, by: default}
"""


def put(folder: Path, org: str = ORG, team: str = "") -> Path:
    """Write an org file, and a team's where there is one; return the folder."""
    (folder / "default.yaml").write_text(org, encoding="utf-8")
    if team:
        (folder / "teams").mkdir(exist_ok=True)
        (folder / "teams" / "payments.yaml").write_text(team, encoding="utf-8")
    return folder


def refusal(folder: Path) -> list[str]:
    """Return the lines of why a folder is refused, without the folder's own name."""
    with pytest.raises(PolicyError) as caught:
        load_directory(folder, KNOWN)
    return str(caught.value).replace(f"{folder}/", "").splitlines()
