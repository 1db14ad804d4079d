"""`python -m cbops`."""

from cbops.cli.main import main

if __name__ == "__main__":
    main()
