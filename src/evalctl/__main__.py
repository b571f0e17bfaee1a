"""Run the command line as ``python -m evalctl``."""

from evalctl.cli.app import main

if __name__ == "__main__":
    main()
