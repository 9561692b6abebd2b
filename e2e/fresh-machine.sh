#!/usr/bin/env bash
# Shows that Chartseal builds on a machine that has a Rust toolchain and
# build-essential and nothing more: builds it once, cold, in a mount namespace
# where libpq-dev, libssl-dev, libsqlite3-dev, pkg-config, cmake and clang are
# hidden, and looks at what the program is linked to.
#
#   e2e/fresh-machine.sh                hides, checks the hiding, builds
#   e2e/fresh-machine.sh --only-hiding  hides and checks the hiding
#
# Needs Linux with unshare, as root or where users may make user namespaces.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
commands=(pkg-config pkgconf pg_config cmake clang clang++ clang-cl llvm-config bindgen)
headers=(openssl/ssl.h libpq-fe.h sqlite3.h)
libraries=(pq ssl crypto sqlite3)

# A file goes behind an empty one that no one may run, a folder behind an empty one.
hide() {
    if [[ -d $1 ]]; then
        mount -t tmpfs -o size=4k,mode=755 none "$1"
    elif [[ -f $1 ]]; then
        mount --bind "$work/hidden" "$1"
    fi
}

hide_all() {
    install -m 000 /dev/null "$work/hidden"
    local name found
    for name in "${commands[@]}"; do
        while read -r found; do
            hide "$(readlink -f "$found")"
        done < <(type -aP "$name" "$(uname -m)-linux-gnu-$name" || true)
    done
    for found in /usr/include/{,*-linux-gnu/}openssl /usr/include/postgresql \
        /usr/include/sqlite3*.h /usr/lib/llvm-* /usr/{lib,share,local/lib}/{,*-linux-gnu/}pkgconfig; do
        hide "$found"
    done
    # lib*.so is a link to what other programs load, and stays: the header is
    # gone, and check_links looks at what came of it.
    for name in "${libraries[@]}"; do
        for found in /usr/lib/{,*-linux-gnu/}lib"$name".a; do hide "$found"; done
    done
    unset PKG_CONFIG PKG_CONFIG_PATH PKG_CONFIG_LIBDIR LIBCLANG_PATH CMAKE \
        OPENSSL_DIR OPENSSL_LIB_DIR OPENSSL_INCLUDE_DIR PQ_LIB_DIR SQLITE3_LIB_DIR
}

# What build scripts would do to find these.
check_hiding() {
    local name
    for name in "${commands[@]}"; do
        if "$name" --version >/dev/null 2>&1; then
            echo "fresh-machine: $name still runs" >&2
            exit 1
        fi
    done
    for name in "${headers[@]}"; do
        # Missing, or empty: then nothing comes out.
        if echo "#include <$name>" | cc -I/usr/include/postgresql -E -P -x c - 2>/dev/null |
            grep -q .; then
            echo "fresh-machine: $name is still found" >&2
            exit 1
        fi
    done
    echo 'int main(void) { return 0; }' | cc -x c - -o "$work/empty"
    "$work/empty"
    echo "fresh-machine: hidden: ${commands[*]}; ${headers[*]}; cc still works"
}

# Its own code: nothing of these may be loaded from the machine.
check_links() {
    if ldd "$1" | grep -E "lib(pq|ssl|crypto|sqlite3)\."; then
        echo "fresh-machine: $1 needs these libraries of the machine" >&2
        exit 1
    fi
}

if [[ ${1-} != --inside ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    as_root=()
    [[ $(id -u) == 0 ]] || as_root=(--user --map-root-user)
    # The mounts live and die with this one child.
    unshare "${as_root[@]}" --mount "${BASH_SOURCE[0]}" --inside "$work" "${1-}"
    exit
fi

work=$2
hide_all
check_hiding
[[ ${3-} != --only-hiding ]] || exit 0
cd "$root"
started=$SECONDS
cargo build --release --locked --bin chartseal --target-dir "$work/target"
check_links "$work/target/release/chartseal"
"$work/target/release/chartseal" --help >/dev/null
echo "fresh-machine: built in $(((SECONDS - started + 30) / 60)) min with nothing but Rust and cc"
