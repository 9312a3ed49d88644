# Whether the exercises are as they should be: red at the start, for the reason that each names and in one sentence; green with the solution;
# red with solutions that are wrong. `scripts/exercise check-all` reads this, and has the functions that it calls.
# shellcheck shell=bash

# A copy of this workspace in folder $1, with the exercises as members of it: with the features of the whole workspace, what they depend on
# is compiled already.
copy_with_exercises() {
    local folder=$1 from number wrong name
    mkdir -p "$folder"
    tar --exclude=target --exclude=node_modules -cf - Cargo.toml Cargo.lock rust-toolchain.toml chapters examples final tests book/preprocessor |
        tar -C "$folder" -xf -
    sed -i 's#^members = \[#members = ["exercises/0*",#' "$folder/Cargo.toml"
    for from in "$kept"/*/; do
        number=$(basename "$from" | cut -c1-2)
        start "$number" "$folder/exercises" "$number"
        for wrong in "$from"wrong-*.patch; do
            [ -e "$wrong" ] || continue
            name=$number-$(basename "$wrong" .patch)
            start "$number" "$folder/exercises" "$name"
            apply "$wrong" "$folder/exercises/$name"
        done
    done
    rm "$folder"/exercises/*/src/main.rs # it would be linked each time, and no test needs it
}

# Compiles the tests of all exercises in the copy $1, and notes which program is whose: "01 /path".
compile_all() {
    cargo test --quiet --manifest-path "$1/Cargo.toml" --workspace --all-features --test exercise --no-run --message-format=json |
        sed -nE 's/.*"manifest_path":"[^"]*exercises\/(0[0-9][^/]*)\/Cargo.toml".*"executable":"([^"]+)".*/\1 \2/p' >"$1/programs"
}

# Runs the test of exercise $2 as it was compiled last.
run_compiled() {
    local program
    program=$(sed -n "s/^$2 //p" "$1/programs")
    (cd "$1/exercises/$2" && "$program" 2>&1)
}

# Red for the reason that the exercise names, which `check` tells in a sentence.
is_red() {
    local number=$1 from=$2 all=$3 output told
    if output=$(run_compiled "$all" "$number"); then
        echo "exercise $number: the start is green"
        return 1
    fi
    while read -r reason; do
        if ! grep -qF -- "$reason" <<<"$output"; then
            printf 'exercise %s: the start is red, but not because: %s\n%s\n' "$number" "$reason" "$output"
            return 1
        fi
    done <"$from/red.txt"
    told=$(sentence <(echo "$output"))
    if ! grep -qF -f "$from/red.txt" <<<"$told" || [ "${#told}" -gt 160 ]; then
        printf 'exercise %s: no sentence says why the start is red: %s\n' "$number" "$told"
        return 1
    fi
    echo "exercise $number: $told"
}

# Hints in steps, and a sentence for the end.
is_helped() {
    local number=$1 from=$2 found
    found=$(hints "$number" | wc -l)
    if [ "$found" -lt 2 ] || [ -z "$(what_holds "$from")" ]; then
        echo "exercise $number: its page has $found hints, at least 2 are wanted; its tests say: $(what_holds "$from")"
        return 1
    fi
}

# A solution that looks right and is not must be seen by the test.
wrong_ones_are_red() {
    local all=$1 folder name
    for folder in "$all"/exercises/0*-wrong-*; do
        name=$(basename "$folder")
        if run_compiled "$all" "$name" >/dev/null; then
            echo "exercise ${name/-wrong-/: a wrong solution is green: }"
            return 1
        fi
        echo "exercise ${name/-wrong-/: red with a wrong solution: }"
    done
}

check_all() {
    local all wrong=0 from number output lines
    export CARGO_TERM_COLOR=never
    # Programs in target/ are not replaced by those of the exercises.
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
    all=$CARGO_TARGET_DIR/exercises
    rm -rf "$all"
    copy_with_exercises "$all"
    compile_all "$all"
    for from in "$kept"/*/; do
        number=$(basename "$from" | cut -c1-2)
        is_red "$number" "$from" "$all" || wrong=1
        is_helped "$number" "$from" || wrong=1
        lines=$(grep -c '^+[^+]' "$from/solution.patch")
        if [ "$lines" -gt 30 ]; then
            echo "exercise $number: its solution adds $lines lines, more than 30"
            wrong=1
        fi
        apply "$from/solution.patch" "$all/exercises/$number"
    done
    wrong_ones_are_red "$all" || wrong=1
    compile_all "$all"
    for from in "$kept"/*/; do
        number=$(basename "$from" | cut -c1-2)
        if output=$(run_compiled "$all" "$number"); then
            echo "exercise $number: red at the start, green with its solution"
        else
            printf 'exercise %s: the solution is red\n%s\n' "$number" "$output"
            wrong=1
        fi
    done
    return $wrong
}

