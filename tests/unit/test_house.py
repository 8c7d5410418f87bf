"""The house: how large the package is, apart from claims, explorers and coursework."""

import ast
import io
import tokenize
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "helpers"
APART = ("claims", "explorers", "coursework")
SPACE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def lines_of_code(text: str) -> int:
    """Lines that hold code: no blank line, no comment, no docstring."""
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            words = node.body[0]
            documented |= set(range(words.lineno, words.end_lineno + 1))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = [range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in SPACE]
    return len({line for lines in code for line in lines} - documented)


def test_lines_of_code_are_counted_without_words():
    text = (
        '''"""Words."""\n\n# why\ndef f(\n    x,\n):\n    """More\n    words."""\n    return x\n'''
    )
    assert lines_of_code(text) == 4


def test_the_package_stays_small_enough_to_be_read():
    """5,000 lines of code; a reading is one function and one row, not a framework."""
    files = [path for path in SOURCE.rglob("*.py") if not set(path.parts) & set(APART)]
    assert len(files) > 40
    assert sum(lines_of_code(path.read_text()) for path in files) <= 5000
