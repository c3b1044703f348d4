"""`python -m metric_pipelines`: the command line, where its script is not on the PATH."""

from metric_pipelines.cli.app import command

if __name__ == "__main__":
    command()
