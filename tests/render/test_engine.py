from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError
from jinja2.sandbox import SecurityError

import cbops.render
from cbops.render.engine import environment
from cbops.render.locate import template_source, templates
from cbops.render.markdown import Markdown


def put(template, **values):
    return environment().from_string(template).render(**values)


def test_a_template_escapes_whatever_is_not_markdown_already():
    assert put("{{ a }} {{ b }} {{ c }}", a="*", b=Markdown("*"), c=3) == "\\* * 3"


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(UndefinedError, match="missing"):
        put("{{ missing }}")


@pytest.mark.parametrize("value", [None, True, 1.5, ["x"]])
def test_what_is_neither_text_nor_a_whole_number_is_an_error(value):
    with pytest.raises(TypeError):
        put("{{ value }}", value=value)


def test_a_template_cannot_reach_into_python():
    with pytest.raises(SecurityError):
        put("{{ value.__class__.__mro__ }}", value="x")


def test_an_unknown_template_is_an_error():
    assert template_source("nowhere.md.j2") is None
    with pytest.raises(TemplateNotFound):
        environment().get_template("nowhere.md.j2")


def test_a_checkout_has_its_templates_beside_the_package():
    checkout = Path(cbops.__file__).parents[1]
    assert templates(checkout / "cbops", checkout) == checkout / "templates"


def test_an_installed_package_has_its_templates_inside(tmp_path):
    inside = tmp_path / "cbops" / "_templates"
    inside.mkdir(parents=True)
    assert templates(tmp_path / "cbops", tmp_path) == inside


def test_the_figures_for_the_terminal_cost_no_template_engine():
    code = "import sys; import cbops.render.text; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
