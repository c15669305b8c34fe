"""How Sphinx makes the site. `build.py` gathers the pages and starts it.

The pages are Markdown (MyST), those of the course are notebooks that run while the site is made.
The site asks nothing of a network: furo brings its own files, and mathematics is MathML.
"""

from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

project = "lstm-checks"
html_title = "lstm-checks"
extensions = ["myst_nb"]
root_doc = "index"
exclude_patterns = ["site", "**.py"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nitpicky = True
smartquotes = False  # h' is a name

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_merge_streams = True

html_theme = "furo"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def inline_math(translator, node: nodes.math) -> None:
    """An equation in a line of text."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block_math(translator, node: nodes.math_block) -> None:
    """An equation in a line of its own."""
    translator.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app) -> None:
    """Sphinx's own mathematics needs a script from the network or LaTeX; docutils' needs none."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
