#!/usr/bin/env bash
# install-system-packages.sh LIST PURPOSE
#
# Installs what this machine lacks of a list of Debian packages, and venv where Python came without it; or says in one
# line what is missing, and what for.
set -euo pipefail
list=$1 purpose=$2

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: for $purpose install what $list lists."
    exit 0
fi

missing=()
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
while read -r package; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < <(grep -v '^#' "$list")

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
elif [ "$(id -u)" -eq 0 ] && { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } &>/dev/null; then
    echo "Installed ${missing[*]}"
else
    echo "Missing, for $purpose unless it is python3-venv: sudo apt-get install ${missing[*]}"
fi
