# shellcheck shell=bash
# Runs the steps of scripts/test one after the other, keeps what became of each, and shows a table.
# Needs console.sh, and $work, a temporary directory.

result_names=() result_states=() result_counts=() result_seconds=()
step_passed='' # yes after a step that passed

# What a command of run_step ends with where it could not look at what it checks, for a reason that lies elsewhere.
# It says so itself. That is neither passed nor failed.
not_checked=75

# add_result NAME STATE [COUNTS SECONDS]: anything but `passed` and `not checked` makes the whole run fail.
add_result() {
    result_names+=("$1")
    result_states+=("$2")
    result_counts+=("${3:-}")
    result_seconds+=("${4:-}")
}

# run_step NAME COMMAND…: never ends the script, whatever the command does. The command's variables
# are kept: it runs in this shell, with its output through a pipe.
run_step() {
    local name="$1" log="$work/log" started=$SECONDS state=passed status=0 output
    shift
    say_step "$name"
    step_passed=yes
    exec {output}> >(tee "$log")
    local writer=$!
    "$@" >&"$output" 2>&1 </dev/null {output}>&- || status=$?
    exec {output}>&-
    wait "$writer" 2>/dev/null || true
    if ((status == not_checked)); then
        step_passed='' state='not checked'
    elif ((status)); then
        step_passed='' state=FAILED
    fi
    add_result "$name" "$state" "$(count_tests "$log")" "$((SECONDS - started))"
}

# "passed failed ignored" over all test binaries of a log; nothing where it ran none.
count_tests() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result:/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) passed += $(i - 1)
                if ($i ~ /^failed/) failed += $(i - 1)
                if ($i ~ /^ignored/) ignored += $(i - 1)
            }
            seen = 1
        }
        # pytest: "2 failed, 148 passed, 1 skipped in 12.34s".
        /^(=+ )?[0-9]+ (passed|failed|error|skipped).* in [0-9.]+s/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) passed += $(i - 1)
                if ($i ~ /^(failed|error)/) failed += $(i - 1)
                if ($i ~ /^skipped/) ignored += $(i - 1)
            }
            seen = 1
        }
        # The unittest of Python, which says only what failed.
        /^Ran [0-9]+ test/ { ran = $2; seen = 1 }
        /^FAILED \(/ { while (match($0, /[0-9]+/)) { wrong += substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH) } }
        END { if (seen) print passed + ran - wrong, failed + wrong + 0, ignored + 0 }'
}

# The table; non-zero where a step failed or was not run.
show_results() {
    local index colour status=0 unchecked='' passed failed ignored
    say_step 'Results'
    printf '    %-24s %-14s %8s %8s %8s %8s\n' '' '' passed failed ignored seconds
    for index in "${!result_names[@]}"; do
        passed='' failed='' ignored=''
        read -r passed failed ignored <<<"${result_counts[$index]}" || true
        colour="$green"
        case "${result_states[$index]}" in
            passed) ;;
            'not checked')
                colour="$yellow"
                unchecked="${unchecked:+$unchecked, }${result_names[$index]}"
                ;;
            *)
                colour="$red"
                status=1
                ;;
        esac
        printf '    %-24s %s%-14s%s %8s %8s %8s %8s\n' "${result_names[$index]}" \
            "$colour" "${result_states[$index]}" "$plain" "$passed" "$failed" "$ignored" "${result_seconds[$index]}"
    done
    if ((status)); then
        printf '\n%sSomething failed: see above.%s\n' "$red" "$plain"
    elif [[ -n "$unchecked" ]]; then
        printf '\n%sAll passed that could be checked. Not checked: %s; the reason is above.%s\n' "$yellow" "$unchecked" "$plain"
    else
        printf '\n%sAll passed.%s\n' "$green" "$plain"
    fi
    return "$status"
}
