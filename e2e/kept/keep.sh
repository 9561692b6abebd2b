#!/usr/bin/env bash
# Keeps a small data directory of the present version: VERSION/data, a stopped demo
# with one sample patient in each facility, and a proof of the first patient.
# Usage: e2e/kept/keep.sh PROGRAM VERSION
set -euo pipefail
program=$(realpath "$1")
kept="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$2"
if [ -e "$kept" ]; then
  echo "keep.sh: $kept exists; what was released is never changed" >&2
  exit 1
fi
mkdir -p "$kept"
cd "$kept"
"$program" demo --data data --listen 127.0.0.1:0 --patients 1 > printed 2>&1 &
demo=$!
trap 'kill "$demo" 2> /dev/null || true' EXIT
for _ in $(seq 60); do
  [ -s data/demo.json ] && break
  sleep 1
done
member() { python3 -c "import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])" "$@"; }
base=$(member data/demo.json fhirBase)
patient=$(member data/samples.json patient)
token=$(python3 -c "import json; print(json.load(open('data/demo.json'))['tokens']['system'])")
CHARTSEAL_TOKEN=$token "$program" proof "$base/Patient/$patient/_history/1" \
  --wait 30 --out proof.json --resource resource.json
sleep 1
cp data/trust.json trust.json
kill "$demo"
wait "$demo"
trap - EXIT
rm -f printed data/demo.json data/trust.json data/ports.json data/chartseal.log data/*.lock
