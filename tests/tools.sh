#!/usr/bin/env bash
# Makes sure that programs are here: installs what brings those that are not, with the system's package manager. Fails, and
# says which, where one of them is missing after that.
#
#     tests/tools.sh PROGRAM…
set -euo pipefail

say() { printf 'tests/tools.sh: %s\n' "$*" >&2; }

missing() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || printf '%s\n' "$program"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        say "neither root nor sudo is here; as root, run: $*"
        return 1
    fi
}

# What brings each program, for one package manager. A program without a line of its own is its package's name.
packages() {
    local manager=$1 program
    shift
    for program in "$@"; do
        case $manager:$program in
        apt:cc) echo build-essential ca-certificates ;;
        dnf:cc) echo gcc ;;
        apk:cc) echo build-base ;;
        apt:7z) echo p7zip-full ;;
        dnf:7z) echo p7zip p7zip-plugins ;;
        apk:7z) echo 7zip ;;
        brew:7z) echo p7zip ;;
        apt:bsdtar | apk:bsdtar) echo libarchive-tools ;;
        brew:bsdtar) echo libarchive ;;
        dnf:faketime | apk:faketime | brew:faketime) echo libfaketime ;;
        *:unshare | *:setpriv) echo util-linux ;;
        apt:mount) echo mount ;;
        *:mount) echo util-linux ;;
        *) echo "$program" ;;
        esac
    done
}

# The package managers' words are for people who look on, and never part of what is measured or printed.
install() {
    if command -v apt-get >/dev/null 2>&1; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(packages apt "$@")
    elif command -v dnf >/dev/null 2>&1; then
        as_root dnf install -qy $(packages dnf "$@")
    elif command -v apk >/dev/null 2>&1; then
        as_root apk add --quiet $(packages apk "$@")
    elif command -v brew >/dev/null 2>&1; then
        brew install --quiet $(packages brew "$@")
    else
        return 1
    fi
} >&2

absent=$(missing "$@")
[ -n "$absent" ] || exit 0
say "installing what brings:" $absent
install $absent || say "not all could be installed"
absent=$(missing "$@")
if [ -n "$absent" ]; then
    say "please install what brings these, then try again:" $absent
    exit 1
fi
