"""The package behind the book "Is the Dog Already There?".

Imports point one way: notebooks -> claims, plots -> readings -> yardstick -> networks, tasks.
"""

__version__ = "0.1.0"

#: Tells a notebook's setup cell that it found this package and no other module of the same name.
BOOK = "is-the-dog-already-there"
