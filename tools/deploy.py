"""Deploy functions, rules, indexes and the dashboard to a Firebase project."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from tools.prerequisites import FIREBASE, ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="make deploy ARGS=…", description=__doc__)
    parser.add_argument("--project", help="Firebase project id (default: the one in .firebaserc)")
    parser.add_argument("--only", default="functions,firestore,hosting", help="what to deploy (%(default)s)")
    parser.add_argument("--may-deploy", action="store_true", help="only say whether the project can be deployed to")
    parser.add_argument("--dry-run", action="store_true", help="let firebase check everything and deploy nothing")
    parser.add_argument(
        "--force", action="store_true", help="without a terminal: answer yes to everything that firebase asks"
    )
    arguments = parser.parse_args()
    project = arguments.project or json.loads((ROOT / ".firebaserc").read_text())["projects"]["default"]
    if project.startswith("demo-"):
        print(
            f"deploy: {project} is the emulators' project and cannot be deployed to: create a project at "
            "console.firebase.google.com, then make deploy ARGS='--project YOUR-PROJECT-ID'",
            file=sys.stderr,
        )
        return 1
    if arguments.may_deploy:
        return 0
    command = [str(FIREBASE), "deploy", "--project", project, "--only", arguments.only]
    options = ["--dry-run"] * arguments.dry_run + ["--force"] * arguments.force
    return subprocess.run(command + options, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
