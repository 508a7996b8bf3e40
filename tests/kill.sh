#!/usr/bin/env bash
# Kills a host under load N times (100 if not said) and checks after each restart that every acknowledged event is there, exactly
# once. `tests/kill.sh N SEED` chooses other moments.
set -euo pipefail
cd "$(dirname "$0")/.."
KAIROS_KILLS="${1:-100}" KAIROS_SEED="${2:-$RANDOM}" \
  exec cargo test --workspace --test robust -- --nocapture --exact kill::after_a_kill_every_acknowledged_event_is_there_exactly_once
