#!/usr/bin/env bash
# What a market's new policy costs the others: the latency of `gb` with and without a swap of `fr` every second, in turn.
# Usage: tests/swap.sh [ROUNDS], after `cargo build --release --workspace --bins` and `cargo xtask policies`.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-4}
at=127.0.0.1:8097
work=$(mktemp -d -p target)
trap 'kill "$host" 2>/dev/null; wait "$host" 2>/dev/null || true; rm -rf "$work"' EXIT
cp -r target/policies "$work/policies"
target/release/kairos serve --charter examples/retail/charter --policies "$work/policies" --data "$work/data" \
  --listen "$at" --open --clock events --cores 1 --durability process >"$work/log" 2>&1 &
host=$!
until curl -sf "http://$at/readyz" >/dev/null; do kill -0 "$host"; done
load() { target/release/kairos-bench load --to "$at" --connections 16 --seconds 4; }
load >/dev/null

# Two builds of one policy that differ by a byte: a custom section that says which.
for build in 0 1; do
  { cat target/policies/fr.wasm; printf '\0\003\001x%s' "$build"; } >"$work/fr.$build"
done
for round in $(seq "$rounds"); do
  printf 'quiet:    '; load
  ( for swap in 1 2 3 4; do
      cp "$work/fr.$((swap % 2))" "$work/next" && mv "$work/next" "$work/policies/fr.wasm"; sleep 1
    done ) &
  printf 'swapping: '; load
  wait $!
done
printf 'swaps: '; grep -c 'a policy is active market="fr"' "$work/log"
