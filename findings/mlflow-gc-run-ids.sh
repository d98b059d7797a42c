#!/usr/bin/env bash
# MLflow 3.17.2, SQLite. `mlflow gc --run-ids RUN` is documented to delete "specific runs by ID". It also permanently deletes every
# experiment in the lifecycle stage `deleted`, whoever deleted it and when, with all its runs, so that none can be restored.
# Seen: an experiment that was deleted and could be restored; after the command named one run of another experiment:
#   No Experiment with id=2 exists
#   Run with id=... not found
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet mlflow==3.17.2
cat > look.py <<'PYTHON'
import subprocess
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

STORE = "sqlite:///mlflow.db"
mlflow.set_tracking_uri(STORE)
client = MlflowClient()
named = client.create_run(client.create_experiment("kept")).info.run_id
other = client.create_experiment("deleted by mistake")
beside = client.create_run(other).info.run_id
client.delete_run(named)
client.delete_experiment(other)
assert client.get_experiment(other).lifecycle_stage == "deleted"  # restore_experiment would bring it back
command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", STORE, "--run-ids", named]
subprocess.run(command, check=True)
gone = []
for look, what in ((client.get_experiment, other), (client.get_run, beside)):
    try:
        look(what)
    except MlflowException as error:
        print(error.message)
        gone.append(what)
print("mlflow", mlflow.__version__, "removed what was not named:", len(gone), "of 2")
sys.exit(gone != [other, beside])
PYTHON
venv/bin/python look.py
