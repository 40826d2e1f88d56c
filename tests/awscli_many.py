"""The AWS CLI, loaded once for many commands: reads the words of one a line, a JSON array, and answers each with a line [status, what it
printed, what it complained of]. To load it takes longer than a command does."""
import contextlib
import io
import json
import sys

import awscli.clidriver


def main():
    driver = awscli.clidriver.create_clidriver()
    for line in sys.stdin:
        out, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
            status = driver.main(json.loads(line))
        print(json.dumps([status, out.getvalue(), complaints.getvalue()]), flush=True)


if __name__ == "__main__":
    main()
