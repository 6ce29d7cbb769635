"""The command line: `denialml --help`.

Data goes to stdout, progress and remarks to stderr, and `--json` writes what a
program would read. Exit status: 0 done, 1 the command failed and says why (also where
options do not go together), 2 an option or argument is unknown, missing or no such
value, 3 done but some input could not be read completely.
"""


def main() -> None:
    """Run the command line; the entry point of the package."""
    from denialml.cli.app import run

    run()
