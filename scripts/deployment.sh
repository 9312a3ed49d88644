# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the scripts that read this one.
# What deploy and destroy have in common. Both set `root` and call `begin` first.

services="customers orders"
dry_run=no
approval=()

fail() {
    echo "$program: $1" >&2
    exit 1
}

# Reads the arguments, and ends with the list of everything that is missing.
begin() {
    program="$1"
    shift
    live="$root/terraform/live"
    variables="$live/live.tfvars"
    local named=no
    while [ $# -gt 0 ]; do
        case "$1" in
        --dry-run) dry_run=yes ;;
        --auto-approve) approval=(-auto-approve) ;;
        -*) fail "$1 is unknown; the arguments are --dry-run, --auto-approve and a file of variables" ;;
        *)
            [ "$named" = no ] || fail "one file of variables is enough"
            named=yes
            variables="$(realpath --canonicalize-missing -- "$1")"
            ;;
        esac
        shift
    done
    zip="${CARGO_TARGET_DIR:-$root/target}/outbox-relay.zip"
    given=(-input=false "-var-file=$variables" "-var=relay_zip=$zip")
    [ "$dry_run" = yes ] || check
}

# Everything that is missing at once: nobody wants to find out one by one, half-way through.
check() {
    local missing=()
    for tool in terraform aws; do
        command -v "$tool" >/dev/null || missing+=("$tool is not installed")
    done
    if [ "$program" = deploy ]; then
        for tool in cargo python3 curl; do
            command -v "$tool" >/dev/null || missing+=("$tool is not installed")
        done
        if ! command -v docker >/dev/null; then
            missing+=("docker is not installed")
        elif ! docker info >/dev/null 2>&1; then
            missing+=("docker is installed, and its engine does not answer")
        fi
    fi
    if command -v aws >/dev/null && ! aws sts get-caller-identity >/dev/null 2>&1; then
        missing+=("there are no AWS credentials, or they are not valid any more; try: aws sts get-caller-identity")
    fi
    if [ -n "$(variable certificate_arn "")" ] && [ -z "$(variable domain_name "")" ]; then
        missing+=("$variables has certificate_arn and no domain_name, by which the smoke test could call the system")
    fi
    [ -r "$variables" ] || missing+=("$variables cannot be read; terraform/README.md shows what belongs in it")
    [ ${#missing[@]} -eq 0 ] || fail "nothing was done, because:$(printf '\n  - %s' "${missing[@]}")"
}

# Does one step of the work, or with --dry-run says what it would be.
step() {
    local what="$1"
    shift
    if [ "$dry_run" = yes ]; then
        printf '%s\n    %s\n' "$what" "$(explained "$@")"
    else
        printf '\n== %s\n' "$what"
        "$@"
    fi
}

# The commands behind a step that is a function of ours.
explained() {
    case "$1" in
    terraform_apply) shift && echo "terraform -chdir=$live apply ${given[*]} ${approval[*]} $*" ;;
    terraform_destroy) echo "terraform -chdir=$live destroy ${given[*]} -var deletion_protection=false ${approval[*]}" ;;
    log_in) echo "aws ecr get-login-password --region $2 | docker login --username AWS --password-stdin $3" ;;
    write_images) echo "write the digests of the images to $images" ;;
    *) echo "$*" ;;
    esac
}

terraform_apply() {
    terraform -chdir="$live" apply "${given[@]}" "${approval[@]}" "$@"
}

terraform_destroy() {
    terraform -chdir="$live" destroy "${given[@]}" -var deletion_protection=false "${approval[@]}"
}

# The value of a simple variable in the file of variables, or else its default.
variable() {
    local value
    value="$(sed -n "s/^ *$1 *= *\"\([^\"]*\)\".*/\1/p" "$variables" 2>/dev/null | tail -1)"
    echo "${value:-$2}"
}

# An output of the deployment, or one field of it; with --dry-run a word in its place.
output() {
    if [ "$dry_run" = yes ]; then
        echo "$3"
    else
        terraform -chdir="$live" output -json "$1" | python3 -c 'import json, sys
value = json.load(sys.stdin)
print(value[sys.argv[1]] if sys.argv[1] else value)' "$2"
    fi
}

# Without tracing: the password never appears in an argument.
log_in() {
    aws ecr get-login-password --region "$1" | docker login --username AWS --password-stdin "$2"
}

# The pushed image by its digest.
digest() {
    if [ "$dry_run" = yes ]; then
        echo "$2@sha256:DIGEST"
    else
        docker image inspect --format '{{join .RepoDigests "\n"}}' "$1" | grep --fixed-strings "$2@sha256:"
    fi
}
