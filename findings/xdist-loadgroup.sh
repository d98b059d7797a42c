#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 9.2.0, Linux: `--dist loadgroup` no longer keeps the tests of one xdist_group in one worker, and says
# nothing. xdist appends the group to an item's private `_nodeid`, which pytest 9.2 does not read any more; so each test is a group of its own, and
# a fixture of the session (a server, a database) is made in every worker. With pytest 9.1.0 the group holds. `--dist loadfile` is not affected.
# Seen: pytest 9.1.0: 1 worker / pytest 9.2.0: 2 workers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > test_group.py <<'PYTHON'
import os
import time

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(12))
def test_in_a_group(number):
    time.sleep(0.1)
    with open("workers", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
PYTHON
"${PYTHON:-python3.11}" -m venv venv
said=()
for version in 9.1.0 9.2.0; do
    venv/bin/pip install --quiet "pytest==$version" "pytest-xdist==3.8.0"
    rm -f workers
    venv/bin/python -m pytest -q -p no:cacheprovider -n 2 --dist loadgroup test_group.py >/dev/null
    said+=("pytest $version: $(sort -u workers | wc -l) worker(s)")
done
printf '%s\n' "${said[@]}"
[[ ${said[*]} == "pytest 9.1.0: 1 worker(s) pytest 9.2.0: 2 worker(s)" ]]
