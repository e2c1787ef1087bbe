# shellcheck shell=bash
# What the scripts say, and how: one line per step, colours only for a person at a terminal.

if [[ -t 1 && -z "${CI:-}" && -z "${NO_COLOR:-}" && "${TERM:-dumb}" != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
    export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-always}" # its output goes through a pipe here
else
    bold='' dim='' red='' green='' yellow='' plain=''
    export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never NO_COLOR=1
fi

# The heading of a step that takes a while.
say_step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }

# A detail below a step.
say() { printf '    %s\n' "$*"; }

warn() { printf '%swarning: %s%s\n' "$yellow" "$*" "$plain" >&2; }

fail() { printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2; }

die() {
    fail "$@"
    exit 1
}

# For a wrong call of a script: exit code 2, as is usual.
die_usage() {
    fail "$@"
    printf 'See %s --help\n' "$0" >&2
    exit 2
}
