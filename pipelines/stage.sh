#!/bin/sh
# Runs one stage for DVC: sh pipelines/stage.sh NAME. It runs in the Python that DVC runs in, so that
# `.venv/bin/dvc repro` needs no activated environment; where that has no zoo (DVC installed apart,
# by pipx for example) in the first of the path that has.

has_zoo() {
    [ -n "$1" ] && "$1" -c 'import zoo' 2>/dev/null
}

program_of() {
    if [ -r "/proc/$1/cmdline" ]; then
        tr '\000' '\n' <"/proc/$1/cmdline" | head -n 1
    else
        ps -o args= -p "$1" | cut -d ' ' -f 1
    fi
}

run() {
    exec "$1" "pipelines/$stage.py"
}

stage=$1
process=$PPID
while [ "${process:-0}" -gt 1 ]; do # DVC, or the shell that it starts
    program=$(program_of "$process")
    case ${program##*/} in
        python*)
            has_zoo "$program" && run "$program"
            break
            ;;
    esac
    process=$(ps -o ppid= -p "$process" | tr -d ' ')
done
for program in python python3; do
    has_zoo "$program" && run "$program"
done
echo "error: Neither the Python that DVC runs in nor the first on the path has faceswap-zoo; install" \
    "it there (pip install 'faceswap-zoo[train]') or run DVC from where it is, as in" \
    "\`.venv/bin/dvc repro\`." >&2
exit 2
