from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from cbops.errors import InputError
from cbops.render import bounds, own
from cbops.render.engine import LOG, environment, execution_log, render
from cbops.render.locate import template_names
from cbops.render.log_builder import execution_log_view
from cbops.render.variables import VIEWS, templates_found

DAY = "execution_log/day.md.j2"
VIEW = execution_log_view(None, observations={}, classified={})


def write(folder: Path, text: str, name: str = LOG) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    """Why the log can't be made with this template."""
    path = write(folder, text)
    with pytest.raises(InputError) as caught:
        execution_log(VIEW, folder)
    assert str(path) in caught.value.message
    assert "report templates" in caught.value.hint
    return caught.value.message.removeprefix(f"the template {path}, ")


def test_a_template_of_ones_own_stands_in_for_the_shipped_one_of_its_name(tmp_path):
    write(tmp_path, "# Ours\n{{ log.status }}\n")
    assert execution_log(VIEW, tmp_path) == f"# Ours\n{VIEW.status}\n"


def test_a_part_can_be_overridden_and_the_rest_stays_as_shipped(cases, tmp_path):
    case = cases.make("monitoring")
    shipped = case.render()
    write(tmp_path, "DAY {{ day.title }}\n", DAY)
    view = execution_log_view(case.state, observations=case.observations, classified=case.classified)
    ours = execution_log(view, tmp_path)
    assert "DAY 1 (2025-01-27)\n" in ours
    assert "#### Day" in shipped
    assert "#### Day" not in ours
    assert ours.startswith(shipped.split("#### Day")[0].rstrip("\n"))


def test_an_empty_folder_changes_nothing(tmp_path):
    assert execution_log(VIEW, tmp_path) == execution_log(VIEW)


def test_a_template_that_is_changed_is_read_again(tmp_path):
    assert "Execution Log" in execution_log(VIEW, tmp_path)
    path = write(tmp_path, "one")
    assert execution_log(VIEW, tmp_path) == "one"
    write(tmp_path, "other")
    assert execution_log(VIEW, tmp_path) == "other"
    path.unlink()
    assert "Execution Log" in execution_log(VIEW, tmp_path)


def test_what_comes_from_outside_is_escaped_in_ones_own_template_too(tmp_path):
    write(tmp_path, "{{ log }}|{{ rows[0]|upper }}|{{ rows|join(' * ') }}")
    assert render(LOG, tmp_path, log="*a*", rows=["<b>", "*c*"]) == "\\*a\\*|&lt;B>|&lt;b> \\* \\*c\\*"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n{{ log.statuss }}", "line 2: 'cbops.render.log_view.ExecutionLogView object' has no attribute"),
        ("a\nb\n{{ lgo.status }}", "line 3: 'lgo' is undefined"),
        ("\n{% for x in log.days %}", "line 2: Unexpected end of template"),
        ("\n{% fro x in log.days %}", "line 2: Encountered unknown tag 'fro'"),
        ("{{ log.status", "line 1: "),
        ("\n\n{{ log.status|uper }}", "line 3: No filter named 'uper'"),
        ("\n{% if log is lovely %}{% endif %}", "line 2: No test named 'lovely'"),
        ("\n{{ log.days }}", "line 2: a template can't put out a tuple"),
        ("\n{{ none }}", "line 2: a template can't put out nothing"),
        ("\n{{ log.missing|join }}", "line 2: "),
        ("\n{{ 1 // 0 }}", "line 2: "),
        ("\n{% include 'nowhere.md.j2' %}", "line 2: there is no template 'nowhere.md.j2'"),
        ("{{ " + "9" * 5000 + " }}", "line 1: "),
        (
            "{% if 1 %}" * 30 + "{% for x in log.days %}" * 25 + "{% endfor %}" * 25 + "{% endif %}" * 30,
            "line 1: ",
        ),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "line 1: "),
    ],
)
def test_what_is_wrong_is_told_with_the_template_and_the_line(tmp_path, text, told):
    assert refused(tmp_path, text).startswith(told)


def test_an_error_in_an_included_part_names_the_part(tmp_path):
    path = write(tmp_path, "fine\n{{ nothing }}", "part.md.j2")
    write(tmp_path, "\n\n\n{% include 'part.md.j2' %}")
    with pytest.raises(InputError, match="line 2: 'nothing' is undefined") as caught:
        execution_log(VIEW, tmp_path)
    assert str(path) in caught.value.message


# Ways out of a template that are known of Jinja, Python's templates, and of this language's own words.
ESCAPES = [
    "{{ log.__class__ }}",
    "{{ log.__class__.__mro__[1].__subclasses__() }}",
    "{{ log['__class__'] }}",
    "{{ ''.__class__.__base__.__subclasses__() }}",
    "{{ log|attr('__class__') }}",
    "{{ log|map(attribute='__class__')|list }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ range.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ url_for.__globals__ }}",
    "{{ config }}",
    "{{ get_flashed_messages() }}",
    "{{ '{0.__class__}'.format(log) }}",
    "{{ '{a.__class__}'.format_map({'a': log}) }}",
    "{{ '%s'|format(log.__class__) }}",
    "{% set x = ''.format %}{{ x('a') }}",
    "{{ log.status.encode('rot13') }}",
    "{{ log.status.upper() }}",
    "{{ log.status.join }}",
    "{{ log.checklist.clear() }}",
    "{{ log.checklist.pop('x') }}",
    "{{ log.checklist.items.__self__ }}",
    "{{ log.checklist.get('__class__') }}",
    "{{ ().__class__ }}",
    "{{ (1).__class__ }}",
    "{{ (log.days|reverse).append(1) }}",
    "{% for x in range(1) %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in range(1) %}{{ loop._iterator.gi_frame }}{% endfor %}",
    "{% for x in range(1) %}{{ loop.cycle.__globals__ }}{% endfor %}",
    "{% for x in range(1) %}{{ loop.changed.__func__ }}{% endfor %}",
    "{% for x in range(1) recursive %}{{ loop(log.days) }}{% endfor %}",
    "{% macro m() %}{{ caller }}{% endmacro %}{{ m.__globals__ }}",
    "{% call x() %}{% endcall %}",
    "{% import 'execution_log.md.j2' as x %}{{ x.__loader__ }}",
    "{% from 'execution_log.md.j2' import environment %}{{ environment }}",
    "{% extends 'ticket.md.j2' %}",
    "{% block a %}{% endblock %}",
    "{% autoescape false %}{{ log }}{% endautoescape %}",
    "{% filter upper %}x{% endfilter %}",
    "{% do log.days %}",
    "{% include log.status %}",
    "{% include ('a', 'b') %}",
    "{% include '/etc/passwd' %}",
    "{% include '../secret' %}",
    "{% include 'execution_log/../../secret' %}",
    "{% include '..\\\\secret' %}",
    "{% include '.hidden' %}",
    "{% include 'file:secret' %}",
    "{% set log.status = 1 %}",
    "{{ environment }}",
    "{{ context }}",
    "{{ log.checklist|tojson }}",
    "{{ log.status|safe }}",
    "{{ log|pprint }}",
    "{{ range }}",
    "{{ 'begin of a template' is filter }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_known_way_leads_out_of_a_template(tmp_path, text):
    folder = tmp_path / "templates"
    (tmp_path / "secret").write_text("SECRET")
    write(folder, text)
    with pytest.raises(InputError) as caught:
        execution_log(VIEW, folder)
    assert "SECRET" not in caught.value.message
    assert "line " in caught.value.message or "is not one of a file" in caught.value.message


BOMBS = {
    "a range": "{{ range(99999999999)|length }}",
    "a range beyond a word": "{% for x in range(9999999999999999999999) %}{% endfor %}",
    "loops in loops": "{% for a in range(1000) %}" * 6 + "{% endfor %}" * 6,
    "output": "{% for a in range(999) %}{% for b in range(999) %}" + "x" * 100 + "{% endfor %}{% endfor %}",
    "text times a number": "{{ 'x' * 9999999999 }}",
    "a list times a number": "{% for x in (1, 2) * 999999999 %}{% endfor %}",
    "a power": "{{ 9**9**9 }}",
    "numbers that grow": "{% set a = 999999999999 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "a width": "{{ '%9999999999d' % 1 }}",
    "text doubled": "{% set a = 'xx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "text added": "{% set a = 'xx' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "a block doubled": "{% set a %}xx{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
    "lists in lists": "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 60 + "{{ a }}",
    "joins": "{% set a = 'xxxxxxxx' %}" + "{% set a = a|join('xxxxxxx') %}" * 60 + "{{ a }}",
    "centred": "{{ 'x'|center(9999999999) }}",
    "indented": "{{ 'x'|indent(9999999999) }}",
    "words": "{{ lipsum(n=999999) }}",
    "itself": "{% include 'execution_log.md.j2' %}",
    "itself twice, to a depth": "{% set n = (n|default(40)) - 1 %}{% if n > 0 %}"
    "{% include 'execution_log.md.j2' %}{% include 'execution_log.md.j2' %}{% endif %}",
    "long lines in a loop": "{% for a in range(1000) %}" + "{{ a }}{{ a + 1 }}" * 4000 + "{% endfor %}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_template_that_asks_for_too_much_ends_soon_with_an_error(tmp_path, text):
    begun = time.process_time()
    assert refused(tmp_path, text).startswith("line 1: ")
    assert time.process_time() - begun < 20  # seconds of work on a slow machine; most take none


def test_the_bound_of_a_loop_is_told_as_such(tmp_path):
    assert "beyond the bound of 2,000,000 steps" in refused(tmp_path, BOMBS["loops in loops"])
    assert "beyond the bound of 16 MiB" in refused(tmp_path, BOMBS["output"])
    assert "includes itself" in refused(tmp_path, BOMBS["itself"])


def test_a_bound_is_of_one_rendering_and_not_of_many(tmp_path):
    write(tmp_path, "{% for a in range(1000) %}{% for b in range(300) %}{% endfor %}{% endfor %}")
    for _ in range(4):
        assert execution_log(VIEW, tmp_path) == ""


@pytest.mark.parametrize("numbers", [(5,), (2, 5), (1, 9, 3)])
def test_small_ranges_are_as_in_python(numbers):
    assert list(bounds.small_range(*numbers)) == list(range(*numbers))


def test_what_a_template_may_use_works(tmp_path):
    write(
        tmp_path,
        "{% set n = 2 * 3 + 1 - 10 // 5 % 4 %}{{ n }} {{ rows|length }}{{ rows|count }} {{ rows|first }}{{ rows|last }} "
        "{{ rows|join }} {{ rows|reverse|join('') }} {{ gone|default('d') }} {{ ' A '|trim|lower }} "
        "{% for key, value in names.items() %}{{ loop.index }}{{ key }}={{ value }}{% if not loop.last %};{% endif %}"
        "{% endfor %} {{ names.k }} {{ 'y' if 'k' in names else 'n' }} {{ rows[1:]|first }}"
        "{% with a = 1 %}{% if a is odd and 2 in (1, 2) %}!{% endif %}{% endwith %}",
    )
    made = render(LOG, tmp_path, rows=("a", "b"), names={"k": "v"})
    assert made == "5 22 ab a, b ba d a 1k=v v y b!"


@pytest.mark.parametrize(
    "text", ["{{ 3|join }}", "{{ 'ab'|join }}", "{{ 3|length }}", "{{ 3|lower }}", "{{ ()|first }}"]
)
def test_a_filter_of_another_kind_of_value_is_an_error(tmp_path, text):
    refused(tmp_path, text)


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path):
    outside = write(tmp_path / "outside", "SECRET", "secret.md")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / LOG).symlink_to(outside)
    with pytest.raises(InputError, match="leads out of the folder") as caught:
        execution_log(VIEW, folder)
    assert "SECRET" not in caught.value.message
    (folder / LOG).unlink()
    (folder / "execution_log").symlink_to(outside.parent)
    with pytest.raises(InputError, match="leads out of the folder"):
        own.own_source(folder, "execution_log/secret.md")


def test_a_link_inside_the_folder_is_followed_and_a_dangling_one_is_an_error(tmp_path):
    write(tmp_path, "inside", "shared.md.j2")
    (tmp_path / LOG).symlink_to("shared.md.j2")
    assert execution_log(VIEW, tmp_path) == "inside"
    (tmp_path / "shared.md.j2").unlink()
    with pytest.raises(InputError, match="leads nowhere"):
        execution_log(VIEW, tmp_path)


@pytest.mark.parametrize(
    "name", ["../a", "a/../b", "/a", "a//b", "", "a/", ".a", "a/.b", "a\\b", "a:b", "a\0b", "a\n", "é"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="is not one of a file inside"):
        own.own_source(tmp_path, name)


@given(st.text(max_size=30))
def test_no_name_leads_out_of_the_folder(name):
    folder = Path("/nonexistent/templates")
    try:
        assert own.own_source(folder, name) is None
    except InputError:
        return
    assert (folder / name).is_relative_to(folder)
    assert ".." not in (folder / name).parts


def test_a_file_that_is_too_large_no_text_or_no_file_is_refused(tmp_path):
    path = write(tmp_path, "x" * (own.MAX_BYTES + 1))
    with pytest.raises(InputError, match="more than 256 KiB"):
        execution_log(VIEW, tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        execution_log(VIEW, tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="no ordinary file"):
        execution_log(VIEW, tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="can't be read: Is a directory"):
        execution_log(VIEW, tmp_path)


def test_a_folder_that_is_missing_or_full_of_other_things_is_an_error(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        execution_log(VIEW, tmp_path / "nowhere")
    for number in range(own.MAX_FILES + 1):
        (tmp_path / f"{number}").touch()
    with pytest.raises(InputError, match="holds more than 1,000 files"):
        own.own_names(tmp_path)


def test_every_template_names_its_variables(tmp_path):
    found = {each.name: each for each in templates_found(None)}
    assert set(found) == set(template_names())
    names = {name: {each.name for each in one.variables} for name, one in found.items()}
    assert {"log.status", "log.days[].events.details[]", "log.checklist[…].ticked"} <= names[LOG]
    assert {"ticket.title", "ticket.queries[]"} <= names["ticket.md.j2"]
    assert {"log.status", "day.title"} <= names[DAY]
    assert {name.split(".")[0] for each in names.values() for name in each} == set(VIEWS)


def test_every_field_that_a_shipped_template_reads_is_among_its_variables():
    """Those that are read of a name the template is given: `log.status`, `day.title`."""
    for each in templates_found(None):
        text, _, _ = environment().loader.get_source(environment(), each.name)  # type: ignore[union-attr]
        tree = environment().parse(text)
        read = {
            f"{node.node.name}.{node.attr}"
            for node in tree.find_all(nodes.Getattr)
            if isinstance(node.node, nodes.Name) and node.node.name in VIEWS
        }
        assert read
        listed = {variable.name for variable in each.variables}
        # `ticket` inside the log is its loop's own name
        mine = {name for name in read if not (name.startswith("ticket.") and each.name == LOG)}
        assert all(any(one.startswith(name) for one in listed) for name in mine), each.name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ log.status }}", None),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", None),
        ("\n{{ lgo }}", "line 2: 'lgo' is undefined"),
        ("\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"),
        ("\n{% macro a() %}{% endmacro %}", "line 2: templates have no 'macro' here"),
        ("x" * (own.MAX_BYTES + 1), "more than 256 KiB"),
    ],
)
def test_what_can_be_seen_to_be_wrong_without_rendering_is_listed(tmp_path, text, problem):
    path = write(tmp_path, text)
    write(tmp_path, "{{ day.title }}", "mine/part.md.j2")
    found = {each.name: each for each in templates_found(tmp_path)}
    assert (found[LOG].origin, found[LOG].path) == ("overridden", path)
    assert found[LOG].problem is problem is None or problem in found[LOG].problem
    assert found["mine/part.md.j2"].origin == "included"
    assert found["mine/part.md.j2"].problem is None
    assert found[DAY].origin == "shipped"
