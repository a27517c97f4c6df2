#!/usr/bin/env bash
# install-system-packages.sh LIST PURPOSE
#
# Installs the Debian packages of a list that are missing on this machine, and venv if Python lacks it. Without the
# rights to do so, it reports in one line what is missing and what needs it.
set -euo pipefail
list=$1 purpose=$2

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: for $purpose, install the packages in $list."
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
    echo "Missing for $purpose (python3-venv for everything): sudo apt-get install ${missing[*]}"
fi
