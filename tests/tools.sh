#!/usr/bin/env bash
# Makes sure that programs are here: installs what brings those that are not, with the system's package manager, or with
# Python's into a folder of the tests' own. Fails, and says which, where one of them is missing after that.
#
#     tests/tools.sh PROGRAM…
set -euo pipefail

say() { printf 'tests/tools.sh: %s\n' "$*" >&2; }

# Where programs for administrators are, which the paths of others may lack.
administrators=${SONAE_ADMINISTRATORS-/usr/local/sbin:/usr/sbin:/sbin}

# Where programs go that Python's package index brings: a virtual environment, gone with its folder.
python=${SONAE_PYTHON-${XDG_CACHE_HOME:-${HOME:-}/.cache}/sonae-tests/python}

missing() {
    local program
    for program in "$@"; do
        PATH=$PATH:$administrators:$python/bin command -v "$program" >/dev/null 2>&1 || printf '%s\n' "$program"
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

# What brings a program of Python's package index: the version that the tests are written for, which no system's manager has.
of_python() {
    case $1 in
    moto_server) echo 'moto[server]==5.2.1' ;;
    aws) echo 'awscli==1.45.11' ;;
    *) return 1 ;;
    esac
}

# Whether Python can make a virtual environment: Debian's cannot without a package of its own.
makes_environments() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

# What brings each program, for one package manager, a package a line. A program without a line of its own is its package's name.
packages() {
    local manager=$1 program
    shift
    for program in "$@"; do
        case $manager:$program in
        apt:borg | dnf:borg | apk:borg | brew:borg) echo borgbackup ;;
        apt:cc) printf '%s\n' build-essential ca-certificates ;;
        dnf:cc | brew:cc) echo gcc ;;
        apk:cc) echo build-base ;;
        apt:ninja | dnf:ninja) echo ninja-build ;;
        apt:7z) echo p7zip-full ;;
        dnf:7z) printf '%s\n' p7zip p7zip-plugins ;;
        apk:7z) echo 7zip ;;
        brew:7z) echo p7zip ;;
        apt:bsdtar | apk:bsdtar) echo libarchive-tools ;;
        brew:bsdtar) echo libarchive ;;
        dnf:faketime | apk:faketime | brew:faketime) echo libfaketime ;;
        *:unshare | *:setpriv) echo util-linux ;;
        *:dot) echo graphviz ;;
        apt:mount) echo mount ;;
        *:mount) echo util-linux ;;
        brew:tar) echo gnu-tar ;;
        apt:sshd | dnf:sshd | apk:sshd) echo openssh-server ;;
        apt:ssh | apt:ssh-keygen) echo openssh-client ;;
        dnf:ssh) echo openssh-clients ;;
        dnf:ssh-keygen) echo openssh ;;
        apk:ssh) echo openssh-client-default ;;
        apk:ssh-keygen) echo openssh-keygen ;;
        *:svn | *:svnadmin | *:svnserve) echo subversion ;;
        apt:mariadbd | apt:mariadb-install-db) echo mariadb-server-core ;;
        apt:my_print_defaults) echo mariadb-client-core ;;
        dnf:mariadbd | dnf:mariadb-install-db | dnf:my_print_defaults) echo mariadb-server ;;
        apk:mariadbd | apk:mariadb-install-db | apk:my_print_defaults) echo mariadb ;;
        brew:mariadbd | brew:mariadb-install-db | brew:my_print_defaults) echo mariadb ;;
        brew:sshd | brew:ssh | brew:ssh-keygen) echo openssh ;;
        apt:moto_server | apt:aws) makes_environments || echo python3-venv ;;
        apk:moto_server | apk:aws | dnf:moto_server | dnf:aws | brew:moto_server | brew:aws) makes_environments || echo python3 ;;
        *) echo "$program" ;;
        esac
    done
}

# The package managers' words are for people who look on, and never part of what is measured or printed.
install() {
    local -a wanted
    # Python alone may bring all of them.
    mapfile -t wanted < <(packages brew "$@")
    [ "${#wanted[@]}" -gt 0 ] || return 0
    if command -v apt-get >/dev/null 2>&1; then
        mapfile -t wanted < <(packages apt "$@")
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${wanted[@]}"
    elif command -v dnf >/dev/null 2>&1; then
        mapfile -t wanted < <(packages dnf "$@")
        as_root dnf install -qy "${wanted[@]}"
    elif command -v apk >/dev/null 2>&1; then
        mapfile -t wanted < <(packages apk "$@")
        as_root apk add --quiet "${wanted[@]}"
    elif command -v brew >/dev/null 2>&1; then
        mapfile -t wanted < <(packages brew "$@")
        brew install --quiet "${wanted[@]}"
    else
        return 1
    fi
} >&2

# The programs of Python's package index.
install_python() {
    local program
    local -a wanted=()
    for program in "$@"; do
        if of_python "$program" >/dev/null; then wanted+=("$(of_python "$program")"); fi
    done
    [ "${#wanted[@]}" -gt 0 ] || return 0
    python3 -m venv "$python" && "$python/bin/pip" install --quiet "${wanted[@]}"
} >&2

mapfile -t absent < <(missing "$@")
[ "${#absent[@]}" -gt 0 ] || exit 0
say "installing what brings: ${absent[*]}"
install "${absent[@]}" || say "not all could be installed"
install_python "${absent[@]}" || say "not all could be installed"
mapfile -t absent < <(missing "$@")
if [ "${#absent[@]}" -gt 0 ]; then
    say "please install what brings these, then try again: ${absent[*]}"
    exit 1
fi
