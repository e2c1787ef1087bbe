# shellcheck shell=bash
# What the module is built from: licences, sources and versions by cargo-deny, known vulnerabilities by cargo-deny and
# cargo-audit. Needs console.sh, prerequisites.sh and test_results.sh.

# Where advisories come from. PM_ADVISORY_DB names a mirror, for machines that do not reach the database itself: any
# URL or directory that git can clone.
advisory_database=https://github.com/RustSec/advisory-db

# Licences, sources, banned and duplicate crates, by deny.toml. Needs no network but the registry.
check_dependencies() {
    cargo_deny --config "$root/deny.toml" check bans licenses sources && say 'licences, sources and versions are as deny.toml has them'
}

# Known vulnerabilities and withdrawn releases in both Cargo.lock.
check_advisories() {
    local source="${PM_ADVISORY_DB:-$advisory_database}" advisories="$work/advisories" lock
    # A directory, for git, or a URL.
    if [[ -d "$source" ]]; then source="$(realpath "$source")"; fi
    rm -rf "$advisories"
    if ! GIT_TERMINAL_PROMPT=0 timeout 120 git clone --quiet --depth 1 "$source" "$advisories/audit"; then
        warn "not checked: the advisory database cannot be reached ($source)"
        return "$not_checked"
    fi
    local failed=''
    for lock in Cargo.lock crates/anonymizer/fuzz/Cargo.lock; do
        say "cargo audit: $lock"
        "$cache/tools/checkers/cargo-audit/bin/cargo-audit" audit --db "$advisories/audit" --no-fetch --stale \
            --file "$root/$lock" --deny unsound --deny yanked || failed=yes
    done
    say 'cargo deny: advisories'
    # The same database, and a place for it that goes with this run.
    sed "s|^\\[advisories\\]|&\\ndb-path = \"$advisories/deny\"|" "$root/deny.toml" >"$advisories/deny.toml"
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.$advisories/audit.insteadOf" GIT_CONFIG_VALUE_0="$advisory_database" \
        cargo_deny --config "$advisories/deny.toml" check advisories || failed=yes
    [[ -z "$failed" ]]
}

cargo_deny() {
    "$cache/tools/checkers/cargo-deny/bin/cargo-deny" --log-level error --locked --manifest-path "$root/Cargo.toml" "$@"
}
