"""The package behind the book "Is the Dog Already There?".

Imports point one way: notebooks -> claims, plots -> readings -> yardstick -> networks, tasks.
"""

__version__ = "0.1.0"
