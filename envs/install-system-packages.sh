#!/usr/bin/env bash
# Installs what envs/system-packages.txt lists and this machine lacks, or says in one line what is missing.
set -euo pipefail
cd "$(dirname "$0")"

command -v dpkg-query >/dev/null || { echo "Not Debian: for the offscreen renderer install what envs/system-packages.txt lists."; exit 0; }

missing=()
while read -r package; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < <(grep -v '^#' system-packages.txt)

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
elif [ "$(id -u)" -eq 0 ] && { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1; then
    echo "Installed ${missing[*]}"
else
    echo "For the offscreen renderer (nothing else needs it): sudo apt-get install ${missing[*]}"
fi
