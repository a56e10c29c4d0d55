#!/usr/bin/env bash
# Runs scripts/download_cifar10 on a small archive that is already in the folder, so that it needs no network.
# usage: download_cifar10.sh
set -euo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/download_cifar10
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home
mkdir "$HOME"
cd "$work"

fail() {
  echo "download_cifar10: $1" >&2
  exit 1
}

mkdir cifar-10-batches-bin
for batch in data_batch_{1..5} test_batch; do head -c 6146 /dev/zero >"cifar-10-batches-bin/$batch.bin"; done
printf 'name\n' >cifar-10-batches-bin/batches.meta.txt
mkdir data
tar -czf data/cifar-10-binary.tar.gz cifar-10-batches-bin
rm -r cifar-10-batches-bin
CIFAR10_MD5=$(md5sum <data/cifar-10-binary.tar.gz | cut -d' ' -f1)
# Whatever tries to download fails.
export CIFAR10_MD5 CIFAR10_URL=file:///nowhere/at/all
expected=$work/data/cifar-10-batches-bin

# The command line.
"$script" --help | grep -q '^usage: scripts/download_cifar10' || fail "--help does not print the usage"
for arguments in --bogus -x "a b" "''"; do
  code=0
  eval "\"$script\" $arguments" >out 2>err || code=$?
  [[ $code == 2 && $(wc -l <err) == 1 && ! -s out ]] || fail "$arguments: exit code $code, $(cat err)"
done
rm out err
[[ $(ls) == $'data\nhome' && -z $(ls -A home) ]] || fail "an invalid command line created files"

# Four at once.
for i in 1 2 3 4; do
  "$script" data >"printed.$i" &
  pids[i]=$!
done
for i in 1 2 3 4; do
  wait "${pids[i]}" || fail "one of four at once failed"
  [[ $(cat "printed.$i") == "data/cifar-10-batches-bin" ]] || fail "one of four printed $(cat "printed.$i")"
done

# Batches that are cut or missing are replaced.
for size in 10 3073 0; do
  truncate --size="$size" "$expected/data_batch_3.bin"
  "$script" "$work/data" >/dev/null
  [[ $(stat --format=%s "$expected/data_batch_3.bin") == 6146 ]] || fail "a batch of $size bytes counts as complete"
done
rm "$expected/test_batch.bin"
[[ $("$script" "$work/data") == "$expected" && -s $expected/test_batch.bin ]] || fail "a missing batch is not replaced"
[[ -z $(find data -name 'unpacking.*') ]] || fail "files are left behind"
