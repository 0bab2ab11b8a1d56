{% macro hello(name) %}
  {% do run_query("select record('hello " ~ name ~ "')") %}
{% endmacro %}
